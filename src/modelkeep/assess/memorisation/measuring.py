"""Memorisation as measurements: exposure, extraction rate, and who was trained on.

An exposure is that of canaries repeated a stated number of times. Membership of texts is told
from the loss alone and against one reference model that saw none of the texts: loss alone
hides the risk, for some texts are easy for every model.

Sources: Carlini et al., USENIX Security 2019 (exposure) and 2021 (reference models of texts);
NISTAML.033.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.interface import Outcome
from modelkeep.assess.memorisation.completion import complete
from modelkeep.assess.memorisation.exposure import CHANCE_BITS, chance_of, exposures, ranks
from modelkeep.assess.memorisation.form import Form
from modelkeep.assess.memorisation.scoring import LogLikelihood, score_texts
from modelkeep.assess.shadows.rates import threshold_at
from modelkeep.core import InputError, Measurement, NotChecked, ThreatModel
from modelkeep.models.intervals import auc_interval, clopper_pearson

_DRAWS: Final = 2000
_LEAST: Final = 20  # texts of a group below which nothing can be said
_RATE: Final = 0.01
_ASKS: Final = "asks for the log-likelihood of any text"


@dataclass(frozen=True, slots=True)
class Planted:
    """Secrets put among the training texts.

    Attributes:
        form: of the canaries.
        secrets: each planted equally often.
        repeats: how often; 0 for secrets that were drawn and left out, as a control.
    """

    form: Form
    secrets: tuple[str, ...]
    repeats: int


def measure_memorisation(
    model: LogLikelihood,
    planted: Sequence[Planted],
    *,
    seed: int = 0,
    progress: Callable[[float, str], None] = lambda _share, _what: None,
) -> Iterator[Outcome]:
    """Exposure in bits and extraction rate of each group of canaries.

    One completion is taken for each form, so a form can give up one secret at most: give
    every canary whose extraction matters a form of its own.

    Args:
        model: the log-likelihood of texts.
        planted: groups of canaries.
        seed: of the interval's draws.
        progress: told the share that is done.

    Raises:
        InputError: a secret is not of its form, or the model answers no log-likelihoods.
    """
    every = {
        form: tuple(s for group in planted if group.form == form for s in group.secrets)
        for form in dict.fromkeys(group.form for group in planted)
    }
    ranked: dict[Form, tuple[dict[str, int], int]] = {}
    given: dict[Form, str] = {}
    for number, (form, secrets) in enumerate(every.items()):
        progress(number / len(every), f"memorisation: {form.size} secrets")
        found, among = ranks(model, form, secrets)
        ranked[form] = dict(zip(secrets, found.tolist(), strict=True)), among
        given[form] = complete(model, form)
    for repeats in sorted({group.repeats for group in planted}):
        groups = [group for group in planted if group.repeats == repeats]
        yield _exposed(groups, ranked, seed)
        yield _extracted(groups, given, seed)


def _exposed(
    groups: list[Planted], ranked: dict[Form, tuple[dict[str, int], int]], seed: int
) -> Measurement:
    found, among = np.array(
        [(ranked[g.form][0][s], ranked[g.form][1]) for g in groups for s in g.secrets]
    ).T
    bits = exposures(found, among)
    drawn = np.random.default_rng(seed).choice(bits, (_DRAWS, len(bits))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    most = float(np.log2(among).mean())
    return Measurement(
        f"canary_exposure_{groups[0].repeats}_repeats",
        float(bits.mean()),
        min(float(low), float(bits.mean())),
        max(float(high), float(bits.mean())),
        "bits",
        len(bits),
        attacker=ThreatModel("memorisation", "black box", _ASKS),
        budget={"queries": sum(form.size for form in {g.form for g in groups})},
        seed=seed,
        method=(
            f"exact ranks by enumeration, {bits.min():.2f} to {bits.max():.2f} bits; "
            "bootstrap interval of the mean"
        ),
        note=(
            f"at most {most:.2f} bits; {CHANCE_BITS:.2f} if never seen, and so much by luck "
            f"with a chance of {chance_of(found, among):.2g}"
        ),
    )


def _extracted(groups: list[Planted], given: dict[Form, str], seed: int) -> Measurement:
    forms = {group.form for group in groups}
    hits = len({group.form for group in groups if given[group.form] in group.secrets})
    return Measurement(
        f"canary_extraction_{groups[0].repeats}_repeats",
        hits / len(forms),
        *clopper_pearson(hits, len(forms)),
        "fraction",
        len(forms),
        attacker=ThreatModel(
            "memorisation", "black box", "completes what stands before the secret"
        ),
        budget={"queries": sum(len(form.alphabet) * form.length for form in forms)},
        seed=seed,
        method="forms whose likeliest completion is a planted secret; Clopper-Pearson interval",
    )


def measure_text_membership(
    model: LogLikelihood,
    members: Sequence[str],
    others: Sequence[str],
    *,
    reference: LogLikelihood | None = None,
    seed: int = 0,
) -> Iterator[Outcome]:
    """AUC of the loss, and AUC and rate at 1 % false accusations against a reference.

    Args:
        model: the log-likelihood of texts.
        members: texts it was trained on.
        others: texts of the same kind it was not trained on.
        reference: a model of the same kind that saw none of both.
        seed: of the interval's draws.

    Raises:
        InputError: a text is on both sides or empty, or a model does not answer.
    """
    if min(len(members), len(others)) < _LEAST:
        why = f"fewer than {_LEAST} members or non-members"
        yield NotChecked("membership of texts", why)
        return
    _require_apart(members, others)
    liked = [_per_character(model, texts) for texts in (members, others)]
    yield _area("text_membership_auc_loss", liked, "log-likelihood per character", seed)
    if reference is None:
        yield NotChecked("membership of texts by a reference", "no reference model was given")
        return
    theirs = [_per_character(reference, texts) for texts in (members, others)]
    ratio = [mine - other for mine, other in zip(liked, theirs, strict=True)]
    yield _area("text_membership_auc_reference", ratio, "ratio to one reference model", seed)
    try:
        threshold = threshold_at(ratio[1], _RATE)
    except InputError as error:
        yield NotChecked("text_membership_tpr_at_1pct_fpr", error.message)
        return
    hits = int((ratio[0] > threshold).sum())
    yield Measurement(
        "text_membership_tpr_at_1pct_fpr",
        hits / len(members),
        *clopper_pearson(hits, len(members)),
        "fraction",
        len(members),
        attacker=ThreatModel("membership inference", "black box", _ASKS),
        budget={"queries_per_row": 1},
        seed=seed,
        method="ratio to one reference model; Clopper-Pearson interval",
        note=f"with {len(others)} non-members no rate below {1 / len(others):.2%} can be told",
    )


def _require_apart(members: Sequence[str], others: Sequence[str]) -> None:
    both = set(members) & set(others)
    if both:
        raise InputError(
            f"{len(both)} texts are members and non-members at once",
            "Leave them out of one side.",
        )
    if not all(members) or not all(others):
        raise InputError("a text is empty", "Leave empty texts out.")


def _per_character(model: LogLikelihood, texts: Sequence[str]) -> np.ndarray:
    lengths = np.array([len(text) for text in texts])
    return np.asarray(score_texts(model, texts) / lengths)


def _area(name: str, scores: list[np.ndarray], method: str, seed: int) -> Measurement:
    value, low, high = auc_interval(scores[0], scores[1], seed=seed)
    return Measurement(
        name,
        value,
        low,
        high,
        "auc",
        len(scores[0]) + len(scores[1]),
        attacker=ThreatModel("membership inference", "black box", _ASKS),
        budget={"queries_per_row": 1},
        seed=seed,
        method=f"{method}; bootstrap interval",
    )
