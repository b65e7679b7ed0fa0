"""A ComfyUI workflow uses nodes that run code.

A workflow is shared as JSON and run with one click. Some custom nodes evaluate what is typed
into them as Python or hand it to a shell, so the workflow itself is a program. Other nodes
that are not ComfyUI's own need code of others, which is worth knowing and no more.

Before: a node ``ACE_ExpressionEval`` with the value ``os.system('...')``.
After: the same workflow with a node that only computes numbers.

Sources: CVE-2024-21576, CVE-2024-21577 (nodes that evaluate their input); CWE-94.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="HUB004",
    name="workflow-runs-code",
    summary="The workflow evaluates text as code or hands it to a shell.",
    remedy="Remove the node, or read its text and the node's source before running it.",
    topic="artifact.malicious_code",
    tags=("CWE-94", "CWE-95"),
)
_RUNS: Final = re.compile(
    r"python|\bexec|subprocess|\bshell\b|shellcommand|runshell|\bbash\b|terminal|run ?command"
    r"|command ?line|expressioneval|eval ?(?:code|script|expression)|javascript ?(?:code|eval)"
    r"|^(?:BuildColorRangeHSVAdvanced|FilterContour|FindContour|FindContours)$",
    re.IGNORECASE,
)
_CODE: Final = re.compile(
    r"__import__|\b(?:eval|exec|compile|system|popen|getattr)\s*\(|\bimport\s"
)
_REACHES: Final = frozenset(
    "__import__ eval exec compile system popen Popen check_output run call getattr".split()
)
_LONGEST: Final = 1 << 16
_OWN: Final = frozenset(
    """
    BasicGuider BasicScheduler CFGGuider CLIPLoader CLIPMergeSimple CLIPSetLastLayer
    CLIPTextEncode CLIPTextEncodeFlux CLIPTextEncodeSDXL CLIPTextEncodeSDXLRefiner
    CLIPVisionEncode CLIPVisionLoader CheckpointLoader CheckpointLoaderSimple CheckpointSave
    ConditioningAverage ConditioningCombine ConditioningConcat ConditioningSetArea
    ConditioningSetMask ConditioningZeroOut ControlNetApply ControlNetApplyAdvanced
    ControlNetLoader DiffControlNetLoader DualCLIPLoader EmptyImage EmptyLatentImage
    EmptySD3LatentImage FluxGuidance GLIGENLoader HypernetworkLoader ImageBatch ImageBlend
    ImageBlur ImageCrop ImageInvert ImageOnlyCheckpointLoader ImagePadForOutpaint
    ImageQuantize ImageScale ImageScaleBy ImageScaleToTotalPixels ImageSharpen
    ImageUpscaleWithModel InpaintModelConditioning InvertMask KSampler KSamplerAdvanced
    KSamplerSelect LatentBlend LatentComposite LatentCrop LatentFlip LatentFromBatch
    LatentRotate LatentUpscale LatentUpscaleBy LoadImage LoadImageMask LoadLatent LoraLoader
    LoraLoaderModelOnly MarkdownNote MaskToImage ModelMergeBlocks ModelMergeSimple
    ModelSamplingDiscrete ModelSamplingFlux ModelSamplingSD3 Note PreviewImage PrimitiveNode
    RandomNoise RepeatLatentBatch Reroute SamplerCustom SamplerCustomAdvanced
    SaveAnimatedPNG SaveAnimatedWEBP SaveImage SaveLatent SetLatentNoiseMask StyleModelApply
    StyleModelLoader TripleCLIPLoader UNETLoader UpscaleModelLoader VAEDecode VAEDecodeTiled
    VAEEncode VAEEncodeForInpaint VAEEncodeTiled VAELoader unCLIPCheckpointLoader
    unCLIPConditioning
    """.split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per node that runs code, and one for all that are others' code."""
    others: set[str] = set()
    for name, node in _nodes(context.document):
        code = next((text for text in _inputs(node) if _is_code(text)), None)
        if _RUNS.search(name) or code is not None:
            shown = f" {code[:60]!r}" if code else ""
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"node {name!r} runs code{shown}",
                evidence={"node": name, "code": (code or "")[:200]},
            )
        elif name not in _OWN:
            others.add(name)
    if others:
        names = ", ".join(sorted(others)[:20])
        message = f"the workflow needs custom nodes: {names}"
        yield context.finding(RULE, Severity.INFO, message, evidence={"nodes": names})


def _nodes(document: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Nodes of a workflow as the editor saves it or as the server takes it."""
    if not isinstance(document, Tree):
        return
    for _, mapping in document.mappings():
        name = mapping.get("class_type")
        if isinstance(name, str) and isinstance(mapping.get("inputs"), dict):
            yield name, mapping
        kind = mapping.get("type")
        if isinstance(kind, str) and "widgets_values" in mapping and "id" in mapping:
            yield kind, mapping


def _inputs(node: Mapping[str, object]) -> Iterator[str]:
    waiting: list[object] = [node.get("inputs"), node.get("widgets_values")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _is_code(text: str) -> bool:
    """Whether a whole text is Python that calls what reaches the system."""
    if len(text) > _LONGEST or not _CODE.search(text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        getattr(call.func, "id", getattr(call.func, "attr", "")) in _REACHES
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
    )


DETECTOR: Final = Detector(RULE, frozenset({"json"}), run)
