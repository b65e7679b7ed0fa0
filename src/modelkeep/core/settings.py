"""Settings with their origin: flag > MODELKEEP_* > file > default.

The file is ``modelkeep.toml`` or ``[tool.modelkeep]`` in ``pyproject.toml``,
whichever is found first from the working directory upward. An unknown key is
an error, because a misspelt threshold must not silently keep its default.
``[[ignore]]`` entries stand in the file only (``core.suppression``), and so do the
sections that a room reads by itself.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from modelkeep.core.errors import UsageError
from modelkeep.core.suppression import Ignore, read_ignores

Value = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key, default, what it does, and which values make sense."""

    key: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf


@dataclass(frozen=True, slots=True)
class Resolved:
    """A setting's value and where it came from."""

    key: str
    value: Value
    origin: str
    help: str


PREFIX: Final = "MODELKEEP_"
OTHER_VARIABLES: Final = frozenset({"MODELKEEP_PASSPHRASE"})  # no settings
_PLAIN: Final = (
    Setting(
        "profile",
        "",
        "report, dev or prod; empty: the keep's own (set by init)",
        ("", "report", "dev", "prod"),
    ),
    Setting("keep", "", "directory of the keep; empty: the nearest .modelkeep upward"),
    Setting("anchor", "", "file outside the keep that receives the log's newest checkpoint"),
    Setting(
        "action",
        "deploy",
        "action a check decides on: train, store, deploy, load, serve",
        ("train", "store", "deploy", "load", "serve"),
    ),
    Setting(
        "epsilon_linf",
        0.03,
        "L-infinity radius, fraction of each feature's range",
        least=1e-6,
        most=1.0,
    ),
    Setting("epsilon_dp", 3.0, "epsilon of private training", least=1e-3, most=100.0),
    Setting("delta_dp", 1e-5, "delta of private training", least=1e-15, most=0.1),
    Setting(
        "threat",
        "",
        "norm:radius of evasion, such as l2:0.5 or linf:8/255; empty: linf at epsilon_linf",
    ),
    Setting(
        "budget",
        "quick",
        "how much work an attack may do: quick, standard or thorough",
        ("quick", "standard", "thorough"),
    ),
    Setting("max_rows", 500, "most test rows an attack is run on", least=1, most=1e9),
    Setting("seed", 0, "seed of every random choice", least=0, most=2**32 - 1),
    Setting("group", "", "column of a table that tells groups of people apart"),
    Setting("constraints", "", "file of what rows of a table may be; empty: drafted from data"),
    Setting("label", "", "label column of a table; empty: the last column"),
    Setting(
        "fail_on",
        "",
        "fail on findings of this severity even if the gate allows",
        ("", "info", "low", "medium", "high", "critical"),
    ),
    Setting("scan.pickle.allow", (), "extra dotted names a pickle may import"),
    Setting("scan.cache", "auto", "where a scan keeps verdicts: auto, off or a directory"),
    Setting("scan.include", (), "globs of the files to scan; empty: all"),
    Setting("scan.exclude", (), "globs of files not to scan"),
)
SECTIONS: Final = ("serve",)  # tables that a room reads by itself, and checks
_THRESHOLD_HELP: Final = "threshold of the gates, see core/thresholds.toml"


def table() -> tuple[Setting, ...]:
    """Every setting there is, thresholds included."""
    text = resources.files("modelkeep.core").joinpath("thresholds.toml").read_text()
    thresholds = tomllib.loads(text)
    return _PLAIN + tuple(
        Setting(f"thresholds.{key}", value, _THRESHOLD_HELP, least=0, most=1e6)
        for key, value in thresholds.items()
    )


class Settings:
    """Resolved settings, read by key.

    Attributes:
        ignores: the ``[[ignore]]`` entries of the settings file.
    """

    def __init__(
        self,
        resolved: Mapping[str, Resolved],
        ignores: tuple[Ignore, ...] = (),
        sections: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self._resolved = dict(resolved)
        self.ignores = ignores
        self._sections = dict(sections or {})

    def section(self, name: str) -> Mapping[str, object]:
        """A table of the settings file as it stands there; empty where there is none."""
        return self._sections.get(name, {})

    def items(self) -> tuple[Resolved, ...]:
        """All settings in table order."""
        return tuple(self._resolved.values())

    def text(self, key: str) -> str:
        """A setting as text."""
        return str(self._resolved[key].value)

    def number(self, key: str) -> float:
        """A numeric setting."""
        value = self._resolved[key].value
        if isinstance(value, str | tuple):
            raise UsageError(f"setting {key} is not a number: {value!r}")
        return float(value)

    def integer(self, key: str) -> int:
        """A whole-number setting."""
        return int(self.number(key))

    def names(self, key: str) -> tuple[str, ...]:
        """A list setting."""
        value = self._resolved[key].value
        return value if isinstance(value, tuple) else ()

    def thresholds(self) -> dict[str, float]:
        """The gate thresholds by name."""
        prefix = "thresholds."
        return {
            key.removeprefix(prefix): self.number(key)
            for key in self._resolved
            if key.startswith(prefix)
        }


def _find_file(start: Path) -> tuple[Path, dict[str, object]] | None:
    for folder in (start, *start.parents):
        own = folder / "modelkeep.toml"
        if own.is_file():
            return own, _load(own)
        project = folder / "pyproject.toml"
        if project.is_file():
            tool = _load(project).get("tool")
            section = tool.get("modelkeep") if isinstance(tool, dict) else None
            if isinstance(section, dict):
                return project, section
    return None


def _load(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", "Mend the file's TOML.") from error


def _flatten(section: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _convert(setting: Setting, value: object, origin: str) -> Value:
    try:
        if isinstance(setting.default, tuple):
            if isinstance(value, str):
                return tuple(part for part in value.split(",") if part)
            if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
                return tuple(value)
            raise ValueError  # noqa: TRY301 - one place names the remedy
        if isinstance(setting.default, float) and math.isfinite(float(str(value))):
            return float(str(value))
        if isinstance(setting.default, int):
            return int(str(value))
        if isinstance(setting.default, str) and isinstance(value, str):
            return value
        raise ValueError  # noqa: TRY301
    except ValueError:
        kind = type(setting.default).__name__
        raise UsageError(f"{origin}: {setting.key} must be a {kind}, not {value!r}") from None


def _variable(key: str) -> str:
    return PREFIX + key.upper().replace(".", "_")


def _require_known_variables(environ: Mapping[str, str], known: Mapping[str, Setting]) -> None:
    names = {_variable(key) for key in known} | OTHER_VARIABLES
    for name in environ:
        if name.startswith(PREFIX) and name not in names:
            raise UsageError(f"unknown variable {name}", "See `modelkeep config`.")


def _coerce(setting: Setting, value: object, origin: str) -> Value:
    """A value of the setting's type that makes sense.

    Raises:
        UsageError: it is not.
    """
    found = _convert(setting, value, origin)
    if setting.choices and found not in setting.choices:
        known = ", ".join(choice for choice in setting.choices if choice)
        raise UsageError(f"{origin}: {setting.key} is {found!r}", f"Use one of {known}.")
    if isinstance(found, int | float) and not setting.least <= found <= setting.most:
        raise UsageError(
            f"{origin}: {setting.key} must lie between {setting.least:g} and "
            f"{setting.most:g}, not {found}"
        )
    return found


def resolve(
    flags: Mapping[str, Value | None] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    start: Path | None = None,
) -> Settings:
    """Resolve every setting.

    Args:
        flags: values given on the command line; ``None`` means not given.
        environ: environment to read; ``os.environ`` when left out.
        start: directory the file search starts from; the working directory.

    Raises:
        UsageError: an unknown key, a value of the wrong kind, or broken TOML.
    """
    environ = os.environ if environ is None else environ
    known = {setting.key: setting for setting in table()}
    _require_known_variables(environ, known)
    found = _find_file((start or Path.cwd()).resolve())
    section = dict(found[1]) if found else {}
    ignores = read_ignores(section.pop("ignore", []), str(found[0]) if found else "")
    sections = {name: section.pop(name) for name in SECTIONS if name in section}
    tables = {name: value for name, value in sections.items() if isinstance(value, dict)}
    for name in sections.keys() - tables.keys():
        raise UsageError(f"{name} must be a table: [{name}]")
    from_file = _flatten(section)
    for key in from_file:
        if key not in known and found:
            raise UsageError(f"{found[0]}: unknown setting {key!r}", "See `modelkeep config`.")
    unknown = sorted(set(flags or {}) - set(known))
    if unknown:
        raise UsageError(f"unknown setting {unknown[0]!r}", "See `modelkeep config`.")
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    resolved: dict[str, Resolved] = {}
    for key, setting in known.items():
        variable = _variable(key)
        value: object = setting.default
        origin = "default"
        if found and key in from_file:
            value, origin = from_file[key], str(found[0])
        if variable in environ:
            value, origin = environ[variable], variable
        if key in given:
            value, origin = given[key], "flag"
        resolved[key] = Resolved(key, _coerce(setting, value, origin), origin, setting.help)
    return Settings(resolved, ignores, tables)
