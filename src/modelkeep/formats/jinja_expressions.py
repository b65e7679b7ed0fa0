"""Fold the expressions of a template and note the names they reach.

An expression has one or more possible values; see ``jinja_values`` for the marks of those that
are no constants.

Sources: Jinja 3.1 syntax nodes; CVE-2024-34359, CVE-2026-5760.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from jinja2 import nodes

from modelkeep.core import LimitExceededError
from modelkeep.formats.jinja_names import (
    FORMAT_FIELD,
    FUNCTIONS,
    INTERNAL_NAME,
    INTERNAL_TEXT,
    MODULES,
    PROSE,
    RUNNING,
    SINKS,
)
from modelkeep.formats.jinja_scope import Event, Namespace, Options, Scope, options_of, product
from modelkeep.formats.jinja_values import (
    BUILT,
    HUGE,
    UNKNOWN,
    Mark,
    binary,
    filtered,
    item,
    join_text,
    method,
    span,
)

_STEPS: Final = 200_000
_DEPTH: Final = 150
_CALLS_DEEP: Final = 3


Run = Callable[[nodes.Macro, Sequence[Options], Scope, Scope], Options]
"""Walks the statements of a macro with what it is called with: the text it writes."""


class Expressions:
    """Folds expressions; what it notes is in ``events``.

    Args:
        run: walks a macro that an expression calls.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.events: list[Event] = []
        self.macros: dict[str, nodes.Macro] = {}
        self.running: list[str] = []
        self.steps = 0
        self.depth = 0

    def note(self, kind: str, node: nodes.Node, text: object) -> None:
        """Keep an event."""
        self.events.append(Event(kind, node.lineno, str(text)[:120]))

    def value(self, node: nodes.Node, scope: Scope) -> Options:
        """The values an expression may have.

        Raises:
            LimitExceededError: more steps than a template takes, or nested too deep.
        """
        self.steps += 1
        self.depth += 1
        if self.steps > _STEPS or self.depth > _DEPTH:
            raise LimitExceededError("template of too many steps, or nested too deep")
        options = self._fold(node, scope)
        self.depth -= 1
        for option in options:
            if option is HUGE:
                self.note("huge", node, "a value too large to be of use")
            elif isinstance(option, str) and not isinstance(node, nodes.TemplateData):
                self._check_text(node, option)
        return tuple(UNKNOWN if option is HUGE else option for option in options)

    def _check_text(self, node: nodes.Node, text: str) -> None:
        """Note a text that is such a name or a format that asks for one; prose is neither."""
        found = INTERNAL_TEXT.search(text) if "_" in text else None
        if found and (not PROSE.search(text) or FORMAT_FIELD.search(text)):
            self.note("internal", node, found.group())

    def _fold(self, node: nodes.Node, scope: Scope) -> Options:
        fold = _FOLDS.get(type(node))
        if fold is not None:
            options: Options = getattr(self, fold)(node, scope)
            return options
        if isinstance(node, nodes.BinExpr):
            return self._binary(node, scope)
        for inner in node.iter_child_nodes():
            self.value(inner, scope)
        return (UNKNOWN,)

    def _constant(self, node: nodes.Const, _: Scope) -> Options:
        return (node.value,)

    def _data(self, node: nodes.TemplateData, _: Scope) -> Options:
        return (node.data,)

    def _name(self, node: nodes.Name, scope: Scope) -> Options:
        return scope.get(node.name, (UNKNOWN,))

    def _list(self, node: nodes.List, scope: Scope) -> Options:
        return product(list, [self.value(each, scope) for each in node.items])

    def _tuple(self, node: nodes.Tuple, scope: Scope) -> Options:
        return product(tuple, [self.value(each, scope) for each in node.items])

    def _dict(self, node: nodes.Dict, scope: Scope) -> Options:
        keys = [self.value(pair.key, scope)[0] for pair in node.items]
        values = [self.value(pair.value, scope) for pair in node.items]
        if not all(isinstance(key, str | int) for key in keys):
            return (UNKNOWN,)
        return product(lambda chosen: dict(zip(keys, chosen, strict=True)), values)

    def _concat(self, node: nodes.Concat, scope: Scope) -> Options:
        return product(join_text, [self.value(each, scope) for each in node.nodes])

    def _binary(self, node: nodes.BinExpr, scope: Scope) -> Options:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        name = type(node).__name__.lower()
        if name in ("and", "or"):
            return options_of((*left, *right))
        return product(lambda pair: binary(name, pair[0], pair[1]), [left, right])

    def _compare(self, node: nodes.Compare, scope: Scope) -> Options:
        for each in (node.expr, *(operand.expr for operand in node.ops)):
            self.value(each, scope)
        return (UNKNOWN,)

    def _condition(self, node: nodes.CondExpr, scope: Scope) -> Options:
        self.value(node.test, scope)
        other = self.value(node.expr2, scope) if node.expr2 is not None else ("",)
        return options_of((*self.value(node.expr1, scope), *other))

    def _negative(self, node: nodes.Neg, scope: Scope) -> Options:
        return product(lambda v: binary("sub", 0, v[0]), [self.value(node.node, scope)])

    def _attribute(self, node: nodes.Getattr, scope: Scope) -> Options:
        self._check_name(node, node.attr)
        self._check_function(node.node, scope, node)
        return self._get(self.value(node.node, scope), (node.attr,))

    def _subscript(self, node: nodes.Getitem, scope: Scope) -> Options:
        base = self.value(node.node, scope)
        if isinstance(node.arg, nodes.Slice):
            return self._slice(node.arg, base, scope)
        keys = self.value(node.arg, scope)
        for key in keys:
            if isinstance(key, str):
                self._check_name(node, key)
                self._check_function(node.node, scope, node)
            elif key is BUILT:
                self.note("computed", node, "a subscript")
        if _is_text_of_object(node.node, base) and isinstance(keys[0], int):
            return (BUILT,)
        return self._get(base, keys)

    def _slice(self, node: nodes.Slice, base: Options, scope: Scope) -> Options:
        bounds = (node.start, node.stop, node.step)
        ends = [self.value(each, scope) if each is not None else (None,) for each in bounds]
        if any(isinstance(end[0], Mark) for end in ends):
            return (UNKNOWN,)
        return product(lambda v: item(v[0], slice(v[1], v[2], v[3])), [base, *ends])

    def _get(self, base: Options, keys: Options) -> Options:
        found: list[object] = []
        for value, key in itertools.product(base, keys):
            if isinstance(value, Namespace):
                found += value.values.get(str(key), (UNKNOWN,))
            else:
                found.append(item(value, key))
        return options_of(found)

    def _check_name(self, node: nodes.Node, name: str) -> None:
        """Note an attribute that ordinary data does not have."""
        if INTERNAL_NAME.fullmatch(name):
            self.note("internal", node, name)
        if name in SINKS:
            self.note("sink", node, name)
        elif name in RUNNING:
            self.note("runs", node, name)

    def _check_function(self, base: nodes.Node, scope: Scope, node: nodes.Node) -> None:
        if isinstance(base, nodes.Name) and base.name in FUNCTIONS and base.name not in scope:
            self.note("internal", node, f"what lies behind the function {base.name}")

    def _filter(self, node: nodes.Filter, scope: Scope) -> Options:
        inner = self.value(node.node, scope) if node.node is not None else (UNKNOWN,)
        return self.filter(node, scope, inner)

    def filter(self, node: nodes.Filter, scope: Scope, inner: Options) -> Options:
        """A filter applied to values."""
        arguments = [self.value(each, scope) for each in node.args]
        named = {pair.key: self.value(pair.value, scope) for pair in node.kwargs}
        self._extra(node, scope)
        if node.name == "attr":
            return self._attr(node, scope, inner, arguments)
        if node.name == "map" and arguments:
            self._map(node, arguments)
        if any(BUILT in options for options in (*arguments[:2], *named.values())) and (
            node.name in ("map", "selectattr", "rejectattr", "groupby", "sort", "sum", "unique")
        ):
            self.note("computed", node, f"an argument of {node.name}")
        if named and node.name not in ("join", "replace"):
            return (UNKNOWN,)
        every = [inner, *arguments, *named.values()]
        name = node.name
        return product(lambda values: filtered(name, values[0], values[1:]), every)

    def _attr(
        self, node: nodes.Filter, scope: Scope, inner: Options, arguments: Sequence[Options]
    ) -> Options:
        names = arguments[0] if arguments else (UNKNOWN,)
        for name in names:
            if isinstance(name, str):
                self._check_name(node, name)
            else:
                self.note("computed", node, "the name given to |attr")
        if node.node is not None:
            self._check_function(node.node, scope, node)
        return (UNKNOWN,) if arguments else inner

    def _map(self, node: nodes.Filter, arguments: Sequence[Options]) -> None:
        for name in arguments[0]:
            if not isinstance(name, str):
                self.note("computed", node, "the filter given to map")
            elif name == "attr":
                for each in arguments[1] if len(arguments) > 1 else (UNKNOWN,):
                    if isinstance(each, str):
                        self._check_name(node, each)
                    else:
                        self.note("computed", node, "the name given to map('attr')")

    def _extra(self, node: nodes.Filter | nodes.Call, scope: Scope) -> None:
        for each in (node.dyn_args, node.dyn_kwargs):
            if each is not None:
                self.value(each, scope)

    def _call(self, node: nodes.Call, scope: Scope) -> Options:
        target = node.node
        arguments = [self.value(each, scope) for each in node.args]
        named = {pair.key: self.value(pair.value, scope) for pair in node.kwargs}
        self._extra(node, scope)
        if isinstance(target, nodes.Name):
            return self._function(node, target.name, arguments, named, scope)
        if isinstance(target, nodes.Getattr):
            name = target.attr
            self._check_name(target, name)
            self._check_function(target.node, scope, target)
            self._check_module(target, scope)
            base = self.value(target.node, scope)
            return product(lambda v: method(v[0], name, v[1:]), [base, *arguments])
        self.value(target, scope)
        return (UNKNOWN,)

    def _check_module(self, node: nodes.Getattr, scope: Scope) -> None:
        base = node.node
        if isinstance(base, nodes.Name) and base.name in MODULES and base.name not in scope:
            self.note("sink", node, f"{base.name}.{node.attr}")

    def _function(
        self,
        node: nodes.Call,
        name: str,
        arguments: Sequence[Options],
        named: Scope,
        scope: Scope,
    ) -> Options:
        macro = self.macros.get(name)
        if macro is not None:
            return self._macro(macro, arguments, named, scope)
        if name == "namespace":
            return (Namespace(named),)
        if name == "dict" and not arguments:
            return product(lambda v: dict(zip(named, v, strict=True)), list(named.values()))
        if name == "range":
            return product(span, arguments)
        if name == "lipsum" and any(
            type(v) is int and v > 10_000 for o in named.values() for v in o
        ):
            return (HUGE,)
        if name in RUNNING and name not in scope:
            self.note("sink", node, name)
        return (UNKNOWN,)

    def _macro(
        self, macro: nodes.Macro, arguments: Sequence[Options], named: Scope, scope: Scope
    ) -> Options:
        """A call of a macro with constants; with unknown values it was walked already."""
        every = (*arguments, *named.values())
        unknown = all(isinstance(value, Mark) for options in every for value in options)
        too_deep = macro.name in self.running or len(self.running) >= _CALLS_DEEP
        if too_deep or (every and unknown):
            return (UNKNOWN,)
        self.running.append(macro.name)
        result = self._run(macro, arguments, named, scope)
        self.running.pop()
        return result


def _is_text_of_object(node: nodes.Node, base: Options) -> bool:
    """Whether characters are picked out of what Python prints for an object."""
    while isinstance(node, nodes.Filter) and node.name in ("list", "string"):
        if node.name == "string":
            return isinstance(base[0], Mark)
        if node.node is None:
            return False
        node = node.node
    return False


_FOLDS: Final[dict[type[nodes.Node], str]] = {
    nodes.Const: "_constant",
    nodes.TemplateData: "_data",
    nodes.Name: "_name",
    nodes.List: "_list",
    nodes.Tuple: "_tuple",
    nodes.Dict: "_dict",
    nodes.Concat: "_concat",
    nodes.Compare: "_compare",
    nodes.CondExpr: "_condition",
    nodes.Neg: "_negative",
    nodes.Getattr: "_attribute",
    nodes.Getitem: "_subscript",
    nodes.Filter: "_filter",
    nodes.Call: "_call",
}
