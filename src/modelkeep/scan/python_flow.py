"""What a module would do: every act in it, with its arguments as far as they are known.

The tree is walked as a program would run it, without running it: imports and
assignments bind names, constants are computed, calls of the module's own functions are
followed with their arguments, text that is executed is parsed and walked too.

Sources: the usual method of abstract interpretation; CPython ``ast``.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.python_source import PythonSource, parse
from modelkeep.scan.python_calls import Calls
from modelkeep.scan.python_event import Event
from modelkeep.scan.python_policy import ACTS, Act
from modelkeep.scan.python_scopes import (
    Place,
    Scope,
    is_script_guard,
    is_type_guard,
    place_of,
)
from modelkeep.scan.python_siblings import Beside, Siblings, siblings
from modelkeep.scan.python_values import UNKNOWN, Value, flat

_NESTED: Final = 4
"""Deepest code inside text inside code."""
_DEEPEST: Final = 60
"""Deepest block that is walked; Python's own parser ends at 100."""

__all__ = ["Event", "events"]


@functools.lru_cache(maxsize=1)
def events(
    source: PythonSource, path: str = "", beside: Beside | None = None
) -> tuple[Event, ...]:
    """Every act of a module, in the order of its lines; one tree is walked once.

    Args:
        source: the module.
        path: its shown name.
        beside: reads the files it lies among, so that calls into them can be followed.
    """
    find = None if beside is None else siblings(path, beside)
    return tuple(_walk(source.tree, 0, Place.IMPORT, find))


def events_in(source: PythonSource) -> list[Event]:
    """Every act of a piece of code that stands in another module."""
    return _walk(source.tree, _NESTED, Place.IMPORT)


def _walk(
    tree: ast.Module, depth: int, place: Place, find: Siblings | None = None
) -> list[Event]:
    walk = Walk(find)
    walk.module(tree, place)
    found: dict[tuple[int, str, bool], Event] = {}
    for event in walk.events:
        key = (event.line, event.name, event.called)
        old = found.get(key)
        if old is None or _weight(event) > _weight(old):
            found[key] = event
    result = sorted(found.values(), key=lambda event: event.line)
    if depth < _NESTED:
        for event in [e for e in result if e.act is Act.EXECUTE and e.args]:
            result += _inner(event, depth)
    return result


def _weight(event: Event) -> tuple[int, int]:
    return event.place.rank, len(event.labels)


def _inner(event: Event, depth: int) -> list[Event]:
    """The acts of text that is run as code."""
    value = event.args[0]
    if not isinstance(value.constant, str | bytes | bytearray):
        return []
    try:
        tree = parse(flat(value).lstrip("@ "))  # pandas marks names of Python so
    except MalformedArtifactError:
        return []
    return [
        replace(e, line=event.line, place=min(e.place, event.place, key=lambda p: p.rank))
        for e in _walk(tree, depth + 1, Place.IMPORT)
    ]


class Walk(Calls):
    """Statements of one module; expressions are the parent class's."""

    def __init__(self, find: Siblings | None = None) -> None:
        super().__init__()
        self._find = find
        self._homes: dict[ast.AST, Scope] = {}
        self._called_at = 0
        self.events: list[Event] = []
        self._modules: dict[ast.Module, ast.ClassDef] = {}
        self._waiting: list[tuple[ast.AST, Scope, Place]] = []
        self._queued: set[ast.AST] = set()
        self._blocks = 0
        self._statements: dict[type, Callable[[Any], None]] = {
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Return: self._return,
            ast.Match: self._match,
        }

    @property
    def defined(self) -> list[tuple[ast.AST, Scope, Place]]:
        """Functions, the names they see and when they run."""
        return self._waiting

    def module(self, tree: ast.Module, place: Place) -> None:
        """Walk a module, then the bodies of functions nobody in it called."""
        self.scope, self.place = Scope(), place
        self.block(tree.body)
        for node, scope, when in self._waiting:  # grows while it is walked
            self.scope, self.place = scope, when
            self.body_of(node, (), {})

    def emit(self, act: Act, name: str, node: ast.AST, **more: object) -> None:
        """Note an act."""
        line = self._called_at or getattr(node, "lineno", 0)
        self.events.append(Event(act, name, self.place, line, **more))  # type: ignore[arg-type]

    def block(self, statements: list[ast.stmt]) -> None:
        """Walk statements in order."""
        self._blocks += 1
        if self._blocks <= _DEEPEST:
            for statement in statements:
                self._statements.get(type(statement), self._other)(statement)
        self._blocks -= 1

    def _other(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.block([child])
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                self.block(child.body)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            shown = alias.asname or alias.name.partition(".")[0]
            plain = alias.asname or "." not in alias.name
            own = self._module(alias.name, 0) if plain else None
            self.scope.names[shown] = own or Value(alias.name if alias.asname else shown)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        own = self._module(node.module or "", node.level)
        scope = (
            self.members[own.node] if own and isinstance(own.node, ast.ClassDef) else Scope()
        )
        for alias in node.names:
            if alias.name != "*":
                known = scope.names.get(alias.name) if own else None
                if known is None or known.node is None:
                    inner = ".".join(filter(None, (node.module, alias.name)))
                    known = self._module(inner, node.level)
                found = known or Value(f"{module}.{alias.name}")
                self.scope.names[alias.asname or alias.name] = found
                continue
            self.scope.names |= {k: v for k, v in scope.names.items() if v.node is not None}
            for name in ACTS:
                start, _, last = name.rpartition(".")
                if start == module:
                    self.scope.names[last] = Value(name)

    def _module(self, name: str, level: int) -> Value | None:
        """A module of the same artifact, as a class whose members are its functions."""
        tree = self._find(name, level) if self._find is not None else None
        if tree is None:
            return None
        if tree not in self._modules:
            inner = Walk()
            inner.block(tree.body)
            self._homes |= {node: scope for node, scope, _ in inner.defined}
            self.members |= inner.members
            self._modules[tree] = ast.ClassDef(name, [], [], [], [])
            self.members[self._modules[tree]] = inner.scope
        return Value(node=self._modules[tree])

    def call(
        self,
        callee: Value,
        args: tuple[Value, ...],
        named: Mapping[str, Value],
        node: ast.AST,
        receiver: Value = UNKNOWN,
    ) -> Value:
        """What a call gives back; acts in another module stand where it is called."""
        before = self._called_at
        if not before and callee.node in self._homes:
            self._called_at = getattr(node, "lineno", 0)
        result = super().call(callee, args, named, node, receiver)
        self._called_at = before
        return result

    def home_of(self, node: ast.AST) -> Scope:
        """The names that a function of another module sees."""
        return self._homes.get(node, self.scope)

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        self.annotation(node.annotation)
        if node.value is not None:
            self.bind(node.target, self.value(node.value))

    def annotation(self, node: ast.expr | None) -> None:
        """An annotation is an expression too, and runs where it stands."""
        if node is not None and not isinstance(node, ast.Name | ast.Constant):
            for call in ast.walk(node):
                if isinstance(call, ast.Call):
                    self.value(call)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.bind(node.target, self.value(ast.BinOp(node.target, node.op, node.value)))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.value(default)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            self.annotation(argument.annotation)
        self.annotation(node.returns)
        self.decorate(node.decorator_list)
        self.scope.names[node.name] = Value(node=node)
        if node not in self._queued:
            self._queued.add(node)
            when = place_of(node, self.in_class, self.place)
            self._waiting.append((node, self.scope, when))

    def _class(self, node: ast.ClassDef) -> None:
        for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
            self.value(base)
        self.decorate(node.decorator_list)
        outer, was = self.scope, self.in_class
        outer.names[node.name] = Value(node=node)
        self.scope = Scope(outer=outer)
        self.in_class = True
        self.block(node.body)
        self.members[node] = self.scope
        self.scope, self.in_class = outer, was

    def _if(self, node: ast.If) -> None:
        branch: ast.stmt | None = node
        while isinstance(branch, ast.If):  # an elif chain is as deep as it is long
            following = branch.orelse
            self._branch(branch)
            if len(following) == 1 and isinstance(following[0], ast.If):
                branch = following[0]
            else:
                self.block(following)
                branch = None

    def _branch(self, node: ast.If) -> None:
        before = self.place
        if is_type_guard(node.test) or (
            is_script_guard(node.test) and self.place is Place.IMPORT
        ):
            self.place = Place.SCRIPT
        else:
            self.value(node.test)
        self.block(node.body)
        self.place = before

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.bind(node.target, self.element(self.value(node.iter)))
        self.block(node.body)
        self.block(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        self.block(node.body)

    def _match(self, node: ast.Match) -> None:
        subject = self.value(node.subject)
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None)
                if isinstance(name, str):
                    whole = pattern is case.pattern
                    self.scope.names[name] = subject if whole else self.element(subject)
            if case.guard is not None:
                self.value(case.guard)
            self.block(case.body)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.returned.append(self.value(node.value))
