"""A schema as TOML: read strictly, written so that a person can go on from it.

A word that is not of the form is an error: a rule that nobody reads must not look kept.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from modelkeep.core import InputError
from modelkeep.data.checks.interface import Schema
from modelkeep.data.checks.pandera_schema import import_pandera

VERSION: Final = 1
_LARGEST: Final = 16 << 20
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def parse_schema(text: str, name: str = "schema") -> Schema:
    """Read a schema from TOML.

    Raises:
        InputError: not TOML, or not of this form.
    """
    try:
        found = msgspec.convert(tomllib.loads(text), Schema)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"{name}: not a schema ({error})") from error
    if found.version != VERSION:
        raise InputError(f"{name}: a schema of version {found.version} is not known")
    return found


def read_schema(path: Path) -> tuple[Schema, bytes]:
    """Read a schema: TOML of ours, or what pandera writes as YAML or JSON; and its bytes.

    Raises:
        InputError: it cannot be read, or asks for what cannot be checked here.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: larger than {_LARGEST} bytes, no schema")
        data = path.read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a schema ({error})") from error
    if path.suffix.lower() in {".yaml", ".yml", ".json"}:
        return import_pandera(text, str(path)), data
    return parse_schema(text, str(path)), data


def format_schema(schema: Schema) -> str:
    """A schema as TOML."""
    lines = [f"version = {schema.version}", f"closed = {_text(schema.closed)}"]
    if schema.unique_together:
        lines.append(f"unique_together = {_text(schema.unique_together)}")
    if schema.unread:
        lines.append(f"unread = {_text(schema.unread)}")
    for name, rules in schema.columns.items():
        lines += ["", f"[columns.{_key(name)}]"]
        fields: dict[str, Any] = msgspec.to_builtins(rules)
        lines += [f"{key} = {_text(value)}" for key, value in fields.items()]
    for rule in schema.rules:
        lines += ["", "[[rules]]"]
        lines += [f"name = {_text(rule.name)}", f"expression = {_text(rule.expression)}"]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: object) -> str:
    if isinstance(value, float):  # TOML writes infinity without quotes, as Python does
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_text(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
