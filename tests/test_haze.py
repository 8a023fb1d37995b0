"""Haze: found where it is, gone from any tile, and never a vessel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvd.geometry import Rect
from mvd.haze import CELL_UM, NO_HAZE, Haze, fit_haze, remove_haze
from mvd.segment import ZERO_MILLI_OD


def hill(shape: tuple[int, int], mpp: float, most: float) -> np.ndarray:
    """A cloud 300 um across (standard deviation) in the middle, milli-OD."""
    row, col = np.indices(shape)
    apart_um = np.hypot(row - shape[0] / 2, col - shape[1] / 2) * mpp
    return most * np.exp(-0.5 * (apart_um / 300) ** 2)


def test_a_cloud_is_found_to_a_tenth() -> None:
    truth = hill((400, 400), 5.0, 150.0)
    noise = np.random.default_rng(1).normal(0, 5, truth.shape)
    haze = fit_haze(np.rint(truth + 40 + noise).astype(np.int64), np.ones(truth.shape, bool), 5.0)
    assert haze.most_od == pytest.approx(0.15, rel=0.1)


def test_a_clean_slide_has_none_to_speak_of() -> None:
    noise = np.random.default_rng(1).normal(40, 10, (300, 300))
    assert fit_haze(noise.astype(np.int64), np.ones(noise.shape, bool), 5.0).most_od < 0.01


def test_vessels_that_fill_half_of_their_cells_are_no_haze() -> None:
    dab = np.full((300, 300), 40, np.int64)
    dab[100:200, 100:200:2] = 600
    assert fit_haze(dab, np.ones(dab.shape, bool), 5.0).most_od == 0


def test_without_tissue_there_is_no_haze() -> None:
    assert fit_haze(np.zeros((50, 50), np.int64), np.zeros((50, 50), bool), 5.0) is NO_HAZE


def test_what_was_added_is_taken_off() -> None:
    truth = hill((200, 200), 5.0, 150.0)
    haze = fit_haze(np.rint(truth).astype(np.int64), np.ones(truth.shape, bool), 5.0)
    fine = np.rint(hill((2000, 2000), 0.5, 150.0)).astype(np.uint16) + ZERO_MILLI_OD + 300
    remove_haze(fine, haze, Rect(0, 0, *fine.shape), 0.5)
    # What all of the slide has stays: a tenth of the cells sets the base. What is left of the hill is flat.
    assert np.ptp(fine.astype(int)) < 30


@given(st.integers(0, 150), st.integers(0, 150), st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_a_tile_gives_what_the_whole_gives(row: int, col: int, height: int, width: int) -> None:
    rng = np.random.default_rng(3)
    haze = Haze(rng.integers(0, 200, (3, 4)).astype(np.int32), CELL_UM)
    dab = rng.integers(0, 3000, (200, 200)).astype(np.uint16)
    whole = dab.copy()
    remove_haze(whole, haze, Rect(0, 0, 200, 200), 0.7)
    place = Rect(row, col, height, width).clipped(dab.shape)
    part = dab[place.slices()].copy()
    remove_haze(part, haze, place, 0.7)
    np.testing.assert_array_equal(part, whole[place.slices()])
