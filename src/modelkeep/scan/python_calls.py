"""Calls of a program: what is called, what it does, what it gives back.

Functions of the module itself are followed with their arguments, so that a payload behind
a wrapper is seen where it is called. ``getattr``, ``__import__``, ``map``, ``partial`` and
their like are seen through.

Sources: Python language reference, calls; CPython library reference.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from modelkeep.scan import python_fold as fold
from modelkeep.scan.python_expressions import Expressions
from modelkeep.scan.python_names import NAMESPACES
from modelkeep.scan.python_origins import labels_of
from modelkeep.scan.python_paths import PATH_METHODS as _PATH_METHODS
from modelkeep.scan.python_paths import path_method
from modelkeep.scan.python_policy import ACTS, DANGEROUS_MODULES, RISKY, Act, act_of, canonical
from modelkeep.scan.python_scopes import Scope
from modelkeep.scan.python_values import (
    ASSEMBLED,
    DECODED,
    HOLE,
    NETWORK,
    UNKNOWN,
    VARIABLE,
    WHOLE,
    Value,
    constant,
    flat,
    labelled,
    sequence,
    shown,
)
from modelkeep.scan.shell_policy import is_attack

_MOST_ITEMS: Final = 5000
_LONGEST_COMMAND: Final = 4096
_ELEMENT: Final = frozenset({"get", "__getitem__", "pop", "setdefault"})
_FOLLOWED: Final = 5
"""Calls of the module's own functions are followed so deep."""
_ONE_VARIABLE: Final = frozenset(f"os.environ.{name}" for name in _ELEMENT)
_TAKERS: Final = frozenset(
    "builtins.isinstance builtins.issubclass builtins.hasattr builtins.callable builtins.type "
    "builtins.id builtins.repr builtins.str builtins.print builtins.len builtins.super "
    "builtins.getattr inspect.signature inspect.getsource typing.cast".split()
)
"""Functions that don't call what they are given."""
_APPLIERS: Final = frozenset({"builtins.map", "builtins.filter", "functools.reduce"})
_IMPORTERS: Final = frozenset(
    "builtins.__import__ importlib.import_module importlib.__import__ pydoc.locate "
    "importlib._bootstrap._gcd_import pkgutil.resolve_name __loader__.load_module".split()
)
_PATHS: Final = frozenset(
    {"os.path.join", "pathlib.Path", "pathlib.PurePath", "posixpath.join"}
)
_KEEP_PATH: Final = ("pathlib.Path()", "builtins.open()", "io.open()", "codecs.open()")
"""Objects whose methods still speak of the path they were made with."""
_SAME: Final = frozenset(
    "builtins.vars builtins.dir functools.partial builtins.staticmethod".split()
)


_STARTERS: Final = frozenset(
    name.rpartition(".")[2]
    for name, act in ACTS.items()
    if act in {Act.COMMAND, Act.EXECUTE} and "()" not in name
)


def _may_start(callee: Value) -> bool:
    """Whether a function of a module of unknown name is one that starts programs or code."""
    if {DECODED, NETWORK, ASSEMBLED} & callee.labels:
        return True
    path = callee.dotted.split(".")
    return len(path) == len(("module", "function")) and path[1] in _STARTERS


class Calls(Expressions):
    """Evaluates calls."""

    def call_of(self, node: ast.Call) -> Value:
        """What a call gives back; its act is noted."""
        receiver = UNKNOWN
        if isinstance(node.func, ast.Attribute):
            receiver = self.value(node.func.value)
            callee = self.attribute_of(node.func, receiver)
        else:
            callee = self.value(node.func)
        args = tuple(self.value(arg) for arg in node.args)
        if len(node.args) == 1 and isinstance(node.args[0], ast.Starred):
            args = self._unstarred(node.args[0], args)
        named = {k.arg or "**": self.value(k.value) for k in node.keywords}
        if isinstance(node.func, ast.Attribute) and not callee.dotted.startswith("builtins."):
            folded = None if self.saturated else fold.method(receiver, node.func.attr, args)
            if folded is not None:
                return self.weigh(folded)
        if isinstance(node.func, ast.Attribute):
            found = self._member(node.func, receiver, args)
            if found is not None:
                return found
        elif not callee.dotted and callee.node is None:
            self._unknown(args, node)
        return self.call(callee, args, named, node, receiver)

    def _member(
        self, func: ast.Attribute, receiver: Value, args: tuple[Value, ...]
    ) -> Value | None:
        """``sys.modules.get("os")`` and ``os.__getattribute__("system")``."""
        if func.attr == "__getattribute__" and args:
            return self._looked_up((receiver, args[0]) if len(args) == 1 else args, func)
        if receiver.dotted in DANGEROUS_MODULES and func.attr in {"values", "items"}:
            self.emit(Act.LOOKUP, receiver.dotted, func)
        named = func.attr in _ELEMENT and args and isinstance(args[0].constant, str)
        if named and receiver.dotted in NAMESPACES:
            return self.namespace(receiver, args[0], str(args[0].constant), func)
        return None

    def _unknown(self, args: tuple[Value, ...], node: ast.AST) -> None:
        """A function nobody can name is given a command for a shell."""
        text = args[0].constant if args else None
        if isinstance(text, str) and len(text) < _LONGEST_COMMAND and is_attack(text):
            self.emit(Act.COMMAND, "a hidden function", node, args=args)

    def _unstarred(self, node: ast.Starred, args: tuple[Value, ...]) -> tuple[Value, ...]:
        items = self.value(node.value).items
        return items or args

    def call(
        self,
        callee: Value,
        args: tuple[Value, ...],
        named: Mapping[str, Value],
        node: ast.AST,
        receiver: Value = UNKNOWN,
    ) -> Value:
        """What a call gives back; its act is noted."""
        name = canonical(callee.dotted) if callee.dotted else ""
        act = act_of(name)
        values = (*args, *named.values())
        if act is not None:
            self.emit(act, name, node, args=args, named=dict(named), receiver=receiver)
        elif name.startswith(HOLE) and values and _may_start(callee):
            self.emit(Act.COMMAND, name.replace(HOLE, "?"), node, args=args, receiver=receiver)
        if name not in _TAKERS:
            for value in values:
                self.escapes(value, node)
        if callee.node is not None and not callee.instance:
            return self._own(callee, args, named)
        special = self._special(name, args, node, receiver)
        if special is not None:
            return special
        folded = None if self.saturated else fold.call(name, args)
        if folded is not None:
            return self.weigh(folded)
        return self._result(name, receiver, args, values)

    def _result(
        self, name: str, receiver: Value, args: tuple[Value, ...], values: tuple[Value, ...]
    ) -> Value:
        labels = labels_of(name, values) | receiver.labels
        if name in _ONE_VARIABLE:
            labels -= {WHOLE}
        text = receiver.text if name.startswith(_KEEP_PATH) else ""
        if act_of(name) in {Act.OPEN, Act.REQUEST, Act.NATIVE, Act.EXECUTE} and args:
            text = flat(args[0]) or args[0].text or text
        if name.startswith("builtins.") and not act_of(name):
            return Value(f"{name}()", text=text, labels=labels)
        return Value(f"{name}()" if name else "", text=text, labels=labels)

    def _own(self, callee: Value, args: tuple[Value, ...], named: Mapping[str, Value]) -> Value:
        """A call of a function or class of this module."""
        node = callee.node
        if isinstance(node, ast.ClassDef):
            members = self.members.get(node)
            start = members.names.get("__init__") if members else None
            if start is not None and start.node is not None:
                self._follow(start.node, args, named)
            return Value(node=node, instance=True)
        return self._follow(node, args, named) if node is not None else UNKNOWN

    def _follow(
        self, node: ast.AST, args: tuple[Value, ...], named: Mapping[str, Value]
    ) -> Value:
        if len(self.active) >= _FOLLOWED or node in self.active or self.exhausted:
            return UNKNOWN
        return self.body_of(node, args, named)

    def body_of(
        self, node: ast.AST, args: tuple[Value, ...], named: Mapping[str, Value]
    ) -> Value:
        """Walk the body of a function with its arguments; the value it returns."""
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return UNKNOWN
        outer, returned, in_class = self.scope, self.returned, self.in_class
        self.scope = Scope(outer=self.home_of(node))
        self.returned, self.in_class = [], False
        self.active.append(node)
        self._bind_arguments(node.args, args, named)
        if isinstance(node, ast.Lambda):
            self.returned.append(self.value(node.body))
        else:
            self.block(node.body)
        result = self.worst(*self.returned) if self.returned else UNKNOWN
        self.active.pop()
        self.scope, self.returned, self.in_class = outer, returned, in_class
        return result

    def home_of(self, node: ast.AST) -> Scope:
        """The names that the body of a function sees besides its own."""
        del node
        return self.scope

    def _bind_arguments(
        self, wanted: ast.arguments, args: tuple[Value, ...], named: Mapping[str, Value]
    ) -> None:
        names = [argument.arg for argument in (*wanted.posonlyargs, *wanted.args)]
        if names and names[0] in {"self", "cls"}:
            names = names[1:]
        unknown = Value(labels=frozenset({VARIABLE}))
        for place, name in enumerate(names):
            given = args[place] if place < len(args) else named.get(name, unknown)
            self.scope.names[name] = given
        for name in (argument.arg for argument in wanted.kwonlyargs):
            self.scope.names[name] = named.get(name, unknown)
        for rest in (wanted.vararg, wanted.kwarg):
            if rest is not None:
                self.scope.names[rest.arg] = unknown

    def decorate(self, decorators: list[ast.expr]) -> None:
        """A decorator is called with what stands below it."""
        for decorator in decorators:
            self.call(self.value(decorator), (UNKNOWN,), {}, decorator)

    def _special(
        self, name: str, args: tuple[Value, ...], node: ast.AST, receiver: Value
    ) -> Value | None:
        """Calls that lead to other names."""
        if name in _PATHS:
            return self._path(name, args)
        if name.startswith(_PATH_METHODS):
            return path_method(name.rpartition(".")[2], receiver, args)
        if not args:
            return None
        if name in _IMPORTERS:
            return self._imported(args[0])
        if name in _SAME and (args[0].dotted or args[0].node):
            return args[0]
        return self._applying(name, args, node)

    def _applying(self, name: str, args: tuple[Value, ...], node: ast.AST) -> Value | None:
        """Calls that look up or call a function they are given."""
        if name in {"builtins.getattr", "inspect.getattr_static"} and len(args) > 1:
            return self._looked_up(args, node)
        if name == "inspect.getmembers" and args[0].dotted in DANGEROUS_MODULES:
            self.emit(Act.LOOKUP, args[0].dotted, node, args=args)
        if name == "functools.reduce" and args[0].dotted == "builtins.getattr":
            return self._looked_up((args[-1], args[1]), node) if args[2:] else None
        if name in _APPLIERS and len(args) > 1:
            return self._applied(args, node)
        if name in {"operator.attrgetter", "operator.methodcaller"}:
            return self._getter(args, node)
        return None

    def _imported(self, module: Value) -> Value | None:
        if isinstance(module.constant, str):
            return Value(module.constant, labels=module.labels - {VARIABLE})
        return Value(f"{HOLE}module", labels=module.labels) if module.labels else None

    def _looked_up(self, args: tuple[Value, ...], node: ast.AST) -> Value:
        base, name = args[0], args[1]
        if isinstance(name.constant, str):
            found = self.attribute(base, name.constant, node)
            return labelled(found, name.labels - {VARIABLE})
        root = canonical(base.dotted).partition(".")[0]
        if root in DANGEROUS_MODULES and "(" not in base.dotted:
            self.emit(Act.LOOKUP, root, node, args=args)
        elif base.dotted.startswith(HOLE) and {DECODED, NETWORK} & base.labels:
            self.emit(Act.LOOKUP, "a computed module", node, args=args)
        return Value(labels=base.labels | name.labels)

    def _path(self, name: str, args: tuple[Value, ...]) -> Value:
        labels = frozenset[str]().union(*(arg.labels for arg in args))
        joined = fold.text("/".join(shown(arg) for arg in args), labels)
        if name.startswith("pathlib"):
            return Value("pathlib.Path()", text=joined.text, labels=labels)
        return joined

    def _applied(self, args: tuple[Value, ...], node: ast.AST) -> Value:
        """``map(f, items)``: each element, where all are known."""
        function, items = args[0], args[1]
        elements = items.items
        if elements is None and isinstance(items.constant, str | bytes | list):
            elements = tuple(constant(element) for element in items.constant)
        if elements is None or len(elements) > _MOST_ITEMS or self.exhausted:
            return self.call(function, (self.element(items),), {}, node)
        self.spend(len(elements))
        made = tuple(self.call(function, (element,), {}, node) for element in elements)
        result = sequence(made)
        return labelled(result, frozenset({ASSEMBLED}) | items.labels)

    def _getter(self, args: tuple[Value, ...], node: ast.AST) -> Value | None:
        if args and isinstance(args[0].constant, str):
            last = args[0].constant.rpartition(".")[2]
            if any(act_of(f"{module}.{last}") in RISKY for module in DANGEROUS_MODULES):
                self.emit(Act.LOOKUP, f"operator.attrgetter({last})", node, args=args)
        return None
