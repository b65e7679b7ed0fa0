"""What the defences share that stand around a model: its graph, and the wrapped model.

The wrapped model is one ONNX file, so it is scanned, signed, assessed and served as any other;
a torch module is written as ONNX first.
"""

from __future__ import annotations

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.models import Model, OnnxModel, Trainable, from_bytes
from modelkeep.models.onnx_export import export
from modelkeep.models.wrappers import Base, Wrapper, wrap

SUFFIX = ".onnx"
_ROWS = 64  # on which a written module is compared, and the kind of scores settled


def why_not_wrappable(context: Context) -> str | None:
    """Why nothing can be drawn around the model, ``None`` if something can."""
    if context.test is None:
        return "no test rows were given (--test FILE)"
    try:
        base_of(context, context.model)
    except InputError as error:
        return f"{error.message} {error.hint}".strip()
    return None


def base_of(context: Context, model: Model) -> Base:
    """The model's graph.

    Raises:
        InputError: it has none that something can be drawn around.
        MissingExtraError: onnx is not installed.
    """
    data = context.test or context.train
    if data is None:
        raise InputError("no rows were given", "Add --test FILE.")
    rows = data.rows[:_ROWS]
    if isinstance(model, OnnxModel):
        return model.base(data.decode(rows))
    if not isinstance(model, Trainable):
        raise InputError("a wrapper is drawn around an ONNX graph or a torch module")
    return export(model.module, rows).base(rows)


def wrapped(bases: tuple[Base, ...], wrapper: Wrapper) -> Model:
    """The wrapped model, loaded from the bytes it will be written as."""
    return from_bytes(wrap(bases, wrapper))
