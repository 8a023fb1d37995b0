import numpy as np
from napari_mvd.labels import label_levels


def test_slices_draw_what_the_whole_has(shown):
    levels = label_levels(shown.labels(counted=True))
    assert len(levels) > 1
    for level in levels:
        whole = np.asarray(level)
        assert whole.shape == level.shape
        assert level[3, 5] == whole[3, 5]
        np.testing.assert_array_equal(level[100:300:2, 50:400], whole[100:300:2, 50:400])
        np.testing.assert_array_equal(level[:, 60], whole[:, 60])


def test_each_vessel_is_in_one_image_with_its_area(shown):
    table = shown.vessels.set_index("vessel_id")
    found = {}
    for counted in (True, False):
        level = label_levels(shown.labels(counted=counted))[0]
        ids, pixels = np.unique(np.asarray(level), return_counts=True)
        drawn = dict(zip(ids.tolist(), pixels.tolist(), strict=True))
        drawn.pop(0)
        assert set(drawn) == set(table.index[table["counted"] == counted])
        found |= drawn
    areas = table["area_um2"] / shown.result.analysis_mpp**2
    np.testing.assert_allclose([found[each] for each in table.index], areas, rtol=1e-6)
