from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import median_filter

from modelkeep.core import InputError
from modelkeep.models import Differentiable
from modelkeep.models.wrappers import Median, wrap
from wrapper_samples import around, base, picture_task, pictures


def test_it_answers_as_the_model_does_about_filtered_pictures() -> None:
    plain, rows = picture_task().model, pictures().rows
    found = around(Median(), plain.base(rows))  # type: ignore[attr-defined]
    filtered = np.stack([median_filter(row, (1, 3, 3), mode="nearest") for row in rows])
    assert found.predict(rows) == pytest.approx(plain.predict(filtered), abs=1e-5)
    assert isinstance(found, Differentiable)  # minima and maxima let gradients through


def test_rows_of_a_table_have_no_neighbours() -> None:
    with pytest.raises(InputError, match="pictures"):
        wrap([base()], Median())
