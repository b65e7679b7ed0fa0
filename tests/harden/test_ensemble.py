from __future__ import annotations

from dataclasses import replace

from harden_samples import task
from modelkeep.harden import Effort, ensemble
from modelkeep.models import OnnxModel


def test_members_differ_and_answer_together() -> None:
    context = task()
    assert context.test is not None
    model = ensemble.run(context, Effort(1))
    assert isinstance(model, OnnxModel)
    assert model.wrapped is not None
    members = {base.model.SerializeToString() for base in model.wrapped.bases}
    assert len(members) == len(model.wrapped.bases) == 3
    truth = context.truth(context.test)
    assert (model.predict(context.test.rows).argmax(1) == truth).mean() > 0.8


def test_it_needs_rows_to_train_members_on() -> None:
    assert ensemble.DEFENCE.applies(replace(task(), train=None))
