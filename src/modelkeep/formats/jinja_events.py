"""Walk a template as its renderer would and note what its expressions reach.

Every expression is folded: constants give constants, data that only a request brings is
unknown. Both ways of a condition are taken, a loop over constants goes round, names and
namespaces keep every value they may have. So a name of Python's internals comes to light
wherever it is put together, and a name that cannot be known is noted as such.

Sources: Jinja 3.1 syntax nodes; CVE-2024-34359, CVE-2026-5760.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from jinja2 import nodes

from modelkeep.core import LimitExceededError
from modelkeep.formats.jinja_expressions import Expressions
from modelkeep.formats.jinja_scope import (
    Event,
    Namespace,
    Options,
    Scope,
    loop_values,
    options_of,
    product,
)
from modelkeep.formats.jinja_values import UNKNOWN, item, join_text

_ROUNDS: Final = 4096
"""Most rounds of nested loops over constants that are walked one by one."""
_MOST_ROUNDS: Final = 10_000_000


def events_of(tree: nodes.Template) -> Iterator[Event]:
    """Every event of a template, each once.

    Raises:
        LimitExceededError: more steps than a template takes, or nested too deep; what was
            found before has been yielded.
    """
    walk = _Walk()
    stopped: LimitExceededError | None = None
    try:
        walk.body(tree.body, {})
    except LimitExceededError as error:
        stopped = error
    except RecursionError:
        stopped = LimitExceededError("template nested too deep")
    yield from dict.fromkeys(walk.events)
    if stopped is not None:
        raise stopped


class _Walk(Expressions):
    """Walks statements; each gives the text it would write, as far as that is constant."""

    def __init__(self) -> None:
        super().__init__(self.run)
        self.uncertain = 0
        self.rounds = 1
        self.factor = 1

    def body(self, statements: Sequence[nodes.Node], scope: Scope) -> Options:
        """Walk statements and give their output."""
        outputs: list[Options] = [self.statement(node, scope) for node in statements]
        return product(join_text, outputs) if outputs else ("",)

    def statement(self, node: nodes.Node, scope: Scope) -> Options:
        """Walk one statement."""
        if isinstance(node, nodes.Output):
            return product(join_text, [self.value(n, scope) for n in node.nodes])
        if isinstance(node, nodes.If):
            return self.condition(node, scope)
        if isinstance(node, nodes.For):
            return self.loop(node, scope)
        if isinstance(node, nodes.Assign):
            self.assign(node.target, self.value(node.node, scope), scope)
        elif isinstance(node, nodes.AssignBlock):
            text = self.body(node.body, dict(scope))
            if node.filter is not None:
                text = self.filter(node.filter, scope, text)
            self.assign(node.target, text, scope)
        elif isinstance(node, nodes.Macro):
            self.macro(node, scope)
        elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            self.include(node, scope)
        else:
            return self.other(node, scope)
        return ("",)

    def other(self, node: nodes.Node, scope: Scope) -> Options:
        """Any further statement: walk what is in it."""
        inner = dict(scope)
        if isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=True):
                self.assign(target, self.value(value, scope), inner)
        if isinstance(node, nodes.CallBlock):
            self.value(node.call, scope)
        if isinstance(node, nodes.ExprStmt):
            self.value(node.node, scope)
        body = getattr(node, "body", [])
        text = self.body(body, inner) if isinstance(body, list) else ("",)
        return (
            self.filter(node.filter, inner, text)
            if isinstance(node, nodes.FilterBlock)
            else text
        )

    def condition(self, node: nodes.If, scope: Scope) -> Options:
        self.value(node.test, scope)
        branches = [node.body, node.else_]
        for other in node.elif_:
            self.value(other.test, scope)
            branches.insert(-1, other.body)
        self.uncertain += 1
        outputs = [self.body(branch, scope) for branch in branches]
        self.uncertain -= 1
        return options_of(itertools.chain.from_iterable(outputs))

    def loop(self, node: nodes.For, scope: Scope) -> Options:
        choices = self.value(node.iter, scope)
        items = choices[0] if len(choices) == 1 else UNKNOWN
        items = list(items) if isinstance(items, str | dict | list | tuple) else UNKNOWN
        count = len(items) if isinstance(items, list) else self.long_range(node.iter, scope)
        factor, self.factor = self.factor, self.factor * max(count, 1)
        if self.factor > _MOST_ROUNDS:
            self.note("huge", node, f"{self.factor} rounds of nested loops")
        if not isinstance(items, list) or count * self.rounds > _ROUNDS:
            self.uncertain += 1
            self.round(node, UNKNOWN, UNKNOWN, scope)
            self.uncertain -= 1
            outputs: list[Options] = [(UNKNOWN,)]
        else:
            rounds, self.rounds = self.rounds, self.rounds * max(count, 1)
            outputs = [
                self.round(node, each, loop_values(place, items), scope)
                for place, each in enumerate(items)
            ]
            self.rounds = rounds
        self.factor = factor
        self.body(node.else_, dict(scope))
        return product(join_text, outputs) if outputs else ("",)

    def long_range(self, node: nodes.Node, scope: Scope) -> int:
        """How often a loop goes round over a range that is too long to be walked."""
        if not (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)):
            return 1
        bounds = [self.value(argument, scope)[0] for argument in node.args]
        numbers = [bound for bound in bounds if type(bound) is int]
        if node.node.name != "range" or not numbers or len(numbers) < len(bounds):
            return 1
        start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
        step = numbers[2] if len(numbers) > 2 else 1
        return max(0, (stop - start) // step) if step else 1

    def round(self, node: nodes.For, each: object, loop: object, scope: Scope) -> Options:
        inner = {**scope, "loop": (loop,)}
        self.assign(node.target, (each,), inner)
        if node.test is not None:
            self.value(node.test, inner)
        return self.body(node.body, inner)

    def assign(self, target: nodes.Node, options: Options, scope: Scope) -> None:
        """Bind a name; where that is not sure to happen, the values before stay possible."""
        if isinstance(target, nodes.Tuple):
            for place, inner in enumerate(target.items):
                each = options_of(item(value, place) for value in options)
                self.assign(inner, each, scope)
        elif isinstance(target, nodes.NSRef):
            for space in scope.get(target.name, ()):
                if isinstance(space, Namespace):
                    space.values[target.attr] = self.merged(
                        space.values.get(target.attr), options
                    )
        elif isinstance(target, nodes.Name):
            scope[target.name] = self.merged(scope.get(target.name), options)

    def merged(self, before: Options | None, options: Options) -> Options:
        return options_of((*options, *(before or ()))) if self.uncertain else options

    def macro(self, node: nodes.Macro, scope: Scope) -> None:
        self.macros[node.name] = node
        self.uncertain += 1
        self.run(node, [], {}, scope)
        self.uncertain -= 1

    def run(
        self,
        node: nodes.Macro,
        arguments: Sequence[Options],
        named: Scope,
        scope: Scope,
    ) -> Options:
        """Walk a macro with what it is called with."""
        inner = dict(scope)
        defaults = [self.value(default, scope) for default in node.defaults]
        names = [argument.name for argument in node.args]
        inner.update(dict.fromkeys(names, (UNKNOWN,)))
        inner.update(zip(names[len(names) - len(defaults) :], defaults, strict=False))
        inner.update(zip(names, arguments, strict=False))
        inner.update({name: value for name, value in named.items() if name in names})
        return self.body(node.body, inner)

    def include(self, node: nodes.Node, scope: Scope) -> None:
        template = getattr(node, "template", None)
        if not isinstance(template, nodes.Expr):
            return
        for name in self.value(template, scope):
            names = name if isinstance(name, list | tuple) else [name]
            for each in names:
                if not isinstance(each, str):
                    self.note("include", node, "a computed name")
                elif each.startswith(("/", "\\", "~")) or ".." in each or ":" in each:
                    self.note("include", node, each)
