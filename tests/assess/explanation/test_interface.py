from __future__ import annotations

from modelkeep.assess.explanation import EXPLAINERS


def test_explainers_are_told_apart_and_say_how_they_work() -> None:
    assert len({explainer.name for explainer in EXPLAINERS}) == len(EXPLAINERS)
    assert all(explainer.method and explainer.unit for explainer in EXPLAINERS)
