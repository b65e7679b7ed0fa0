from __future__ import annotations

from dataclasses import replace

import pytest

from harden_samples import task
from modelkeep.core import InputError
from modelkeep.harden.wrapping import base_of, why_not_wrappable, wrapped
from modelkeep.models.wrappers import Rejection


def test_a_torch_module_is_written_as_a_graph_first() -> None:
    context = task()
    assert context.test is not None
    assert why_not_wrappable(context) is None
    model = wrapped((base_of(context, context.model),), Rejection(0.6))
    rows = context.test.rows[:9]
    assert model.predict(rows) == pytest.approx(context.model.predict(rows), abs=1e-5)


def test_what_has_no_graph_is_refused_with_the_reason() -> None:
    context = replace(task(), test=None)
    assert why_not_wrappable(context)
    with pytest.raises(InputError):
        base_of(replace(context, test=None, train=None), context.model)
