"""Which classes restore themselves, and which functions rebuild, without reaching a sink.

For a class, the methods that restoring an instance runs (``__new__``, ``__setstate__``,
``__del__`` and the item setters of ``list`` and ``dict``) are followed through the source of
the class, its bases and the functions they call, to a bounded depth. A sink is anything that
starts programs, loads code, opens files or sockets; calling what the state brings is one too.
A method without source counts as safe only in a class that a real save holds.
"""

from __future__ import annotations

import ast
import builtins
import enum
import importlib
import inspect
import pkgutil
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

_DEPTH: Final = 6
_COMPILED: Final = ("sklearn.", "pandas._libs.", "statsmodels.", "scipy.")
_RESTORING: Final = (
    "__new__",
    "__setstate__",
    "__del__",
    "__setattr__",
    "__getattr__",
    "__getattribute__",
    "append",
    "extend",
    "add",
    "__setitem__",
    "__hash__",
    "__eq__",
)
_LOOKED_AT: Final = ("__setstate__", "__getattr__", "__del__")
# SciPy's distributions run a text of their state; scan/pickle_state_code.py checks that text.
_EXECUTED: Final = "_attach_argparser_methods"
_SINK_MODULES: Final = frozenset(
    """
    os posix subprocess socket shutil importlib ctypes pickle _pickle marshal tempfile urllib
    requests http ftplib runpy code pty webbrowser multiprocessing io _io dill cloudpickle
    zipfile tarfile fsspec huggingface_hub sqlite3 threading _thread signal sys
    """.split()
)
_HARMLESS: Final = frozenset(
    """
    os.fspath posix.fspath os.path os.getpid os.getenv posix.getpid os.cpu_count
    sys.getrefcount sys.getsizeof sys.intern sys._getframe
    posixpath threading.Lock threading.RLock _thread.allocate_lock _thread.RLock threading.local
    _thread.lock io.BytesIO _io.BytesIO io.StringIO _io.StringIO _thread.get_ident
    inspect warnings functools re copy collections abc types typing enum dataclasses textwrap
    numbers weakref contextlib itertools operator math logging packaging.version
    threading.get_ident importlib.util.find_spec huggingface_hub.errors
    huggingface_hub.dataclasses.__strict_setattr__
    """.split()
)
_SINK_BUILTINS: Final = frozenset({"eval", "exec", "compile", "__import__", "open", "input"})
_SINK_METHODS: Final = frozenset(
    """
    system popen Popen check_output check_call import_module exec_module load_module run_path
    run_module urlopen urlretrieve load_library LoadLibrary unlink rmtree rmdir
    """.split()
)
# Modules whose classes are judged, and parts of them that are not.
WALKED: Final = (
    "sklearn scipy.sparse scipy.stats scipy.spatial scipy.interpolate scipy.optimize "
    "scipy.signal pandas.core pandas.tseries pandas.api.typing torch.nn torch.optim "
    "torch.distributions torch.utils.data torch.ao torch.quantization torch.amp xgboost "
    "lightgbm catboost statsmodels omegaconf pytorch_lightning lightning_fabric torchmetrics "
    "imblearn joblib.numpy_pickle tokenizers transformers.activations "
    "transformers.trainer_utils transformers.training_args transformers.modeling_outputs "
    "transformers.configuration_utils transformers.generation.configuration_utils "
    "transformers.models.bert transformers.models.roberta transformers.models.distilbert "
    "transformers.models.gpt2 transformers.models.t5 transformers.models.vit "
    "transformers.models.llama transformers.models.mistral transformers.models.electra "
    "transformers.models.albert transformers.tokenization_utils_base "
    "transformers.feature_extraction_utils transformers.utils.quantization_config"
).split()
SKIPPED: Final = re.compile(
    r"\.(tests?|testing|conftest|externals|setup|dask|spark|tracker|libpath|experimental|"
    r"datapipes|_testing|sandbox|datasets|__main__|cli|demos?|launchers?|onnx|_dask|tools)"
    r"(\.|$)|_test$|\.test_|sklearn\._build_utils|torch\.nn\.utils\._named"
    r"|pandas\.core\.computation"
)


class _Reach:
    """Follows functions to sinks, each once."""

    def __init__(self) -> None:
        self._known: dict[object, str | None] = {}

    def of(self, function: Any, owner: type | None, depth: int = _DEPTH) -> str | None:  # noqa: ANN401
        """The first sink a function reaches, ``None`` if it reaches none."""
        function = inspect.unwrap(getattr(function, "__func__", function))
        code = getattr(function, "__code__", None)
        if code is None or depth == 0:
            return None
        key = (code, owner)
        if key in self._known:
            return self._known[key]
        self._known[key] = None  # cycles end here
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        except (OSError, TypeError, SyntaxError):
            return None
        found = self._sink(tree, function, owner, depth)
        self._known[key] = found
        return found

    def _sink(self, tree: ast.AST, function: Any, owner: type | None, depth: int) -> str | None:  # noqa: ANN401
        scope = _scope(function)
        given = set(inspect.signature(function).parameters) if depth == _DEPTH else set()
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Subscript):
                return "calls an item"
            if isinstance(node.func, ast.Name) and node.func.id in given - {"cls"}:
                return f"calls its argument {node.func.id}"
            if isinstance(node.func, ast.Attribute) and node.func.attr in _SINK_METHODS:
                return f".{node.func.attr}()"
            target = _resolve(node.func, scope, owner)
            found = None if target is None else self._target(target, owner, depth)
            if found is not None:
                return found
        return None

    def _target(self, target: Any, owner: type | None, depth: int) -> str | None:  # noqa: ANN401
        name = getattr(target, "__name__", "")
        module = getattr(target, "__module__", None) or ""
        if not isinstance(name, str) or not isinstance(module, str):
            return None
        dotted = f"{module}.{name}"
        if module == "builtins":
            return f"{name}()" if name in _SINK_BUILTINS else None
        if dotted in _HARMLESS or module in _HARMLESS:
            return None
        if module.partition(".")[0] in _SINK_MODULES:
            return dotted
        if inspect.isclass(target):
            parts = [getattr(target, n, None) for n in ("__new__", "__init__")]
            return next(
                (f for p in parts if p is not None and (f := self.of(p, target, depth - 1))),
                None,
            )
        return self.of(target, owner, depth - 1)


def _scope(function: Any) -> dict[str, Any]:  # noqa: ANN401
    scope = {**vars(builtins), **getattr(function, "__globals__", {})}
    cells = getattr(function, "__closure__", None) or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=False):
        try:
            scope[name] = cell.cell_contents
        except ValueError:
            continue
    return scope


def _resolve(node: ast.expr, scope: Mapping[str, Any], owner: type | None) -> Any:  # noqa: ANN401
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"} and owner:
            return inspect.getattr_static(owner, node.attr, None)
        holder = _resolve(node.value, scope, owner)
        if holder is None or not (inspect.ismodule(holder) or inspect.isclass(holder)):
            return None
        return getattr(holder, node.attr, None)
    return None


def classes() -> Iterator[tuple[str, type]]:
    """Every class of the walked modules, under the name a pickle would give it."""
    seen: set[type] = set()
    for name in WALKED:
        for module in _modules(name):
            for value in list(vars(module).values()):
                if inspect.isclass(value) and value not in seen:
                    seen.add(value)
                    dotted = f"{value.__module__}.{value.__qualname__}"
                    if dotted.startswith(name.partition(".")[0] + ".") and "<" not in dotted:
                        yield dotted, value


def _modules(name: str) -> Iterator[Any]:
    try:
        module = importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - a library may refuse to be imported in any way
        print(f"not walked: {name}: {error}")
        return
    yield module
    for found in pkgutil.walk_packages(
        getattr(module, "__path__", ()), name + ".", lambda _: None
    ):
        if SKIPPED.search(found.name):
            continue
        try:
            yield importlib.import_module(found.name)
        except BaseException:  # noqa: BLE001, S112 - a module may even exit
            continue


def judge(saves: Mapping[tuple[str, str], int]) -> Iterator[tuple[str, str]]:
    """Yield every name that is safe, with the use it is safe for."""
    reach = _Reach()
    saved = {name for name, use in saves if use in {"newobj", "build"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dotted, kind in classes():
            if SKIPPED.search(dotted):
                continue
            if issubclass(kind, enum.Enum) and _sink_of(kind, reach, ("_missing_",)) is None:
                yield dotted, "call"
            elif _restores(kind, reach, opaque=dotted in saved):
                yield dotted, "new"
            elif _sink_of(kind, reach, _LOOKED_AT) is not None:
                yield dotted, "state" if hasattr(kind, _EXECUTED) else "dangerous"
        for dotted, use in sorted(saves):
            yield from _saved(dotted, use, reach)


def _saved(dotted: str, use: str, reach: _Reach) -> Iterator[tuple[str, str]]:
    root = dotted.partition(".")[0]
    if root in {"builtins", "pickle_objects", "__main__", "copy_reg", "__builtin__", "dill"}:
        return
    thing = _find(dotted)
    if thing is None:
        return
    if use == "reduce":
        sink = _sink_of_call(thing, reach)
        if sink is None:
            yield dotted, "call"
            yield from _siblings(thing)
        else:
            print(f"called by a real save, {sink}: {dotted}")
    elif use == "import" and callable(thing):
        yield dotted, "hold"
    elif inspect.isclass(thing) and _restores(thing, reach, opaque=True):
        yield dotted, "new"


def _siblings(thing: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Classes compiled in the same module as a class that saves call: losses, offsets."""
    module = getattr(thing, "__module__", None) or ""
    if not inspect.isclass(thing) or not module.startswith(_COMPILED):
        return
    for name, value in vars(importlib.import_module(module)).items():
        of_module = inspect.isclass(value) and value.__module__ == module
        if (
            of_module
            and not issubclass(value, type)
            and not hasattr(value.__init__, "__code__")
        ):
            yield f"{module}.{name}", "call"


def _sink_of_call(thing: Any, reach: _Reach) -> str | None:  # noqa: ANN401
    if inspect.isclass(thing):
        found = _sink_of(thing, reach, (*_RESTORING, "__init__"))
    elif hasattr(thing, "__code__"):
        found = reach.of(thing, None)
    else:
        return "to be judged by hand"
    return None if found is None else f"reaches {found}"


def _find(dotted: str) -> Any:  # noqa: ANN401
    parts = dotted.split(".")
    for at in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:at]))
        except Exception:  # noqa: BLE001, S112 - the name may not be a module
            continue
        for part in parts[at:]:
            found = getattr(found, part, None)
        return found
    return None


def _restores(kind: type, reach: _Reach, *, opaque: bool) -> bool:
    if not opaque:
        for name in ("__setstate__", "__del__"):
            method = inspect.getattr_static(kind, name, None)
            if method is not None and not hasattr(inspect.unwrap(method), "__code__"):
                return False
    return _sink_of(kind, reach, _RESTORING) is None


def _sink_of(kind: type, reach: _Reach, names: tuple[str, ...]) -> str | None:
    for name in names:
        method = inspect.getattr_static(kind, name, None)
        if method is not None and (found := reach.of(method, kind)) is not None:
            return found
    return None
