from __future__ import annotations

from harden_samples import task
from modelkeep.harden import effort_of, median
from modelkeep.models import OnnxModel
from modelkeep.models.wrappers import Median
from wrapper_samples import picture_task


def test_it_is_for_pictures_only() -> None:
    assert median.DEFENCE.applies(task()) == "medians are taken of pictures"
    assert median.DEFENCE.applies(picture_task()) is None


def test_the_model_stands_behind_a_filter() -> None:
    context = picture_task()
    model = median.run(context, effort_of(context))
    assert isinstance(model, OnnxModel)
    assert model.wrapped is not None
    assert model.wrapped.wrapper == Median()
