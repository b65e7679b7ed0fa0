"""Files hidden inside values: whether a value of a model is a pickle, an archive or a program.

Weights, free text, attributes and comments are values, and loaders take them as such;
whoever wants to smuggle a file puts it there, as it is or spelled as text. A value is handed
out when what it stands for is whole enough to be run or unpacked; prose, numbers and keys
are left alone. A pickle counts as one if an unpickler would get as far as a name to import,
or to its end.

Sources: the marks are those of the formats.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Final

from modelkeep.formats import marshal_data, pickle_stream
from modelkeep.formats.interface import MemorySource, Part, Source, cut, part
from modelkeep.formats.jinja_text import template_parts
from modelkeep.formats.spelled_bytes import LONGEST, spelled
from modelkeep.formats.tree import Path, Tree

_MARKS: Final = (
    *(b"PK\x03\x04", b"\x7fELF\x01", b"\x7fELF\x02", b"\x1f\x8b\x08", b"\xfd7zXZ\0"),
    *(b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x89HDF", b"GGUF"),
    *(b"\x93NUMPY", b"#!/"),
)
"""How archives, programs, arrays and scripts begin."""
_BZIP2: Final = re.compile(rb"BZh[1-9]1AY&SY")
_PICKLES: Final = tuple(bytes((0x80, protocol)) for protocol in range(6))
_SOUGHT: Final = (*_MARKS, *_PICKLES, b"BZh", b"MZ", b"c", b"(", b"\xe3")
"""How whatever is looked for behind a spelling can begin."""
_DOCUMENTS: Final = (b"{", b"[", b"---\n", b"<?xml", b"!!", b"#!")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")
_SHORTEST: Final = 12
_SHORTEST_VALUE: Final = 6
_UNMARKED: Final = 1 << 16
_MOST_MARKS: Final = 64
_TEXT_PICKLE: Final = re.compile(r"(?:\(?c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\(?[dl]p0?\n)")
_LONGEST_CODE: Final = 1 << 16
_CALL: Final = re.compile(r"\b(?:import|exec|eval|compile|getattr|__import__|open)\b|\w\(")
_CONFIGURATION: Final = re.compile(
    r'\s*[\[{].*"(?:class_name|_target_|:type:|lc|chat_template)"', re.DOTALL
)
_IMPORTS: Final = re.compile(r"^\s*(?:import|from)\s+\w|__import__|\bexec\s*\(", re.MULTILINE)


def is_stream(body: Source) -> bool:
    """Whether bytes are a pickle, archive, program or array by themselves."""
    if body.size < _SHORTEST:
        return False
    head = body.read(0, 64)
    if head.startswith(_MARKS) or _BZIP2.match(head):
        return True
    if head[:2] == b"MZ" and len(head) == 64:
        return body.read(int.from_bytes(head[60:64], "little"), 4) == b"PE\0\0"
    if head[:1] == b"\xe3" and body.size <= _UNMARKED:
        return marshal_data.looks_like(body)
    marked = head.startswith(_PICKLES)
    return (marked or body.size <= _UNMARKED) and pickle_stream.gets_somewhere(body)


def document_in(value: bytes) -> bytes | None:
    """What a reader should be given of a stored value, ``None`` for plain text and numbers.

    Args:
        value: as stored, with the padding of a text of fixed length.
    """
    value = _without_padding(value)
    if len(value) < _SHORTEST_VALUE:
        return None
    if value.lstrip()[:8].startswith((*_DOCUMENTS, *_WIDE, b"\xef\xbb\xbf")) or is_stream(
        MemorySource(value)
    ):
        return value
    text = value[:LONGEST].rstrip(b"\0").decode("utf-8", "replace")
    return next((raw for raw in spelled(text, _SOUGHT) if is_stream(MemorySource(raw))), None)


def _without_padding(value: bytes) -> bytes:
    """A text without the NULs behind it; two bytes a character stay two."""
    if value[:1] in (b"{", b"[") and value[1:2] != b"\0":
        return value.rstrip(b"\0")
    if value.startswith(_WIDE):
        value = value.rstrip(b"\0")
        return value + b"\0" * (len(value) % 2)
    return value


def parts_of_gap(raw: bytes, name: str) -> Iterator[Part]:
    """A stream in bytes that no loader looks at, wherever in them it begins.

    Args:
        raw: a comment or padding.
        name: what its parts are named after.
    """
    body = MemorySource(raw)
    if is_stream(body):
        yield part(body, name)
        return
    at = -1
    for _ in range(_MOST_MARKS):
        at = raw.find(b"\x80", at + 1)
        if at < 0:
            break
        inner = cut(body, at, len(raw) - at)
        if raw.startswith(_PICKLES, at) and is_stream(inner):
            yield part(inner, f"{name}[{at:#x}]")
            return
    yield from parts_of_text(raw.decode("latin-1"), name)


def parts_of_text(text: str, name: str) -> Iterator[Part]:
    """The stream that a text is or spells, if it is or spells one."""
    if _TEXT_PICKLE.match(text):
        yield part(MemorySource(text.encode("utf-8", "replace")), name)
        return
    for raw in spelled(text, _SOUGHT):
        inner = MemorySource(raw)
        if is_stream(inner):
            yield part(inner, name)
            return


def parts_of_map(values: Mapping[str, object], where: str) -> Iterator[Part]:
    """What the texts of free metadata stand for: streams, code and JSON too.

    Nothing but such payloads needs code or packed bytes in the header of a file that
    otherwise holds numbers.

    Args:
        values: the map; texts and lists of texts are looked at.
        where: what its parts are named after.
    """
    for key, value in values.items():
        name = f"{where}.{key}"
        if isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, str):
                    yield from parts_of_text(item, f"{name}[{place}]")
        elif isinstance(value, str) and 8 < len(value) <= LONGEST:
            yield from _free_text(value, name)


def _free_text(text: str, name: str) -> Iterator[Part]:
    found = list(parts_of_text(text, name))
    if found:
        yield from found
    elif text[0] in "{[" and _is_json(text):
        yield part(MemorySource(text.encode("utf-8", "backslashreplace")), name, "json")
    elif _is_code(text):
        yield _code(text, name)
    else:
        for raw in spelled(text):
            plain = raw.decode("utf-8", "ignore") if raw[:_LONGEST_CODE].isascii() else ""
            if _is_code(plain):
                yield _code(plain, name)


def parts_of_tree(tree: Tree) -> Iterator[Part]:
    """What texts of a document stand for: streams, configurations, templates, code."""
    is_notebook = isinstance(tree.value, dict) and "nbformat" in tree.value
    for path, value in tree.walk():
        if not isinstance(value, str):
            continue
        if ("{{" in value or "{%" in value) and not is_notebook:
            yield from template_parts({dotted(path): value})
        if len(value) < _SHORTEST:
            continue
        if path and path[-1] == "download" and _IMPORTS.search(value):
            # YOLO runs this text of a data set's description as Python.
            yield part(MemorySource(value.encode("utf-8", "surrogatepass")), "download.py")
        elif _CONFIGURATION.match(value):
            yield part(MemorySource(value.encode("utf-8", "surrogatepass")), dotted(path))
        elif path and path[-1] == ":serialized:":  # a pickle that its library loads
            yield from (part(MemorySource(raw), dotted(path)) for raw in spelled(value))
        else:
            yield from parts_of_text(value, dotted(path))


def dotted(path: Path) -> str:
    """A path as people write it: ``layers.0.config``."""
    return ".".join(str(step) for step in path)


def _code(text: str, name: str) -> Part:
    """A text that Python would run, named as such so that it is read as code."""
    return part(MemorySource(text.encode("utf-8", "backslashreplace")), f"{name}.py")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_code(text: str) -> bool:
    """Whether a whole text is Python that imports or calls; prose never parses."""
    if len(text) > _LONGEST_CODE or not _CALL.search(text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(n, ast.Call | ast.Import | ast.ImportFrom) for n in ast.walk(tree))
