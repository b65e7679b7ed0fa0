from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.explanation.regions import Regions, regions_of


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9))
def test_every_pixel_lies_in_one_region_and_sums_are_those_of_its_pixels(
    height: int, width: int, side: int
) -> None:
    regions = Regions(height, width, side)
    pixels = np.random.default_rng(0).random((2, height, width))
    seen = np.zeros((height, width))
    expected = []
    for part in regions.slices():
        seen[part] += 1
        expected.append(pixels[(slice(None), *part)].sum(axis=(1, 2)))
    assert (seen == 1).all()
    np.testing.assert_allclose(regions.sums(pixels), np.array(expected).T)
    assert len(regions.names()) == len(expected) == np.prod(regions.shape)


def test_regions_are_about_eight_across_and_named_by_their_pixels() -> None:
    assert regions_of(np.zeros((1, 1, 8, 8))).side == 1
    assert regions_of(np.zeros((1, 3, 32, 40))).shape == (8, 10)
    assert regions_of(np.zeros((1, 1, 28, 28))).names()[-1] == "rows 27, columns 27"
    assert regions_of(np.zeros((1, 1, 28, 28))).names()[1] == "rows 0-2, columns 3-5"
