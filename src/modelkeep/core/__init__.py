"""The words every room speaks: findings, measurements, subjects, verdicts, errors.

Standard library and msgspec only.
"""

from modelkeep.core.decision import Decision, Missing
from modelkeep.core.errors import (
    EvidenceError,
    InputError,
    LimitExceededError,
    MalformedArtifactError,
    MissingExtraError,
    ModelkeepError,
    UsageError,
)
from modelkeep.core.finding import Confidence, Finding, Location, Rule, Severity
from modelkeep.core.measurement import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.core.subject import Digest, Subject
from modelkeep.core.verdict import Verdict, fold

__all__ = [
    "Confidence",
    "Decision",
    "Digest",
    "EvidenceError",
    "Finding",
    "InputError",
    "LimitExceededError",
    "Location",
    "MalformedArtifactError",
    "Measurement",
    "Missing",
    "MissingExtraError",
    "ModelkeepError",
    "NotChecked",
    "Risk",
    "Rule",
    "Severity",
    "Subject",
    "ThreatModel",
    "UsageError",
    "Verdict",
    "fold",
]
