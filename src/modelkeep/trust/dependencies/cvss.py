"""The base score of a CVSS 3 vector.

Source: FIRST, "Common Vulnerability Scoring System v3.1", sections 7.1 and 7.4, appendix A.
"""

from __future__ import annotations

import math
from typing import Final

from modelkeep.core import Severity

_WEIGHTS: Final = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES: Final = {
    "U": {"N": 0.85, "L": 0.62, "H": 0.27},
    "C": {"N": 0.85, "L": 0.68, "H": 0.5},
}
_BANDS: Final = (
    (9.0, Severity.CRITICAL),
    (7.0, Severity.HIGH),
    (4.0, Severity.MEDIUM),
    (0.1, Severity.LOW),
)


def base_score(vector: str) -> float | None:
    """The base score in 0..10, or ``None`` if this is no whole CVSS 3 vector."""
    if not vector.startswith("CVSS:3."):
        return None
    given = dict(part.partition(":")[::2] for part in vector.split("/"))
    try:
        weight = {key: table[given[key]] for key, table in _WEIGHTS.items()}
        changed = given["S"] == "C"
        privileges = _PRIVILEGES[given["S"]][given["PR"]]
    except KeyError:
        return None
    unhurt = (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 6.42 * (1 - unhurt)
    if changed:
        impact = 7.52 * (1 - unhurt - 0.029) - 3.25 * (1 - unhurt - 0.02) ** 15
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    return _round_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10.0))


def _round_up(score: float) -> float:
    """To the next tenth, in whole numbers, as appendix A asks for."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (math.floor(whole / 10_000) + 1) / 10


def severity_of(score: float) -> Severity:
    """The band of a score."""
    return next((band for least, band in _BANDS if score >= least), Severity.INFO)
