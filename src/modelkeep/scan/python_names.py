"""What a name in a program refers to, through imports and through disguises.

``globals()["x"]``, ``vars(os)["system"]``, ``sys.modules["os"]``, ``__builtins__`` and
attributes of ``self`` lead to the same functions as their plain names.

Sources: Python data model, special attributes.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from modelkeep.scan.python_origins import labels_of_name
from modelkeep.scan.python_policy import (
    ACTS,
    BUILTINS,
    DANGEROUS_MODULES,
    RISKY,
    RUN_BY_VARIABLE,
    Act,
    act_of,
    canonical,
)
from modelkeep.scan.python_scopes import Place, Scope
from modelkeep.scan.python_values import HOLE, UNKNOWN, WHOLE, Value, labelled

OBJECT_WALK: Final = "object.__walk__"
"""The way from any object to all classes."""
_OWN_NAMES: Final = frozenset({"builtins.globals()", "builtins.locals()", "builtins.vars()"})
NAMESPACES: Final = DANGEROUS_MODULES | _OWN_NAMES | {"sys.modules"}
"""Maps from names to modules and functions."""
_FRAME_NAMES: Final = {"f_builtins": "builtins", "f_globals": "builtins.globals()"}
"""Namespaces that are reached through a stack frame."""
_MODULES: Final = {name.partition(".")[0] for name in ACTS} - {"builtins", "code", "test"}
_SPECIAL: Final = _MODULES | {"__loader__", "get_ipython", "__pyarmor__", "base64", "zlib"}
"""Names that mean the same wherever they are not bound, as in a fragment of a program."""
_TELLING: Final = frozenset({"system", "popen", "Popen"})
"""Methods that start a program, whatever object they are found on."""


class Names(ABC):
    """Binds and looks up names in the current scope."""

    def __init__(self) -> None:
        self.scope = Scope()
        self.place = Place.IMPORT
        self.in_class = False
        self.members: dict[ast.ClassDef, Scope] = {}
        self.returned: list[Value] = []

    @abstractmethod
    def emit(self, act: Act, name: str, node: ast.AST, **more: object) -> None:
        """Note an act."""

    @abstractmethod
    def block(self, statements: list[ast.stmt]) -> None:
        """Walk statements."""

    @abstractmethod
    def value(self, node: ast.expr) -> Value:
        """What an expression would be."""

    @abstractmethod
    def call_of(self, node: ast.Call) -> Value:
        """What a call gives back; its act is noted."""

    @abstractmethod
    def body_of(
        self, node: ast.AST, args: tuple[Value, ...], named: Mapping[str, Value]
    ) -> Value:
        """Walk the body of a function with its arguments."""

    def name(self, node: ast.Name) -> Value:
        """What a plain name refers to."""
        found = self.scope.find(node.id)
        if found is not None:
            return found
        if node.id in BUILTINS:
            return Value(f"builtins.{node.id}")
        if node.id == "__builtins__":
            return Value("builtins")
        return Value(node.id) if node.id in _SPECIAL else UNKNOWN

    def attribute_of(self, node: ast.Attribute, base: Value) -> Value:
        """An attribute where it stands: of ``self`` too."""
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
            held = self._held(node.attr)
            if held is not None:
                return held
        return self.attribute(base, node.attr, node)

    def _held(self, name: str) -> Value | None:
        scope: Scope | None = self.scope
        while scope is not None:
            if name in scope.objects:
                return scope.objects[name]
            scope = scope.outer
        return None

    def attribute(self, base: Value, name: str, node: ast.AST) -> Value:
        """An attribute of a value."""
        if name == "__subclasses__" and base.dotted in {OBJECT_WALK, "builtins.object"}:
            self.emit(Act.LOOKUP, "object.__subclasses__", node)
        if name in {"__base__", "__bases__", "__mro__", "mro"} or (
            base.dotted == OBJECT_WALK and name != "__subclasses__"
        ):
            return Value(OBJECT_WALK, labels=base.labels)
        if isinstance(base.node, ast.ClassDef):
            member = self.members.get(base.node)
            found = member.names.get(name) if member else None
            if found is not None:
                return found
        if name in _FRAME_NAMES:
            return Value(_FRAME_NAMES[name], labels=base.labels)
        if name in {"__dict__", "__call__", "__func__", "__wrapped__"} and base.dotted:
            return base
        if base.dotted:
            dotted = f"{base.dotted}.{name}"
            labels = (base.labels - {WHOLE}) | labels_of_name(dotted)
            return Value(dotted, text=base.text, labels=labels)
        return Value(
            f"{HOLE}.{name}" if name in _TELLING else "",
            text=base.text,
            labels=base.labels,
        )

    def namespace(self, base: Value, index: Value, key: str, node: ast.AST) -> Value:
        """An element of a map of names, such as ``globals()`` or ``sys.modules``."""
        if base.dotted == "sys.modules" or base.dotted.endswith(".__globals__"):
            return Value(key if key != "__builtins__" else "builtins", labels=index.labels)
        if base.dotted in _OWN_NAMES:
            found = self.scope.find(key)
            if key == "__builtins__":
                found = Value("builtins")
                self.emit(Act.LOOKUP, "builtins", node)
            return labelled(found or UNKNOWN, index.labels)
        if base.dotted in DANGEROUS_MODULES or base.dotted.endswith("environ"):
            return labelled(self.attribute(base, key, node), index.labels)
        return Value(labels=base.labels | index.labels)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a target a value."""
        if isinstance(target, ast.Name):
            self.scope.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            items = value.items or ()
            for place, inner in enumerate(target.elts):
                known = items[place] if place < len(items) else Value(labels=value.labels)
                self.bind(inner, known)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, Value(labels=value.labels))
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            base = self.value(target.value)
            key = self.value(target.slice).constant
            self.escapes(value, target)
            if base.dotted in {"builtins", "sys.meta_path"}:
                self.emit(Act.HOOK, "builtins", target, args=(value,))
            if base.dotted == "os.environ" and key in RUN_BY_VARIABLE:
                self.emit(Act.HOOK, f"os.environ[{key!r}]", target, args=(value,))

    def _bind_attribute(self, target: ast.Attribute, value: Value) -> None:
        base = self.value(target.value)
        if isinstance(target.value, ast.Name) and target.value.id == "self":
            self._own_objects()[target.attr] = value
            return
        self.escapes(value, target)
        if base.dotted == "builtins" or (base.dotted == "sys" and target.attr == "meta_path"):
            self.emit(Act.HOOK, f"{base.dotted}.{target.attr}", target, args=(value,))

    def _own_objects(self) -> dict[str, Value]:
        """Where attributes of ``self`` are kept: shared by the methods of a class."""
        return (self.scope.outer or self.scope).objects

    def escapes(self, value: Value, node: ast.AST) -> None:
        """A dangerous function that is handed on may be called by whoever gets it."""
        act = act_of(value.dotted)
        name = canonical(value.dotted)
        # The types of functions are handed on to be compared with.
        if act in RISKY and not name.endswith("()") and not name.startswith("types."):
            self.emit(act, name, node, called=False)
