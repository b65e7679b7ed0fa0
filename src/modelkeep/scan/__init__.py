"""Static rules over model files: nothing is loaded, imported or run.

A rule is one file here with its test beside it in ``tests/scan``; third parties
add theirs under the entry point group ``modelkeep.rules``.
"""

from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.scan import (
    mlflow_model,
    mlflow_project,
    notebook_commands,
    notebook_markup,
    npy_objects,
    onnx_external,
    onnx_operator,
    package_code,
    pickle_build,
    pickle_hidden_import,
    pickle_import,
    pickle_trailing,
    python_bytecode,
    python_command,
    python_download,
    python_execute,
    python_exfiltration,
    python_hidden,
    python_native,
    python_persistence,
    python_unpickle,
    requirement_source,
    safetensors_map,
    script_commands,
    skops_type,
    startup_code,
    structure_lies,
    torchscript_operator,
    wheel_record,
    zip_escape,
    zip_views,
)
from modelkeep.scan.engine import scan_artifact
from modelkeep.scan.interface import Context, Detector, FileResult, ScanResult

BUILT_IN: Final = (
    pickle_import.DETECTOR,
    pickle_hidden_import.DETECTOR,
    pickle_build.DETECTOR,
    pickle_trailing.DETECTOR,
    zip_views.DETECTOR,
    zip_escape.DETECTOR,
    safetensors_map.DETECTOR,
    npy_objects.DETECTOR,
    onnx_external.DETECTOR,
    onnx_operator.DETECTOR,
    structure_lies.DETECTOR,
    python_command.DETECTOR,
    python_execute.DETECTOR,
    python_hidden.DETECTOR,
    python_download.DETECTOR,
    python_exfiltration.DETECTOR,
    python_persistence.DETECTOR,
    python_unpickle.DETECTOR,
    python_native.DETECTOR,
    python_bytecode.DETECTOR,
    notebook_commands.DETECTOR,
    notebook_markup.DETECTOR,
    script_commands.DETECTOR,
    mlflow_model.DETECTOR,
    mlflow_project.DETECTOR,
    package_code.DETECTOR,
    requirement_source.DETECTOR,
    skops_type.DETECTOR,
    startup_code.DETECTOR,
    torchscript_operator.DETECTOR,
    wheel_record.DETECTOR,
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
