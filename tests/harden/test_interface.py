from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from sys import modules
from typing import get_args

import pytest

from harden_samples import task
from modelkeep.assess.interface import BudgetName
from modelkeep.core import InputError
from modelkeep.harden import BUILT_IN, Defence, defences, effort_of
from modelkeep.harden.interface import training_rows


@pytest.mark.parametrize("defence", defences(), ids=lambda defence: defence.id)
def test_a_defence_is_one_file_with_a_source_and_a_test(defence: Defence) -> None:
    assert re.fullmatch(r"HRD\d{3}", defence.id)
    module = modules[defence.run.__module__]
    assert "Source" in (module.__doc__ or "")
    name = module.__name__.rsplit(".", 1)[-1]
    assert Path(__file__).with_name(f"test_{name}.py").is_file()


def test_no_two_share_an_id_or_a_name() -> None:
    assert len({d.id for d in BUILT_IN}) == len({d.name for d in BUILT_IN}) == len(BUILT_IN)


def test_a_greater_budget_trains_longer() -> None:
    given = task()
    epochs = [effort_of(replace(given, budget=name)).epochs for name in get_args(BudgetName)]
    assert epochs == sorted(set(epochs))


def test_without_training_rows_there_is_nothing_to_train_on() -> None:
    with pytest.raises(InputError, match="--data"):
        raise_hint()


def raise_hint() -> None:
    try:
        training_rows(replace(task(), train=None))
    except InputError as error:
        raise InputError(error.hint) from error
