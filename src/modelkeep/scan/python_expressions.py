"""What an expression of a program would be, as far as reading it shows.

Constants are computed, containers keep their elements, and a text keeps the pieces that
are known. Every expression is walked, so that no call in it is missed.

Sources: Python language reference, expressions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from modelkeep.scan import python_fold as fold
from modelkeep.scan.python_names import OBJECT_WALK, Names
from modelkeep.scan.python_policy import act_of, canonical
from modelkeep.scan.python_scopes import Scope
from modelkeep.scan.python_values import (
    UNKNOWN,
    VARIABLE,
    Value,
    constant,
    joined,
    labelled,
    sequence,
    shown,
)

_DEEPEST: Final = 120
_STEPS: Final = 60_000
"""Most expressions that are walked again while calls and loops are followed."""
_HEAVIEST: Final = 64 << 20
"""Most characters that are computed for one module."""
_LOOKED_AT: Final = 100
_MOST_ITEMS: Final = 20_000
_MOST_PARTS: Final = 8


class Expressions(Names):
    """Evaluates expressions in the current scope and notes the acts in them."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[ast.AST] = []
        self._depth = 0
        self._steps = 0
        self._weight = 0
        self._kinds: dict[type, Callable[[Any], Value]] = {
            ast.Constant: lambda node: constant(node.value),
            ast.Name: self.name,
            ast.Attribute: lambda node: self.attribute_of(node, self.value(node.value)),
            ast.Call: self.call_of,
            ast.BinOp: self._binary,
            ast.JoinedStr: self._formatted,
            ast.FormattedValue: lambda node: self.value(node.value),
            ast.Subscript: self._subscript,
            ast.List: self._sequence,
            ast.Tuple: self._sequence,
            ast.Set: self._sequence,
            ast.Dict: self._map,
            ast.IfExp: self._choice,
            ast.BoolOp: self._either,
            ast.Lambda: self._lambda,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.NamedExpr: self._named,
            ast.UnaryOp: self._unary,
        }

    @property
    def exhausted(self) -> bool:
        """Whether enough was walked again."""
        return self._steps > _STEPS

    def spend(self, steps: int) -> None:
        """Account for what is walked again."""
        self._steps += steps

    @property
    def saturated(self) -> bool:
        """Whether enough was computed: from here on only origins are followed."""
        return self._weight > _HEAVIEST

    def weigh(self, value: Value) -> Value:
        """Account for what was computed."""
        made = value.constant
        self._weight += len(value.text)
        self._weight += len(made) if isinstance(made, bytes | list) else 1
        return value

    def value(self, node: ast.expr) -> Value:
        """What an expression would be."""
        self._depth += 1
        if self.active:
            self._steps += 1
        try:
            if self._depth > _DEEPEST:
                return self._shallow(node)
            return self._kinds.get(type(node), self._parts)(node)
        finally:
            self._depth -= 1

    def _shallow(self, root: ast.expr) -> Value:
        """Calls by plain name in a tree too deep to follow."""
        for node in ast.walk(root):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = self._plain(node.func)
                act = act_of(name)
                if act is not None:
                    self.emit(act, canonical(name), node)
        return UNKNOWN

    def _plain(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute) and len(parts) < _MOST_PARTS:
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.name(node).dotted or node.id, *reversed(parts)])

    def _parts(self, node: ast.expr) -> Value:
        labels = frozenset[str]()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                labels |= self.value(child).labels
        return Value(labels=labels)

    def _binary(self, node: ast.BinOp) -> Value:
        spine: list[ast.BinOp] = [node]
        while isinstance(spine[-1].left, ast.BinOp):  # long sums lean to the left
            spine.append(spine[-1].left)
        result = self.value(spine[-1].left)
        for part in reversed(spine):
            right = self.value(part.right)
            if isinstance(part.op, ast.Div) and result.dotted.startswith("pathlib."):
                text = f"{result.text}/{shown(right)}"
                result = Value("pathlib.Path()", text=text, labels=joined(result, right))
            elif self.saturated:
                result = Value(labels=joined(result, right))
            else:
                result = self.weigh(fold.binary(part.op, result, right))
        return result

    def _formatted(self, node: ast.JoinedStr) -> Value:
        pieces = [self.value(piece) for piece in node.values]
        if self.saturated:
            return Value(labels=joined(*pieces))
        text = "".join(shown(piece) for piece in pieces)
        return self.weigh(fold.text(text, joined(*pieces)))

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            ends = [self.value(e).constant if e else None
                    for e in (node.slice.lower, node.slice.upper, node.slice.step)]  # fmt: skip
            plain = all(end is None or isinstance(end, int) for end in ends)
            return fold.subscript(base, UNKNOWN, slice(*ends) if plain else None)
        if base.dotted == OBJECT_WALK:
            return base
        index = self.value(node.slice)
        key = index.constant
        if isinstance(key, str) and base.dotted:
            return self.namespace(base, index, key, node)
        return fold.subscript(base, index, None)

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        items = tuple(self.value(item) for item in node.elts[:_MOST_ITEMS])
        for item in items:
            self.escapes(item, node)
        for rest in node.elts[_MOST_ITEMS:]:
            if not isinstance(rest, ast.Constant):
                self.value(rest)
        return sequence(items)

    def _map(self, node: ast.Dict) -> Value:
        keys = [self.value(key) if key is not None else UNKNOWN for key in node.keys]
        values = [self.value(item) for item in node.values]
        for item in values:
            self.escapes(item, node)
        labels = joined(*values)
        known = all(k.known and isinstance(k.constant, str | int) for k in keys)
        if known and all(item.known for item in values):
            pairs = zip(keys, values, strict=True)
            return Value(constant={k.constant: v.constant for k, v in pairs}, labels=labels)
        return Value(items=tuple(values), labels=labels)

    def _choice(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        return self.worst(self.value(node.body), self.value(node.orelse))

    def _either(self, node: ast.BoolOp) -> Value:
        return self.worst(*(self.value(part) for part in node.values))

    def worst(self, *values: Value) -> Value:
        """The one of several possible values that can do most harm."""
        chosen = next((v for v in values if act_of(v.dotted)), None)
        chosen = chosen or next((v for v in values if v.known or v.dotted or v.text), values[0])
        return labelled(chosen, joined(*values))

    def _lambda(self, node: ast.Lambda) -> Value:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.value(default)
        self.body_of(node, (), {})
        return Value(node=node)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> Value:
        outer = self.scope
        self.scope = Scope(outer=outer, objects=outer.objects)
        first = self.value(node.generators[0].iter)
        if len(node.generators) == 1 and isinstance(node, ast.ListComp | ast.GeneratorExp):
            made = self._unrolled(node, first)
            if made is not None:
                self.scope = outer
                return made
        for place, generator in enumerate(node.generators):
            over = first if place == 0 else self.value(generator.iter)
            self.bind(generator.target, self.element(over))
            for test in generator.ifs:
                self.value(test)
        if isinstance(node, ast.DictComp):
            self.value(node.key)
            result = self.value(node.value)
        else:
            result = self.value(node.elt)
        self.scope = outer
        self.escapes(result, node)
        return Value(labels=first.labels | result.labels)

    def _unrolled(self, node: ast.ListComp | ast.GeneratorExp, over: Value) -> Value | None:
        """``chr(c ^ 7) for c in [...]``: element by element while all are known."""
        elements = over.constant
        if not isinstance(elements, str | bytes | list) or node.generators[0].ifs:
            return None
        if self.exhausted or len(elements) > _MOST_ITEMS:
            return None
        self.spend(4 * len(elements))
        made: list[Value] = []
        for element in elements:
            self.bind(node.generators[0].target, constant(element))
            made.append(self.value(node.elt))
            if not made[-1].known:
                return None
        return labelled(sequence(tuple(made)), over.labels)

    def _named(self, node: ast.NamedExpr) -> Value:
        result = self.value(node.value)
        self.bind(node.target, result)
        return result

    def _unary(self, node: ast.UnaryOp) -> Value:
        inner = self.value(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(inner.constant, int):
            return constant(-inner.constant, inner.labels)
        if isinstance(node.op, ast.Invert) and isinstance(inner.constant, int):
            return constant(~inner.constant, inner.labels)
        return Value(labels=inner.labels)

    def element(self, over: Value) -> Value:
        """What a loop variable is bound to: the first element stands for all."""
        if over.items:
            some = over.items[:_LOOKED_AT]
            worst = next((item for item in some if act_of(item.dotted)), some[0])
            return labelled(worst, over.labels | {VARIABLE})
        return Value(labels=over.labels | {VARIABLE})
