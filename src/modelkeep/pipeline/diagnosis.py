"""``modelkeep doctor``: what is installed, what is missing, what the keep looks like."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from modelkeep.core import ModelkeepError
from modelkeep.core.settings import Value, resolve
from modelkeep.core.version import VERSION
from modelkeep.evidence import exists, open_keep
from modelkeep.pipeline.workspace import keep_path
from modelkeep.policy import load_gates

_LIBRARIES: Final = (
    ("cedarpy", "core"),
    ("cryptography", "core"),
    ("securesystemslib", "core"),
    ("sqlalchemy", "core"),
    ("numpy", "assess"),
    ("onnxruntime", "assess"),
    ("pyarrow", "assess"),
    ("scikit-learn", "assess"),
    ("safetensors", "assess"),
    ("torch", "train"),
    ("xgboost-cpu", "trees"),
)
GROUPS: Final = ("modelkeep.rules", "modelkeep.attacks", "modelkeep.renderers")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the diagnosis: what, in which state, and what to do about it."""

    what: str
    state: str
    ok: bool
    hint: str = ""


def diagnose(**flags: Value | None) -> tuple[Line, ...]:
    """Look at the installation and the keep; changes nothing."""
    return (*_installation(), *_plugins(), *_keep(flags))


def _installation() -> Iterator[Line]:
    yield Line("modelkeep", VERSION, ok=True)
    supported = sys.version_info >= (3, 11)
    yield Line("python", platform.python_version(), supported, "" if supported else "use 3.11+")
    for name, extra in _LIBRARIES:
        try:
            yield Line(name, metadata.version(name), ok=True)
        except metadata.PackageNotFoundError:
            core = extra == "core"
            hint = "pip install modelkeep" if core else f"pip install 'modelkeep[{extra}]'"
            yield Line(name, f"not installed (extra {extra})", not core, hint)


def _plugins() -> Iterator[Line]:
    for group in GROUPS:
        for entry in metadata.entry_points(group=group):
            origin = entry.dist.name if entry.dist is not None else "unknown"
            yield Line(f"{group} plug-in {entry.name}", f"{entry.value} from {origin}", ok=True)


def _key_mode(root: Path) -> Line:
    """The most open of the key files."""
    modes = {path: path.stat().st_mode & 0o777 for path in (root / "keys").glob("*.pem")}
    path, mode = max(modes.items(), key=lambda item: item[1] & 0o077)
    private = mode & 0o077 == 0
    return Line("key file mode", f"{mode:o}", private, "" if private else f"chmod 600 {path}")


def _keep(flags: dict[str, Value | None]) -> Iterator[Line]:
    try:
        settings = resolve(flags)
        root = keep_path(settings)
        if not exists(root):
            yield Line("keep", f"none at {root}", ok=True, hint="modelkeep init")
            return
        with open_keep(root, profile=settings.text("profile")) as keep:
            yield Line("keep", f"{root} (profile {keep.profile})", ok=True)
            yield Line("log", f"{keep.store.size()} entries, origin {keep.origin}", ok=True)
            yield Line("signers", ", ".join(s.name for s in keep.trust.signers), ok=True)
            yield _key_mode(root)
            gates = load_gates(keep.profile, settings.thresholds(), keep.policies)
            yield Line("policy", f"{gates.profile} ({gates.digest[:12]})", ok=True)
    except ModelkeepError as error:
        yield Line("keep", error.message, ok=False, hint=error.hint)
