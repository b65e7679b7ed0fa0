"""When code of a module runs, and which names it sees there.

What a module does while it is imported happens before anybody calls anything.
Methods that a loader calls by itself run when the model is loaded or used. The rest
runs if something calls it.

Sources: Python language reference, execution model; the handler interfaces of
transformers, TorchServe, Triton and MLflow.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core.ordered import OrderedEnum
from modelkeep.scan.python_values import Value


class Place(OrderedEnum):
    """When code runs, the surest last."""

    SCRIPT = "if the file is started as a program"
    HELPER = "if something calls it"
    LOADED = "when a loader calls it"
    IMPORT = "as soon as the module is imported"


CALLED_BY_LOADERS: Final = frozenset(
    """
    from_pretrained from_config _from_config forward generate post_init initialize handle
    preprocess postprocess inference load_context predict predict_stream execute finalize
    auto_complete_config load_model load_state_dict from_dict get_config build call run
    register_for_auto_class main setup encode decode tokenize _tokenize convert_tokens_to_ids
    sanitize_parameters _sanitize_parameters _forward get_tokenizer model_fn input_fn
    predict_fn output_fn transform_fn train fit transform score load init startup
    _load_from_state_dict sample update step prepare_inputs_for_generation custom_generate
    init_weights _init_weights load_vocab _load_pyfunc
    """.split()
)


@dataclass(slots=True)
class Scope:
    """Names of a block; those not found are looked up in the enclosing one.

    Attributes:
        names: what the block binds.
        outer: the enclosing block.
        objects: attributes of ``self`` in methods of one class, shared by them.
    """

    names: dict[str, Value] = field(default_factory=dict[str, Value])
    outer: Scope | None = None
    objects: dict[str, Value] = field(default_factory=dict[str, Value])

    def find(self, name: str) -> Value | None:
        """The value of a name, from the innermost block that binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


def place_of(function: ast.AST, inside_class: bool, current: Place) -> Place:
    """When the body of a function runs that is defined where ``current`` runs."""
    name = getattr(function, "name", "")
    if current is Place.SCRIPT:
        return Place.SCRIPT
    is_special = name.startswith("__") and name.endswith("__")
    if name in CALLED_BY_LOADERS or (is_special and (inside_class or name == "__getattr__")):
        return Place.LOADED
    return Place.HELPER


def is_script_guard(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``, or that and more."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(isinstance(v, ast.Compare) and is_script_guard(v) for v in test.values)
    return (
        isinstance(test, ast.Compare)
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and {type(test.left), type(test.comparators[0])} == {ast.Name, ast.Constant}
        and "__name__" in ast.dump(test)
        and "__main__" in ast.dump(test)
    )


def is_type_guard(test: ast.expr) -> bool:
    """Whether a condition is ``TYPE_CHECKING``, which no run makes true."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
