"""The words policies may use: the Cedar schema and the context, from one table.

Facts come from ``evidence.predicates``, so a policy that compares a fact no
statement can assert does not validate. Cedar has whole numbers only: a threshold
that is a fraction appears as millionths under ``NAME_ppm``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelkeep.core import UsageError
from modelkeep.evidence import TABLE, Facts
from modelkeep.policy.interface import ACTIONS, DATA_ACTIONS

PPM: Final = 1_000_000
_LARGEST: Final = 1e9  # times a million it still is a Cedar number
_CEDAR: Final = {int: "Long", bool: "Bool"}


def threshold_longs(thresholds: Mapping[str, float]) -> dict[str, int]:
    """Thresholds as Cedar compares them.

    Raises:
        UsageError: a threshold is negative.
    """
    longs = {}
    for name, value in thresholds.items():
        if not 0 <= value <= _LARGEST:
            raise UsageError(
                f"threshold {name} must lie between 0 and {_LARGEST:g}, not {value}"
            )
        whole = name.endswith(("_days", "_rows_min"))
        longs[name if whole else f"{name}_ppm"] = round(value if whole else value * PPM)
    return longs


def schema_text(thresholds: Mapping[str, float]) -> str:
    """The Cedar schema."""
    facts = {name: kind for row in TABLE for name, kind in row.facts.items()}
    lines = [f"    {name}?: {_CEDAR[kind]}," for name, kind in sorted(facts.items())]
    limits = ", ".join(f"{name}: Long" for name in sorted(threshold_longs(thresholds)))
    actions = ", ".join(f'"{action}"' for action in (*ACTIONS, *DATA_ACTIONS))
    return "\n".join(
        [
            "entity User;",
            "entity Model;",
            f"action {actions} appliesTo {{",
            "  principal: [User],",
            "  resource: [Model],",
            "  context: {",
            *lines,
            "    evidence_broken: Long,",
            "    evidence_age_days: Long,",
            f"    thresholds: {{ {limits} }},",
            "  },",
            "};",
            "",
        ]
    )


def make_context(facts: Facts, thresholds: Mapping[str, float]) -> dict[str, object]:
    """The request context of a decision."""
    return {
        **facts.values,
        "evidence_broken": len(facts.broken),
        "evidence_age_days": facts.oldest_days,
        "thresholds": threshold_longs(thresholds),
    }
