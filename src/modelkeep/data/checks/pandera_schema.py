"""Schemas that pandera wrote as YAML or JSON, read as data.

Pandera is not needed and none of its code runs. Note that pandera itself, given a polars
LazyFrame, checks names and types alone and passes whatever the values are; here every rule
is applied to every row, and one that is not known is reported as not run.

Source: pandera 0.35, ``to_yaml`` and ``to_json``; forms since 0.20 with checks apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from modelkeep.core import InputError, MalformedArtifactError
from modelkeep.data.checks.interface import ColumnRules, RowRule, Schema
from modelkeep.formats.yaml_text import parse_yaml

_FIELDS: Final = frozenset(
    "dtype nullable unique required regex checks coerce title description metadata default "
    "report_duplicates parsers name drop_invalid_rows".split()
)
_TOP: Final = frozenset(
    "schema_type api version columns strict unique checks index dtype coerce name ordered "
    "title description metadata report_duplicates unique_column_names add_missing_columns "
    "drop_invalid_rows".split()
)
_KINDS: Final = (
    (re.compile(r"u?int\d*"), "int"),
    (re.compile(r"float\d*|double|decimal.*"), "float"),
    (re.compile(r"bool(ean)?(\[pyarrow\])?"), "bool"),
    (re.compile(r"str(ing)?(\[.*\])?|utf8|object"), "text"),
    (re.compile(r"date.*|timestamp.*|time.*|duration.*"), "moment"),
)
_STRICT: Final = {"greater_than": ">", "less_than": "<", "equal_to": "==", "not_equal_to": "!="}


def import_pandera(text: str, name: str) -> Schema:
    """A schema of ours from one of pandera's.

    Raises:
        InputError: not such a schema.
    """
    try:
        found = parse_yaml(text.encode()).value
    except MalformedArtifactError as error:
        raise InputError(f"{name}: {error.message}") from error
    if not isinstance(found, dict) or not isinstance(found.get("columns"), dict):
        raise InputError(f"{name}: not a schema as pandera writes it", "Use its to_yaml().")
    columns, rules, unread = {}, [], []
    for key, described in found["columns"].items():
        if not isinstance(described, dict):
            raise InputError(f"{name}: column {key!r} is not described by a map")
        column = _Column(str(key), described)
        columns[str(key)] = column.read()
        rules += column.rules
        unread += column.unread
    unread += [f"{key} of the frame" for key in found if key not in _TOP]
    unread += [f"{key} of the frame" for key in ("checks", "index", "dtype") if found.get(key)]
    together = found.get("unique") or []
    if not isinstance(together, list):
        together = [together]
    return Schema(
        version=1,
        closed=bool(found.get("strict")),
        unique_together=[[str(part) for part in together]] if together else [],
        columns=columns,
        rules=rules,
        unread=unread,
    )


class _Column:
    """One column of pandera's schema."""

    def __init__(self, name: str, described: dict[str, Any]) -> None:
        self._name = name
        self._described = described
        self._fields: dict[str, Any] = {}
        self.rules: list[RowRule] = []
        self.unread: list[str] = []

    def read(self) -> ColumnRules:
        described = self._described
        self._fields = {
            "type": _kind(str(described.get("dtype") or "")),
            "nulls": bool(described.get("nullable")),
            "unique": bool(described.get("unique")),
            "optional": described.get("required") is False or bool(described.get("regex")),
        }
        if described.get("dtype") and not self._fields["type"]:
            self.unread.append(f"type {described['dtype']} of {self._name}")
        if described.get("regex"):
            self.unread.append(f"columns that match {self._name!r}")
        for check, value in self._checks():
            self._take(check, value)
        return ColumnRules(**self._fields)

    def _checks(self) -> Iterator[tuple[str, Any]]:
        apart = self._described.get("checks") or {}
        if not isinstance(apart, dict):
            apart = {f"checks {apart!r}": None}
        plain = {key: value for key, value in self._described.items() if key not in _FIELDS}
        for key, value in (*plain.items(), *apart.items()):
            inner = value.get("value", value) if isinstance(value, dict) else value
            yield key, inner

    def _take(self, check: str, value: Any) -> None:  # noqa: ANN401 - a value of the document
        moment = self._fields["type"] == "moment"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        bound = number or (moment and isinstance(value, str))
        if check == "greater_than_or_equal_to" and bound:
            self._fields["low"] = value
        elif check == "less_than_or_equal_to" and bound:
            self._fields["high"] = value
        elif check in _STRICT and (number or (isinstance(value, str) and not moment)):
            self._require(check, f"{self._column()} {_STRICT[check]} {json.dumps(value)}")
        elif check == "in_range" and isinstance(value, dict):
            self._in_range(value)
        elif check in {"isin", "notin"} and isinstance(value, dict | list):
            self._among(check, value)
        elif check.startswith("str_"):
            self._text(check, value)
        else:
            self.unread.append(f"{check} of {self._name}: {value!r}")

    def _column(self) -> str:
        return f"column({json.dumps(self._name)})"

    def _require(self, check: str, expression: str) -> None:
        self.rules.append(RowRule(f"{self._name} {check}", expression))

    def _in_range(self, value: dict[str, Any]) -> None:
        for end, included, open_check, closed_check in (
            ("min_value", "include_min", "greater_than", "greater_than_or_equal_to"),
            ("max_value", "include_max", "less_than", "less_than_or_equal_to"),
        ):
            closed = value.get(included, True) is not False
            self._take(closed_check if closed else open_check, value.get(end))

    def _among(self, check: str, value: Any) -> None:  # noqa: ANN401 - a value of the document
        options = value if isinstance(value, list) else next(iter(value.values()), None)
        if not isinstance(options, list) or not all(
            isinstance(option, int | float | str) for option in options
        ):
            self.unread.append(f"{check} of {self._name}: {value!r}")
        elif check == "isin" and self._fields["type"] in {"text", "int"}:
            self._fields["categories"] = [str(option) for option in options]
        else:
            word = "in" if check == "isin" else "not in"
            self._require(check, f"{self._column()} {word} {json.dumps(options)}")

    def _text(self, check: str, value: Any) -> None:  # noqa: ANN401 - a value of the document
        if check == "str_length" and isinstance(value, dict):
            if value.get("exact_value") is not None:
                value = dict.fromkeys(("min_value", "max_value"), value["exact_value"])
            for end, sign in (("min_value", ">="), ("max_value", "<=")):
                if isinstance(value.get(end), int):
                    self._require(check, f"length({self._column()}) {sign} {value[end]}")
            return
        forms = {
            "str_matches": f"(?:{value})(?s:.*)",
            "str_contains": f"(?s:.*)(?:{value})(?s:.*)",
            "str_startswith": f"{re.escape(str(value))}(?s:.*)",
            "str_endswith": f"(?s:.*){re.escape(str(value))}",
        }
        if check in forms and isinstance(value, str) and "pattern" not in self._fields:
            self._fields["pattern"] = forms[check]
        else:
            self.unread.append(f"{check} of {self._name}: {value!r}")


def _kind(dtype: str) -> str:
    for pattern, kind in _KINDS:
        if pattern.fullmatch(dtype.lower()):
            return kind
    return ""
