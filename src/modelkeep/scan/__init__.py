"""Static rules over model files: nothing is loaded, imported or run.

A rule is one file here with its test beside it in ``tests/scan``; third parties
add theirs under the entry point group ``modelkeep.rules``.
"""

from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.scan import (
    archive_bomb,
    archive_escape,
    archive_links,
    config_target,
    hdf5_outside,
    keras_custom_object,
    keras_import,
    keras_lambda,
    keras_outside,
    npy_objects,
    onnx_external,
    onnx_operator,
    pickle_attribute,
    pickle_build,
    pickle_call_result,
    pickle_hidden_import,
    pickle_import,
    pickle_needs_code,
    pickle_state_code,
    pickle_state_key,
    pickle_trailing,
    r_promise,
    safetensors_map,
    structure_lies,
    weight_anomaly,
    weight_payload,
    xml_code,
    xml_entity,
    yaml_tag,
    zip_views,
)
from modelkeep.scan.engine import scan_artifact
from modelkeep.scan.interface import Context, Detector, FileResult, ScanResult

BUILT_IN: Final = (
    pickle_import.DETECTOR,
    pickle_hidden_import.DETECTOR,
    pickle_build.DETECTOR,
    pickle_trailing.DETECTOR,
    pickle_call_result.DETECTOR,
    pickle_needs_code.DETECTOR,
    pickle_state_key.DETECTOR,
    pickle_state_code.DETECTOR,
    pickle_attribute.DETECTOR,
    zip_views.DETECTOR,
    archive_escape.DETECTOR,
    archive_links.DETECTOR,
    archive_bomb.DETECTOR,
    safetensors_map.DETECTOR,
    npy_objects.DETECTOR,
    onnx_external.DETECTOR,
    onnx_operator.DETECTOR,
    r_promise.DETECTOR,
    weight_anomaly.DETECTOR,
    weight_payload.DETECTOR,
    keras_lambda.DETECTOR,
    keras_import.DETECTOR,
    keras_outside.DETECTOR,
    keras_custom_object.DETECTOR,
    config_target.DETECTOR,
    yaml_tag.DETECTOR,
    hdf5_outside.DETECTOR,
    xml_entity.DETECTOR,
    xml_code.DETECTOR,
    structure_lies.DETECTOR,
)


def detectors() -> tuple[Detector, ...]:
    """The built-in rules and those of installed plug-ins.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses an id.
    """
    return with_plugins(
        BUILT_IN, "modelkeep.rules", Detector, lambda detector: detector.rule.id
    )


__all__ = [
    "BUILT_IN",
    "Context",
    "Detector",
    "FileResult",
    "ScanResult",
    "detectors",
    "scan_artifact",
]
