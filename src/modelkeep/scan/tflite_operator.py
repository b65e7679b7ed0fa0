"""A TensorFlow Lite model needs operators that its runtime does not have.

Built-in operators compute. A custom one is native code that the application must
link in or load, and the model decides what it is given. Those of TensorFlow itself
(``Flex...``) are judged by what they reach, see the rule on TensorFlow operators.

Before: a model with the operator ``MyDecoder``, to be loaded from ``libmydecoder.so``.
After: the model converted to built-in operators.

Sources: TensorFlow Lite guide, "Custom operators"; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.tflite import TfliteModel
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="TFL001",
    name="tflite-custom-operator",
    summary="The model needs operators from outside TensorFlow Lite, which are native code.",
    remedy="Convert the model to built-in operators, or review the library that brings them.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)
# Registered by the runtime itself, by MediaPipe or by the Task Library.
_KNOWN: Final = frozenset(
    """
    AudioSpectrogram Convolution2DTransposeBias ExtractFeatures Landmarks2TransformMatrix
    MaxPoolingWithArgmax2D MaxUnpooling2D Mfcc NGrams Normalize NumericVerify Predict Resampler
    RoIToTransformMatrix TFLite_Detection_PostProcess TransformLandmarks
    TransformTensorBilinear edgetpu-custom-op odml.scaled_dot_product_attention
    """.split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per operator."""
    if not isinstance(context.document, TfliteModel):
        return
    for name, offset in context.document.custom:
        if name.startswith("Flex") or name in _KNOWN:
            continue
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            f"operator {name[:200]!r} needs a native library of its own",
            offset=offset,
            confidence=Confidence.MEDIUM,
            evidence={"operator": name[:200]},
        )


DETECTOR: Final = Detector(RULE, frozenset({"tflite"}), run)
