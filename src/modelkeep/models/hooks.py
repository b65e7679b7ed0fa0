"""The loaders of other libraries, and how a gate is put in front of each.

A hook replaces a loading function by one that asks first and then calls the original with
what it was given back: a sealed copy. Modules that are imported later are hooked when they
arrive. A caller who took the original function before is caught where it unpickles
(``unpickling``); loaders that do not unpickle and were taken before are not seen.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, Literal

# Whether this thread is inside of a load that was admitted.
ADMITTED: Final[ContextVar[bool]] = ContextVar("modelkeep_admitted", default=False)


@dataclass(frozen=True, slots=True)
class Hook:
    """A loading function of another library.

    Attributes:
        module: where it is looked up.
        name: the function, or ``Class.method``.
        position: which argument names the model, counted with ``self`` or ``cls``.
        keyword: that argument's name.
        takes: ``path``: any path; ``name``: a path with the model's own name; ``bytes``: no
            path that is resolved leads to a memory file, so bytes.
    """

    module: str
    name: str
    position: int
    keyword: str
    takes: Literal["path", "name", "bytes"] = "path"


HOOKS: Final = (
    Hook("pickle", "load", 0, "file"),
    Hook("joblib", "load", 0, "filename"),
    Hook("torch", "load", 0, "f"),
    Hook("torch.jit", "load", 0, "f"),
    Hook("torch.export", "load", 0, "f", takes="name"),
    Hook("onnxruntime", "InferenceSession.__init__", 1, "path_or_bytes"),
    Hook("safetensors", "safe_open", 0, "filename"),
    Hook("safetensors.numpy", "load_file", 0, "filename"),
    Hook("safetensors.torch", "load_file", 0, "filename"),
    Hook("xgboost", "Booster.load_model", 1, "fname", takes="bytes"),
    Hook("keras.saving", "load_model", 0, "filepath", takes="name"),
    Hook("keras.models", "load_model", 0, "filepath", takes="name"),
    Hook("transformers.modeling_utils", "PreTrainedModel.from_pretrained", 1,
         "pretrained_model_name_or_path", takes="name"),
    Hook("transformers.models.auto.auto_factory", "_BaseAutoModelClass.from_pretrained", 1,
         "pretrained_model_name_or_path", takes="name"),
)  # fmt: skip
# Given the argument that names a model, and the hook; yields what the loader gets instead.
Admit = Callable[[Any, Hook], AbstractContextManager[Any]]


@dataclass(slots=True)
class Installed:
    """Hooks in place, and how to take them away again."""

    admit: Admit
    hooks: Sequence[Hook] = HOOKS
    _before: list[tuple[Any, str, Any]] = field(default_factory=list)
    _later: _Later | None = None

    def install(self) -> None:
        """Hook what is imported, and wait for the rest."""
        for name in {hook.module for hook in self.hooks}:
            if name in sys.modules:
                self.patch(sys.modules[name])
        self._later = _Later({hook.module for hook in self.hooks}, self.patch)
        sys.meta_path.insert(0, self._later)

    def remove(self) -> None:
        """Put the originals back."""
        if self._later is not None and self._later in sys.meta_path:
            sys.meta_path.remove(self._later)
        while self._before:
            owner, name, original = self._before.pop()
            setattr(owner, name, original)

    def patch(self, module: ModuleType) -> None:
        """Hook one module's loaders."""
        for hook in self.hooks:
            if hook.module != module.__name__:
                continue
            *outer, last = hook.name.split(".")
            owner: Any = module
            for part in outer:
                owner = getattr(owner, part, None)
            original = vars(owner).get(last) if owner is not None else None
            if original is None:  # another version of the library
                continue
            self._before.append((owner, last, original))
            setattr(owner, last, _gated(original, hook, self.admit))


def _gated(original: Any, hook: Hook, admit: Admit) -> Any:  # noqa: ANN401 - any callable
    if isinstance(original, classmethod):
        return classmethod(_gated(original.__func__, hook, admit))

    @functools.wraps(original, updated=())
    def load(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the original's own
        given = len(arguments) > hook.position
        if ADMITTED.get() or not (given or hook.keyword in options):
            return original(*arguments, **options)
        model = arguments[hook.position] if given else options[hook.keyword]
        with admit(model, hook) as copy:
            if given:
                at = hook.position
                arguments = (*arguments[:at], copy, *arguments[at + 1 :])
            else:
                options[hook.keyword] = copy
            token = ADMITTED.set(True)
            try:
                return original(*arguments, **options)
            finally:
                ADMITTED.reset(token)

    return load


class _Later(MetaPathFinder):
    """Notices when a module with loaders is imported."""

    def __init__(self, names: set[str], patch: Callable[[ModuleType], None]) -> None:
        self._names = names
        self._patch = patch

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the next finder gives, with a loader that hooks afterwards."""
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Patching(spec.loader, self._patch)
                return spec
        return None


class _Patching(Loader):
    """A loader that hooks the module once its code has run."""

    def __init__(self, loader: Loader, patch: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._patch = patch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the loader behind it does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, then hook it."""
        self._loader.exec_module(module)
        self._patch(module)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the loader has
        """What else the loader behind it offers, such as resources."""
        return getattr(self._loader, name)
