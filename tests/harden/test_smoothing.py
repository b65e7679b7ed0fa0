from __future__ import annotations

from modelkeep.assess import certified_smoothing, evasion_gradient, performance
from modelkeep.harden import effort_of, harden, smoothing
from modelkeep.models import OnnxModel
from modelkeep.models.wrappers import Smoothing
from wrapper_samples import picture_task


def test_its_gain_is_read_from_the_certificate() -> None:
    context = picture_task()
    attacks = (performance.ATTACK, evasion_gradient.ATTACK, certified_smoothing.ATTACK)
    done = harden(context, smoothing.DEFENCE, effort_of(context), attacks)
    assert isinstance(done.model, OnnxModel)
    assert done.model.wrapped is not None
    wrapper = done.model.wrapped.wrapper
    assert isinstance(wrapper, Smoothing)
    assert wrapper.sigma == context.threat.radius
    (certified,) = (m for m in done.after if m.name == "certified_accuracy")
    (before,) = (m for m in done.before if m.name == "robust_accuracy")
    assert done.gained == (certified.low > before.high)
    assert any("certified_accuracy after" in note for note in done.notes)
