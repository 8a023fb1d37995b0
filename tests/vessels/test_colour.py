"""What is brown: by the fitted stains, and by the colour that a slide's own vessels have in common."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from drawn import MPP, disc, together, walls_of

from mvd.runs import Components
from mvd.settings import VesselSettings
from mvd.stain import Stain, StainMatrix
from mvd.vessels.colour import LEAST_COMPONENTS, is_dab

STAIN = Stain((240.0, 240.0, 240.0), StainMatrix(np.eye(3), "preset", 0.0), 0.0, 0.0, 0.1, 0.2)
AREA_UM2, DAB_MILLI_OD = 50.0, 500


def discs(residual_parts: Sequence[float]) -> Components:
    """Discs of about 50 um2 with these parts of their DAB as residual, and no hematoxylin."""
    radius = np.sqrt(AREA_UM2 / np.pi) / MPP
    step, across = int(3 * radius), 10
    places = [(step * (1 + k // across), step * (1 + k % across)) for k in range(len(residual_parts))]
    side = step * (2 + max(across, len(places) // across + 1))
    found = walls_of(together(*(disc(row, col, radius) for row, col in places)), (side, side))
    assert len(found.area_px) == len(places)
    area = found.area_px
    # Components are in the order of their first row, then column, and so are the discs.
    residual = np.rint(area * DAB_MILLI_OD * np.asarray(residual_parts)).astype(np.int64)
    return replace(
        found, od_sum=area * DAB_MILLI_OD, hematoxylin_sum=np.zeros_like(area), residual_sum=residual
    )


def brown(residual_parts: Sequence[float], **settings: float) -> np.ndarray:
    return is_dab(discs(residual_parts), STAIN, VesselSettings(**settings), MPP)


def test_what_is_off_the_colour_of_the_others_is_not_brown():
    shades = [0.01, -0.01] * (LEAST_COMPONENTS // 2)
    found = brown([*shades, 0.12, -0.12, 0.04])
    assert found[: len(shades)].all()
    assert found[len(shades) :].tolist() == [False, False, True]


def test_few_vessels_do_not_tell_what_brown_is():
    shades = [0.01] * (LEAST_COMPONENTS - 2)
    assert brown([*shades, 0.12]).all()
    assert not brown([*shades, 0.01, 0.12])[-1]


def test_vessels_of_two_shades_are_all_brown():
    assert brown([0.01] * 34 + [0.12] * 6).all()


@pytest.mark.parametrize("settings", [{"own_colour_part": 0.2}, {"min_area_um2": 60.0}])
def test_the_limit_is_a_setting_and_small_parts_are_let_pass(settings):
    assert brown([0.01] * 40 + [0.12], **settings).all()


def test_what_the_stains_do_not_explain_is_not_brown_on_any_slide():
    assert brown([0.2, 0.3, -0.3]).tolist() == [True, False, False]
