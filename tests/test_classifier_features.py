"""Features of a pixel: the same in every tile, and each what its name says, against scipy."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mvd.classifier import FEATURES, feature_values, sizes_at, stacked, stain_planes
from mvd.classifier.features import DAB, HEMATOXYLIN, RESIDUAL
from mvd.geometry import Rect
from mvd.segment import ZERO_MILLI_OD
from mvd.settings import StainSettings
from mvd.stain import fit_stain_matrix, stain_amounts, stain_luts

WHITE = (240.0, 240.0, 240.0)
MATRIX = fit_stain_matrix(np.zeros((0, 3), np.uint8), WHITE, StainSettings(method="preset"))
LUTS = stain_luts(WHITE, MATRIX)
SIZES = (0.25, 0.37, 0.5, 0.9)  # um/px


def planes_of(shape_px: tuple[int, int], seed: int) -> np.ndarray:
    """Blotches of each stain with grain, and the ends of the range here and there; (3, h, w) uint16."""
    rng = np.random.default_rng(seed)
    smooth = [cv2.GaussianBlur(rng.normal(0, 1, shape_px), (0, 0), 2.0) for _ in range(3)]
    milli_od = np.stack([200 + 900 * part + rng.normal(0, 30, shape_px) for part in smooth])
    milli_od[rng.random(milli_od.shape) < 0.002] = 30_000
    milli_od[rng.random(milli_od.shape) < 0.002] = -ZERO_MILLI_OD
    return np.rint(milli_od + ZERO_MILLI_OD).clip(0, 65535).astype(np.uint16)


def features(planes: np.ndarray, mpp: float) -> np.ndarray:
    """Features of all pixels, (h, w, n)."""
    shape = planes.shape[1:]
    rows, cols = (places.ravel() for places in np.indices(shape))
    return feature_values(stacked(planes, sizes_at(mpp)), rows, cols).reshape(*shape, len(FEATURES))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(SIZES),
    st.tuples(st.integers(0, 79), st.integers(0, 89)),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
)
@settings(max_examples=60, deadline=None)
def test_a_tile_with_its_halo_gives_what_the_whole_gives(
    seed: int, mpp: float, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    planes = planes_of((80, 90), seed)
    core = Rect(*corner, *size).clipped(planes.shape[1:])
    halo = core.grown(sizes_at(mpp).reach_px).clipped(planes.shape[1:])
    part = np.ascontiguousarray(planes[:, *halo.slices()])
    np.testing.assert_array_equal(
        features(planes, mpp)[core.slices()], features(part, mpp)[core.slices(halo)]
    )


@pytest.mark.parametrize("mpp", SIZES)
def test_the_reach_is_what_a_changed_pixel_reaches(mpp: float) -> None:
    reach = sizes_at(mpp).reach_px
    side = 2 * reach + 21
    planes = planes_of((side, side), 1)
    changed = planes.copy()
    changed[:, side // 2, side // 2] = 60_000
    moved = (features(planes, mpp) != features(changed, mpp)).any(axis=2)
    assert int(np.abs(np.argwhere(moved) - side // 2).max()) == reach


def test_planes_are_the_stains_above_the_background() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    background = (60, 40, 0)
    planes = stain_planes(rgb, LUTS, background).astype(int) - ZERO_MILLI_OD
    truth = 1000 * stain_amounts(rgb, WHITE, MATRIX) - background
    kept = np.clip(np.moveaxis(truth, -1, 0), -ZERO_MILLI_OD, None)
    assert np.abs(planes - kept).max() <= 0.7  # rounding to whole milli-OD, and the tables


def expected(planes: np.ndarray, mpp: float) -> dict[str, np.ndarray]:
    """Every feature by scipy in double precision, by its name; smoothing by separate means."""
    dab, hematoxylin, residual = (
        planes[stain].astype(float) - 1000 for stain in (DAB, HEMATOXYLIN, RESIDUAL)
    )

    def gauss(picture: np.ndarray, um: float) -> np.ndarray:
        return ndimage.gaussian_filter(picture, um / mpp, mode="nearest", radius=round(3 * um / mpp))

    def mean(picture: np.ndarray, um: float) -> np.ndarray:
        return ndimage.uniform_filter(picture, 2 * round(um / mpp) + 1, mode="nearest")

    fine, middle, broad = (gauss(dab, um) for um in (0.5, 1, 2))
    near, far = mean(dab, 4), mean(dab, 8)
    windows = {um: 2 * round(um / mpp) + 1 for um in (2, 5)}
    found = {
        "dab 0.5 um": fine,
        "dab 1 um": middle,
        "dab 2 um": broad,
        "dab mean 4 um": near,
        "dab mean 8 um": far,
        "dab 0.5 - 1 um": fine - middle,
        "dab 1 - 2 um": middle - broad,
        "dab 2 um - mean 4 um": broad - near,
        "dab mean 4 - mean 8 um": near - far,
        "dab under strongest 2 um": ndimage.maximum_filter(fine, windows[2], mode="nearest") - fine,
        "dab over weakest 2 um": fine - ndimage.minimum_filter(fine, windows[2], mode="nearest"),
        "dab under strongest 5 um": ndimage.maximum_filter(fine, windows[5], mode="nearest") - fine,
        "hematoxylin 1 um": gauss(hematoxylin, 1),
        "hematoxylin mean 4 um": mean(hematoxylin, 4),
        "hematoxylin 1 um - mean 4 um": gauss(hematoxylin, 1) - mean(hematoxylin, 4),
        "residual 1 um": gauss(residual, 1),
        "residual mean 4 um": mean(residual, 4),
    }
    for um, picture in ((0.5, fine), (1, middle), (2, broad)):
        found[f"dab slope {um:g} um"], least, most = differentiated(picture, max(1, round(um / mpp)))
        found |= {f"dab least curvature {um:g} um": least, f"dab most curvature {um:g} um": most}
    return found


def differentiated(picture: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient, and four times the eigenvalues of the Hessian of differences ``step`` px apart."""

    def at(down: int, across: int) -> np.ndarray:
        return np.roll(picture, (-down * step, -across * step), (0, 1))

    slope = np.hypot(at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1))
    rows, cols = (at(1, 0) + at(-1, 0) - 2 * picture), (at(0, 1) + at(0, -1) - 2 * picture)
    mixed = (at(1, 1) + at(-1, -1) - at(1, -1) - at(-1, 1)) / 4
    hessian = np.stack([np.stack([rows, mixed], -1), np.stack([mixed, cols], -1)], -1)
    least, most = np.moveaxis(4 * np.linalg.eigvalsh(hessian), -1, 0)
    return slope, least, most


@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
def test_every_feature_is_what_its_name_says(mpp: float) -> None:
    planes = planes_of((120, 110), 5)
    found, truth = features(planes, mpp), expected(planes, mpp)
    inside = slice(20, -20)  # where rolling does not wrap round
    for place, name in enumerate(FEATURES):
        # Smoothed pictures are rounded to whole milli-OD, and a curvature adds up to sixteen of them.
        tolerance = 18.0 if "curvature" in name else 3.0
        apart = np.abs(found[..., place] - truth[name])[inside, inside]
        assert apart.max() <= tolerance, name
        assert truth[name].std() > 20 * tolerance / 3 or "residual" in name, "else the bound proves nothing"


def test_a_wall_is_a_ridge() -> None:
    planes = np.full((3, 41, 41), ZERO_MILLI_OD, np.uint16)
    planes[DAB, :, 19:22] += 600
    values = dict(zip(FEATURES, features(planes, 0.5)[20, 20], strict=True))
    assert values["dab least curvature 1 um"] < -500
    assert abs(values["dab most curvature 1 um"]) <= 4
    assert values["dab slope 0.5 um"] <= 1
    assert values["dab under strongest 2 um"] == 0 < values["dab over weakest 2 um"]
