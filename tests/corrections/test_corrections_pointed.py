"""Which vessel somebody means who points at a place."""

import numpy as np
from correcting import across, square

from mvd import Corrections


def test_inside_an_outline_its_vessel_is_meant_and_beside_it_the_nearest(opened: Corrections) -> None:
    free = [
        (float(x), float(y))
        for x in range(174, 228, 4)
        for y in range(174, 228, 4)
        if opened.vessel_at(x, y, 12.0) is None
    ]
    inner, outer = free[0], free[-1]
    opened.add([square(200, 200, 60)])
    opened.add([square(*inner, 8)])
    table = opened.vessels.table.set_index("vessel_id")
    assert table.loc[opened.vessel_at(*outer, 5.0), "filled_area_um2"] == 3600
    assert table.loc[opened.vessel_at(*inner, 5.0), "filled_area_um2"] == 64
    assert opened.vessel_at(-80.0, -80.0, 5.0) is None


def test_what_was_split_or_merged_is_no_longer_meant(opened: Corrections) -> None:
    rows = opened.vessels.counted.sort_values("filled_area_um2", ascending=False)
    vessel, place = int(rows["vessel_id"].iloc[0]), rows[["x_um", "y_um"]].iloc[0]
    assert opened.vessel_at(*place) == vessel
    opened.split(vessel, across(opened, vessel))
    after = opened.vessel_at(*place, 20.0)
    assert after is not None
    assert after > len(opened.candidates.table)
    assert not opened.shown[vessel - 1]


def test_mvds_own_count_of_a_hot_spot_stays(opened: Corrections) -> None:
    spot = opened.hotspots()[0]
    inside = np.hypot(*(opened.counted_um - [spot.x_um, spot.y_um]).T) <= spot.radius_um
    vessel = int(opened.vessels.counted["vessel_id"].to_numpy()[inside][0])
    opened.delete(vessel)
    assert opened.automatic_count(spot) == spot.vessels
    again = opened.count_at(spot.x_um, spot.y_um)
    assert again is not None
    assert again.vessels == spot.vessels - 1
