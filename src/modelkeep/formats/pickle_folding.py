"""Calls on constants that a pickle can make to build text, bytes or names while it runs.

A scanner that reads only literal names misses ``getattr(os, "sys" + "tem")``, and one that
reads only literal bytes misses a pickle in base64. These functions say what such calls
would return. They are pure: constants in, a constant out, within bounds, and ``None``
where the answer is not known.

Sources: arXiv 2508.19774 (exception-oriented and string-building bypasses);
picklescan and modelscan issues on names computed at run time.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import lzma
import urllib.parse
import zlib
from collections.abc import Callable, Sequence
from typing import Final

from modelkeep.formats.pickle_events import Import

MOST: Final = 16 << 20  # bytes of one folded constant
Arguments = tuple[object, ...]
Fold = Callable[[Arguments], object]

# Codecs whose work is bounded by the length of what they are given.
_CODECS: Final = frozenset(
    "ascii latin-1 latin1 iso-8859-1 utf-8 utf8 utf-16 utf-16-le utf-16-be utf-32 rot13 rot-13 "
    "hex hex-codec base64 base64-codec unicode-escape raw-unicode-escape cp437 cp1252 "
    "utf-7".split()
)
_UNPACK: Final = frozenset({"zlib", "zip", "zlib-codec", "bz2", "bz2-codec"})


def fold(dotted: str, arguments: Arguments) -> object:
    """What a call returns, ``None`` where that is not known.

    Args:
        dotted: the callee, as Python 3 names it.
        arguments: constants: ``str``, ``bytes``, ``int``, tuples and lists of them, ``Import``.
    """
    known = TEXT.get(dotted) or NAMES.get(dotted)
    if known is None:
        return None
    try:
        found = known(arguments)
    except (ValueError, TypeError, LookupError, OverflowError, OSError, EOFError, MemoryError):
        return None
    except (zlib.error, lzma.LZMAError, binascii.Error):
        return None
    if isinstance(found, str | bytes | list) and len(found) > MOST:
        return None
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):  # protocol 2 writes bytes as text of code points below 256
        return value.encode("latin-1")
    raise TypeError


def _codec(name: object) -> str:
    return _text(name).lower().replace("_", "-").replace(" ", "-")


def _encode(arguments: Arguments) -> object:
    value, name = arguments[0], _codec(arguments[1] if len(arguments) > 1 else "utf-8")
    if name not in _CODECS or not isinstance(value, str | bytes):
        return None
    return codecs.getencoder(name)(value)[0]  # type: ignore[arg-type]


def _decode(arguments: Arguments) -> object:
    value, name = arguments[0], _codec(arguments[1] if len(arguments) > 1 else "utf-8")
    if name in _UNPACK:
        return _inflate(arguments) if name[0] == "z" else _bunzip(arguments)
    if name not in _CODECS:
        return None
    if isinstance(value, str):  # rot13 turns text into text
        return codecs.getdecoder(name)(value)[0]  # type: ignore[arg-type]
    return codecs.getdecoder(name)(_bytes(value))[0]


def _inflate(arguments: Arguments) -> bytes:
    window = arguments[1] if len(arguments) > 1 else 15
    return zlib.decompressobj(window if isinstance(window, int) else 15).decompress(
        _bytes(arguments[0]), MOST
    )


def _gunzip(arguments: Arguments) -> bytes:
    return zlib.decompressobj(31).decompress(_bytes(arguments[0]), MOST)


def _bunzip(arguments: Arguments) -> bytes:
    return bz2.BZ2Decompressor().decompress(_bytes(arguments[0]), MOST)


def _unxz(arguments: Arguments) -> bytes:
    return lzma.LZMADecompressor().decompress(_bytes(arguments[0]), MOST)


def _join(arguments: Arguments) -> object:
    glue, parts = arguments[0], arguments[1]
    if not isinstance(parts, Sequence):
        return None
    if isinstance(glue, str) and all(isinstance(p, str) for p in parts):
        return glue.join(str(p) for p in parts)
    if isinstance(glue, bytes) and all(isinstance(p, bytes) for p in parts):
        return glue.join(p for p in parts if isinstance(p, bytes))
    return None


def _add(arguments: Arguments) -> object:
    first, second = arguments[0], arguments[1]
    if isinstance(first, str) and isinstance(second, str):
        return first + second
    if isinstance(first, bytes) and isinstance(second, bytes):
        return first + second
    return None


def _make_bytes(arguments: Arguments) -> object:
    if not arguments:
        return b""
    value = arguments[0]
    if isinstance(value, str):
        return value.encode(_codec(arguments[1]))
    if isinstance(value, bytes | list | tuple):
        return bytes(value)
    return None


def _make_text(arguments: Arguments) -> object:
    if len(arguments) > 1:
        return _bytes(arguments[0]).decode(_codec(arguments[1]))
    return arguments[0] if isinstance(arguments[0], str) else None


def _replace(arguments: Arguments) -> object:
    return _text(arguments[0]).replace(_text(arguments[1]), _text(arguments[2]))


def _reversed(arguments: Arguments) -> object:
    value = arguments[0]
    return value[::-1] if isinstance(value, str | bytes | list | tuple) else None


def _chr(arguments: Arguments) -> object:
    return chr(arguments[0]) if isinstance(arguments[0], int) else None


def _map(arguments: Arguments) -> object:
    function, values = arguments[0], arguments[1]
    if not isinstance(function, Import) or not isinstance(values, Sequence):
        return None
    folded = [fold(function.dotted, (value,)) for value in values[:MOST]]
    return None if any(value is None for value in folded) else folded


def _first(arguments: Arguments) -> object:
    return arguments[0]


def _strip(arguments: Arguments) -> object:
    value = arguments[0]
    return value.strip() if isinstance(value, str | bytes) and len(arguments) == 1 else None


def _getattr(arguments: Arguments) -> object:
    holder, name = arguments[0], arguments[1]
    if isinstance(holder, Import) and isinstance(name, str):
        return _attribute(holder, name, "getattr")
    return None


def _attribute(holder: Import, name: str, how: str) -> Import:
    full = f"{holder.name}.{name}" if holder.name else name
    return Import(holder.module, full, holder.offset, how, holder.computed)


def _module(arguments: Arguments) -> object:
    """A module is an import without a name."""
    return Import(_text(arguments[0]), "", 0, "import_module")


def _resolve_name(arguments: Arguments) -> object:
    module, colon, name = _text(arguments[0]).partition(":")
    if not colon:
        module, _, name = module.rpartition(".")
    return Import(module, name, 0, "resolve_name")


TEXT: Final[dict[str, Fold]] = {
    "_codecs.encode": _encode,
    "_codecs.decode": _decode,
    "codecs.encode": _encode,
    "codecs.decode": _decode,
    "builtins.str.encode": _encode,
    "builtins.bytes.decode": _decode,
    "builtins.bytes": _make_bytes,
    "builtins.bytearray": _make_bytes,
    "builtins.str": _make_text,
    "builtins.str.join": _join,
    "builtins.bytes.join": _join,
    "builtins.str.replace": _replace,
    "builtins.str.strip": _strip,
    "builtins.bytes.strip": _strip,
    "builtins.str.lower": lambda a: _text(a[0]).lower(),
    "builtins.str.upper": lambda a: _text(a[0]).upper(),
    "builtins.str.swapcase": lambda a: _text(a[0]).swapcase(),
    "builtins.str.__add__": _add,
    "builtins.bytes.__add__": _add,
    "builtins.bytes.fromhex": lambda a: bytes.fromhex(_text(a[0])),
    "builtins.bytearray.fromhex": lambda a: bytes.fromhex(_text(a[0])),
    "builtins.chr": _chr,
    "builtins.map": _map,
    "builtins.list": _first,
    "builtins.tuple": _first,
    "builtins.reversed": _reversed,
    "operator.add": _add,
    "operator.concat": _add,
    "operator.iadd": _add,
    "_operator.add": _add,
    "_operator.concat": _add,
    "base64.b64decode": lambda a: base64.b64decode(_bytes(a[0])),
    "base64.decodebytes": lambda a: base64.decodebytes(_bytes(a[0])),
    "base64.standard_b64decode": lambda a: base64.b64decode(_bytes(a[0])),
    "base64.urlsafe_b64decode": lambda a: base64.urlsafe_b64decode(_bytes(a[0])),
    "base64.b32decode": lambda a: base64.b32decode(_bytes(a[0])),
    "base64.b16decode": lambda a: base64.b16decode(_bytes(a[0])),
    "base64.b85decode": lambda a: base64.b85decode(_bytes(a[0])),
    "base64.a85decode": lambda a: base64.a85decode(_bytes(a[0])),
    "binascii.unhexlify": lambda a: binascii.unhexlify(_bytes(a[0])),
    "binascii.a2b_hex": lambda a: binascii.unhexlify(_bytes(a[0])),
    "binascii.a2b_base64": lambda a: binascii.a2b_base64(_bytes(a[0])),
    "urllib.parse.unquote": lambda a: urllib.parse.unquote(_text(a[0])),
    "zlib.decompress": _inflate,
    "gzip.decompress": _gunzip,
    "bz2.decompress": _bunzip,
    "lzma.decompress": _unxz,
    "_io.BytesIO": _first,
    "io.BytesIO": _first,
    "_io.StringIO": _first,
    "io.StringIO": _first,
}
"""Calls that return text, bytes or lists of them."""

NAMES: Final[dict[str, Fold]] = {
    "builtins.getattr": _getattr,
    "builtins.object.__getattribute__": _getattr,
    "builtins.type.__getattribute__": _getattr,
    "inspect.getattr_static": _getattr,
    "builtins.__import__": _module,
    "importlib.import_module": _module,
    "importlib.__import__": _module,
    "pkgutil.resolve_name": _resolve_name,
    "pydoc.locate": _resolve_name,
}
"""Calls that look a name up, as an import does."""

LOADERS: Final[dict[str, str | None]] = {
    "pickle.loads": None,
    "pickle.load": None,
    "_pickle.loads": None,
    "_pickle.load": None,
    "dill.loads": None,
    "dill.load": None,
    "dill._dill.loads": None,
    "cloudpickle.loads": None,
    "cloudpickle.load": None,
    "joblib.load": None,
    "joblib.numpy_pickle.load": None,
    "numpy.load": None,
    "numpy.loads": None,
    "pandas.read_pickle": None,
    "pandas.io.pickle.read_pickle": None,
    "torch.load": None,
    "torch.serialization.load": None,
    "torch.jit.load": None,
    "torch.storage._load_from_bytes": None,
    "torch.package.PackageImporter": None,
    "tensorflow.io.parse_tensor": None,
    "yaml.load": "yaml",
    "yaml.unsafe_load": "yaml",
    "yaml.full_load": "yaml",
    "marshal.loads": "marshal",
    "marshal.load": "marshal",
    "builtins.exec": "python",
    "builtins.eval": "python",
    "builtins.compile": "python",
    "xgboost.core.Booster.load_model": None,
}
"""Calls whose first argument is read as a file of its own, and the format if it is fixed."""
