"""Which vessel somebody means who points at a place."""

import numpy as np
from correcting import across, square

from mvd import Corrections


def test_inside_an_outline_its_vessel_is_meant_and_beside_it_the_nearest(opened: Corrections) -> None:
    opened.add([square(200, 200, 60)])
    large = len(opened.vessels.table)
    opened.add([square(215, 215, 8)])
    ids = {place: opened.vessel_at(*place, 5.0) for place in ((228.0, 172.0), (215.0, 215.0), (-80.0, -80.0))}
    areas = opened.vessels.table.set_index("vessel_id")["filled_area_um2"]
    assert areas[ids[228.0, 172.0]] == areas[large] == 3600
    assert areas[ids[215.0, 215.0]] == 64
    assert ids[-80.0, -80.0] is None


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
