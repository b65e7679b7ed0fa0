from __future__ import annotations

from modelkeep.assess import (
    evasion_gradient,
    evasion_search,
    evasion_wrapped,
    masking,
    performance,
)
from modelkeep.harden import bit_depth, effort_of, harden
from modelkeep.models import OnnxModel
from modelkeep.models.wrappers import BitDepth
from wrapper_samples import picture_task

ATTACKS = (performance.ATTACK, evasion_search.ATTACK, evasion_wrapped.ATTACK, masking.ATTACK)


def test_it_rounds_to_few_bits_and_earns_nothing_where_gradients_hide() -> None:
    context = picture_task()
    done = harden(
        context, bit_depth.DEFENCE, effort_of(context), (*ATTACKS, evasion_gradient.ATTACK)
    )
    assert isinstance(done.model, OnnxModel)
    assert done.model.wrapped is not None
    assert isinstance(done.model.wrapped.wrapper, BitDepth)
    assert done.model.wrapped.wrapper.bits < 8
    assert not done.gained
    assert any("no gain is shown" in note for note in done.notes)
    assert any("through the wrapper" in m.method for m in done.after)
