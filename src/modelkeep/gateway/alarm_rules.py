"""What the runtime can notice, each with its remedy."""

from __future__ import annotations

from typing import Final

from modelkeep.core import Rule

MODEL_STOPPED: Final = Rule(
    "GWY001",
    "model-stopped",
    "The gate no longer allows this model to be served.",
    "modelkeep gate MODEL --action serve",
    "gov.no_incident_plan",
)
EVIDENCE_AGEING: Final = Rule(
    "GWY002",
    "evidence-ageing",
    "Most of the life of the evidence this model is served on is over.",
    "modelkeep check MODEL --data TRAIN --test TEST",
    "runtime.drift",
)
