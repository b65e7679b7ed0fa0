from __future__ import annotations

from harden_samples import task
from modelkeep.assess import attacks
from modelkeep.harden import Effort, fast_training, harden


def test_it_gains_on_a_fragile_network() -> None:
    done = harden(task(), fast_training.DEFENCE, Effort(epochs=5, rate=1e-2), attacks())
    assert done.gained
    assert done.defence.id == "HRD001"


def test_it_takes_the_steps_it_names() -> None:
    assert fast_training.VARIANT.steps == 1
