"""Is one group of people attacked more easily than another?

A model that serves all groups alike may protect them unlike: adversarial training often
buys robustness where there are many rows. The evasion attacks leave what became of every
row; here the share of rightly answered rows that they broke is counted by group.

Sources: Nanda et al., FAccT 2021 (robustness bias); Xu et al., ICML 2021 (adversarial
training and fairness).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.assess import fairness
from modelkeep.assess.fairness import LEAST, Rate, gap, groups_of, share
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, by_name
from modelkeep.assess.robust_accuracy import ROWS, RowResults
from modelkeep.core import Measurement, NotChecked, Risk

_NAME: Final = "attack_success"
_NOTICE: Final = 0.05  # a gap whose lower end lies below this is not listed as a risk
_TWO: Final = 2


def applies(context: Context) -> str | None:
    """It needs groups, and the results of evasion in the same run."""
    reason = fairness.applies(context)
    if reason is not None:
        return reason
    if not isinstance(context.handed.get(ROWS), RowResults):
        return "no evasion attack left results in this run (it comes first)"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Attack success of every group that is large enough, and the largest gap."""
    found = context.handed[ROWS]
    if not isinstance(found, RowResults):
        raise TypeError("no results of evasion were handed over")
    rate = Rate(_NAME, ~found.standing, found.right)
    large = []
    for group in groups_of(found.data, context.group):
        right = int(found.right[group.rows].sum())
        if right >= LEAST:
            large.append(group)
            yield share(rate, group)
        else:
            yield NotChecked(f"{_NAME} of {group.name}", f"only {right} rows answered rightly")
    if len(large) >= _TWO:
        yield gap(rate, large, seed=context.seed)
    else:
        yield NotChecked(f"{_NAME} by group", f"fewer than two groups of {LEAST} such rows")


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares attack success between groups."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """A gap that is there for sure."""
    found = by_name(measurements, f"{_NAME}_gap")
    if found is not None and found.low > _NOTICE:
        yield Risk(
            "one group is attacked more easily",
            found,
            found.value,
            "train on perturbed rows, more of that group: modelkeep harden --for evasion",
        )


ATTACK: Final = Attack(
    "FAI002", "fairness-evasion", "trust.bias", "fairness", applies, run, facts, risks
)
