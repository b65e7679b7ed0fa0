"""Where the configuration of a hub repository names code, and where that code lies.

Sources: ``auto_map`` and ``custom_pipelines`` of transformers, ``model_index.json`` of
diffusers, ``modules.json`` of sentence-transformers, ``adapter_config.json`` of peft.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context

_REFERENCE: Final = re.compile(r"(?:(?P<repo>\S+?)--)?(?P<module>\S+)\.(?P<name>[A-Za-z_]\w*)")
_KNOWN: Final = frozenset(
    """
    diffusers transformers optimum onnxruntime sentence_transformers pylate model2vec peft torch
    torchvision torchaudio timm open_clip accelerate flax jax numpy setfit sklearn tokenizers
    adapters span_marker gliclass k_diffusion controlnet_aux compel parler_tts trl
    """.split()
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A name of code in a configuration.

    Attributes:
        key: where it stands.
        text: as it is written.
        installed: whether the loader imports it as a package, not as a file of the model.
    """

    key: str
    text: str
    installed: bool = False


def references(document: object) -> Iterator[Reference]:
    """Every name of code in a document."""
    if not isinstance(document, Tree):
        return
    for _, mapping in document.mappings():
        for key, read in _KEYS.items():
            if key in mapping:
                yield from read(key, mapping[key])
        yield from _adapter(mapping)
        yield from _module(mapping)
        if "_diffusers_version" in mapping or "_class_name" in mapping:
            yield from _components(mapping)


def _texts(key: str, value: object) -> Iterator[Reference]:
    """Names in a text, or in a list or map of them."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield Reference(key, item)
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _pipelines(key: str, value: object) -> Iterator[Reference]:
    """Pipelines of transformers: only ``impl`` names code of the model."""
    if isinstance(value, dict):
        for entry in value.values():
            if isinstance(entry, dict) and isinstance(entry.get("impl"), str):
                yield Reference(key, entry["impl"])


def _class(key: str, value: object) -> Iterator[Reference]:
    """A class that is named without its module is the library's own."""
    yield from (each for each in _texts(key, value) if "." in each.text or "--" in each.text)


def _place(key: str, value: object) -> Iterator[Reference]:
    """A repository or file as a whole."""
    if isinstance(value, str):
        place = value.removesuffix(".py")
        yield Reference(
            key, f"{place}--pipeline.Pipeline" if "/" in value else f"{place}.Pipeline"
        )


def _kernel(key: str, value: object) -> Iterator[Reference]:
    """Native code from a hub; the library's own collection is named ``kernels-community``."""
    if isinstance(value, str) and "/" in value and not value.startswith("kernels-community/"):
        yield Reference(key, f"{value}--kernel.load")


def _megatron(key: str, value: object) -> Iterator[Reference]:
    if isinstance(value, str) and not value.startswith("megatron."):
        yield Reference(key, f"{value}.core", installed=True)


_KEYS: Final = {
    "auto_map": _texts,
    "custom_pipelines": _pipelines,
    "tokenizer_class": _class,
    "processor_class": _class,
    "image_processor_type": _class,
    "feature_extractor_type": _class,
    "custom_pipeline": _place,
    "custom_generate": _place,
    "attn_implementation": _kernel,
    "_attn_implementation": _kernel,
    "megatron_core": _megatron,
}


def _adapter(mapping: Mapping[str, object]) -> Iterator[Reference]:
    """The model class that an adapter was made for, by library and name."""
    found = mapping.get("auto_mapping")
    if isinstance(found, dict):
        library, name = found.get("parent_library"), found.get("base_model_class")
        if isinstance(library, str):
            yield Reference("auto_mapping", f"{library}.{name}", installed=True)


def _module(mapping: Mapping[str, object]) -> Iterator[Reference]:
    """One step of a sentence-transformers model."""
    kind = mapping.get("type")
    if isinstance(kind, str) and "." in kind and {"idx", "path"} <= mapping.keys():
        yield Reference("type", kind)
    kinds = mapping.get("types")
    if isinstance(kinds, dict) and "structure" in mapping:
        yield from _class("types", list(kinds.values()))


def _components(mapping: Mapping[str, object]) -> Iterator[Reference]:
    """Parts of a diffusers pipeline: ``[library, class]``, the library may be a local file."""
    kind = mapping.get("_class_name")
    is_part = isinstance(kind, str) and "Pipeline" not in kind
    for key, value in mapping.items():
        match value:
            case [str(library), str(name)]:
                pass
            case _:
                continue
        if is_part and standing(f"{library}.{name}", "reduce") is not Standing.DANGEROUS:
            continue  # a pair of block types or activations, not a library and its class
        local = key == "_class_name" or "/" in library
        yield Reference(key, f"{library}.{name}", installed=not local)


def is_known(reference: Reference) -> bool:
    """Whether a name belongs to a library that loads such models."""
    top = reference.text.partition(".")[0]
    # Submodules of ``diffusers.pipelines`` are named without their package.
    return "--" not in reference.text and top in _KNOWN


def locate(context: Context, reference: Reference) -> str:
    """Where the code lies: ``remote``, ``outside``, ``here``, ``missing`` or ``archive``."""
    match = _REFERENCE.fullmatch(reference.text.strip())
    if "://" in reference.text or (match is not None and match["repo"]):
        return "remote"
    if match is None:
        return "unclear"
    module = match["module"]
    if module.startswith(("/", ".", "~")) or "\\" in module or "../" in module or ":" in module:
        return "outside"
    if context.location.member is not None:
        return "archive"
    folder = posixpath.dirname(context.location.path)
    stem = module if "/" in module else module.replace(".", "/")
    places = [stem, f"{reference.key}/{stem}"]
    for place in places:
        path = posixpath.normpath(posixpath.join(folder, place))
        if f"{path}.py" in context.root or f"{path}/__init__.py" in context.root:
            return "here"
    return "missing"
