from __future__ import annotations

import pytest

from modelkeep.harden.private import vmap
from private_samples import convolving, dense, require_right_sums


@pytest.mark.parametrize("build", [dense, convolving])
@pytest.mark.parametrize("bound", [0.05, 100.0])
def test_sums_are_those_of_rows_taken_one_at_a_time(build: object, bound: float) -> None:
    assert callable(build)
    require_right_sums(vmap.WAY, build(), bound)
