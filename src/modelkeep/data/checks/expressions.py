"""A small language for rules over several columns: parsed, never executed.

    low <= high
    kind in ["a", "b"] or amount > 0
    abs(total - (net + tax)) < 0.01
    not missing(reason) or status == "ok"
    column("unit price") >= 0

Names are columns. What compares with a missing cell is neither true nor false, and a rule
that is not false holds, as in SQL's CHECK. Text of a schema is foreign: it is read by
Python's parser, and only the kinds of nodes listed here are worked out.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modelkeep.data.checks.interface import CannotRunError, View
from modelkeep.data.checks.nulls import absent
from modelkeep.data.checks.types import kind_of

_LONGEST: Final = 2_000  # characters
_DEEPEST: Final = 40
_EXACT: Final = 2**53  # whole numbers beyond are not all float64
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_COMPUTE: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


@dataclass(frozen=True, slots=True)
class _Truth:
    """True and false per row; a row that is neither is unknown."""

    yes: np.ndarray
    no: np.ndarray


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts as objects, ``None`` where missing."""

    values: np.ndarray


Value = _Truth | _Texts | np.ndarray


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed rule.

    Attributes:
        text: as written.
        tree: its syntax.
        columns: the columns it names, in order of appearance.
    """

    text: str
    tree: ast.expr
    columns: tuple[str, ...]

    def false_rows(self, view: View) -> np.ndarray:
        """Rows for which it is false, shape ``(rows,)``, bool.

        Raises:
            CannotRunError: a column is absent or of a type that fits no such use.
        """
        with np.errstate(all="ignore"):  # a division by zero is unknown, not a fault
            found = _value(self.tree, view)
        if not isinstance(found, _Truth):
            raise CannotRunError(f"{self.text!r} is no condition")
        return found.no


def parse_expression(text: str) -> Expression:
    """Parse a rule.

    Raises:
        CannotRunError: it is not of this language.
    """
    if len(text) > _LONGEST:
        raise CannotRunError(f"an expression is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotRunError(f"{text!r} is no expression ({error})") from error
    columns: dict[str, None] = {}
    _require_known(tree, columns, _DEEPEST, text)
    return Expression(text, tree, tuple(columns))


def _require_known(node: ast.AST, columns: dict[str, None], depth: int, text: str) -> None:
    if depth == 0:
        raise CannotRunError(f"{text!r} is nested deeper than {_DEEPEST}")
    if isinstance(node, ast.Name):
        columns[node.id] = None
    elif isinstance(node, ast.Call) and _called(node, text) == "column":
        columns[_named(node)] = None
    else:
        for child in _parts(node, text):
            _require_known(child, columns, depth - 1, text)


def _parts(node: ast.AST, text: str) -> list[ast.expr]:
    """What a node is made of, if it is of the language."""
    if isinstance(node, ast.Call):
        return node.args
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, int | float | str):
            raise CannotRunError(f"{text!r}: {node.value!r} is neither number nor text")
        return []
    if isinstance(node, ast.List | ast.Tuple):
        if not all(isinstance(item, ast.Constant) for item in node.elts):
            raise CannotRunError(f"{text!r}: a list holds only numbers and texts")
        return node.elts
    if _is_operation(node):
        return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    raise CannotRunError(f"{text!r}: {type(node).__name__} is not of this language")


def _is_operation(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _COMPUTE
    if isinstance(node, ast.Compare):
        return all(
            type(op) in _COMPARE or isinstance(op, ast.In | ast.NotIn) for op in node.ops
        )
    return isinstance(node, ast.BoolOp) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub)
    )


def _called(node: ast.Call, text: str) -> str:
    known = {"abs", "length", "missing", "column"}
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in known or len(node.args) != 1 or node.keywords:
        raise CannotRunError(f"{text!r}: only {', '.join(sorted(known))} can be called")
    return name


def _named(node: ast.Call) -> str:
    argument = node.args[0]
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        raise CannotRunError('column("...") takes the name of a column')
    return argument.value


def _value(node: ast.expr, view: View) -> Value:
    try:
        work = _WORK[type(node)]
    except KeyError:
        raise CannotRunError("a list stands only behind `in`") from None
    return work(node, view)


def _name(node: ast.Name, view: View) -> Value:
    return _cells(node.id, view)


def _constant(node: ast.Constant, view: View) -> Value:
    if isinstance(node.value, str):
        return _Texts(np.full(view.rows, node.value, object))
    return np.full(view.rows, float(node.value))  # type: ignore[arg-type]


def _turned(node: ast.UnaryOp, view: View) -> Value:
    inner = _value(node.operand, view)
    if isinstance(node.op, ast.Not):
        truth = _truth(inner)
        return _Truth(truth.no, truth.yes)
    negated: np.ndarray = -_numbers(inner)
    return negated


def _computed(node: ast.BinOp, view: View) -> Value:
    left, right = _numbers(_value(node.left, view)), _numbers(_value(node.right, view))
    result: np.ndarray = _COMPUTE[type(node.op)](left, right)
    return result


def _cells(name: str, view: View) -> Value:
    cells = view.column(name)
    kind = kind_of(cells)
    if kind == "bool":
        gone = absent(cells)
        known = np.ones(view.rows, bool) if gone is None else ~gone
        return _Truth(cells.numbers & known, ~cells.numbers & known)
    if kind in {"int", "float", "moment"} or (kind == "text" and view.spelled(name)):
        found = cells.floats
        if found is None:
            raise CannotRunError(f"{name} holds texts that are no numbers")
        if cells.bounds is not None and kind == "int":
            low, high = cells.bounds
            if max(abs(low), abs(high)) > _EXACT:
                raise CannotRunError(f"{name} holds whole numbers too large to compare exactly")
        return found
    if kind == "text":
        return _Texts(_objects(cells.plain))
    raise CannotRunError(f"{name} is of type {cells.plain.type}, which no expression compares")


def _objects(array: Any) -> np.ndarray:  # noqa: ANN401 - pyarrow has no types
    values = np.empty(len(array), object)
    values[:] = array.to_pylist()
    return values


def _call(node: ast.Call, view: View) -> Value:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "column":
        return _cells(_named(node), view)
    argument = node.args[0]
    if name == "missing":
        if not isinstance(argument, ast.Name | ast.Call):
            raise CannotRunError("missing(...) takes a column")
        column = argument.id if isinstance(argument, ast.Name) else _named(argument)
        gone = absent(view.column(column))
        mask = np.zeros(view.rows, bool) if gone is None else gone
        return _Truth(mask, ~mask)
    inner = _value(argument, view)
    if name == "abs":
        size: np.ndarray = np.abs(_numbers(inner))
        return size
    if not isinstance(inner, _Texts):
        raise CannotRunError("length(...) takes texts")
    return np.array([np.nan if text is None else float(len(text)) for text in inner.values])


def _joined(node: ast.BoolOp, view: View) -> _Truth:
    parts = [_truth(_value(part, view)) for part in node.values]
    both = isinstance(node.op, ast.And)
    every = np.logical_and.reduce([part.yes if both else part.no for part in parts])
    some = np.logical_or.reduce([part.no if both else part.yes for part in parts])
    return _Truth(every, some) if both else _Truth(some, every)


def _compared(node: ast.Compare, view: View) -> _Truth:
    yes, no = np.ones(view.rows, bool), np.zeros(view.rows, bool)
    left = _value(node.left, view)
    for op, other in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            part = _among(left, other, view)
            if isinstance(op, ast.NotIn):
                part = _Truth(part.no, part.yes)
        else:
            right = _value(other, view)
            part = _pair(left, right, _COMPARE[type(op)])
            left = right
        yes, no = yes & part.yes, no | part.no
    return _Truth(yes, no)


def _pair(left: Value, right: Value, compare: Callable[[Any, Any], Any]) -> _Truth:
    if isinstance(left, _Texts) and isinstance(right, _Texts):
        known = np.array(
            [
                a is not None and b is not None
                for a, b in zip(left.values, right.values, strict=True)
            ]
        )
        first, second = left.values.copy(), right.values.copy()
        first[~known] = second[~known] = ""
        mask = compare(first, second).astype(bool)
    elif isinstance(left, _Texts) or isinstance(right, _Texts):
        raise CannotRunError("a text is compared with a number")
    else:
        a, b = _numbers(left), _numbers(right)
        known = ~(np.isnan(a) | np.isnan(b))
        mask = compare(a, b)
    return _Truth(mask & known, ~mask & known)


def _among(left: Value, node: ast.expr, view: View) -> _Truth:
    if not isinstance(node, ast.List | ast.Tuple):
        raise CannotRunError("`in` takes a list in brackets")
    yes, no = np.zeros(view.rows, bool), np.ones(view.rows, bool)
    for item in node.elts:
        part = _pair(left, _value(item, view), operator.eq)
        yes, no = yes | part.yes, no & part.no
    return _Truth(yes, no)


def _truth(value: Value) -> _Truth:
    if not isinstance(value, _Truth):
        raise CannotRunError("and, or and not join conditions")
    return value


def _numbers(value: Value) -> np.ndarray:
    if isinstance(value, _Truth):
        found = np.where(value.yes, 1.0, np.nan)
        found[value.no] = 0.0
        return found
    if isinstance(value, _Texts):
        raise CannotRunError("a text is used as a number")
    return value


_WORK: Final[dict[type[ast.expr], Callable[[Any, View], Value]]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Call: _call,
    ast.BoolOp: _joined,
    ast.Compare: _compared,
    ast.UnaryOp: _turned,
    ast.BinOp: _computed,
}
