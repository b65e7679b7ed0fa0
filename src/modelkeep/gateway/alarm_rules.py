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
EXTRACTION: Final = Rule(
    "GWY003",
    "extraction-stream",
    "A stream of queries is not like honest use: drift, or somebody copying the model.",
    "Ask who it is; then withdraw the key, or calibrate again on rows of today's use.",
    "runtime.extraction_probe",
)
PROBING: Final = Rule(
    "GWY004",
    "boundary-probing",
    "Somebody searches for the boundary between classes along lines or step by step.",
    "Ask who it is; answer labels only ([serve.models.NAME] disclose), or withdraw the key.",
    "runtime.adversarial_input",
)
