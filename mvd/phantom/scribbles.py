"""A phantom -> scribbles as somebody might draw them in QuPath: strokes along some walls, and over what is no vessel.

Input: a phantom. Output: GeoJSON, pixels of level 0. Far from all of the truth is told: for tests and benchmarks of the
trained classifier.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from mvd.phantom.truth import Phantom

# QuPath's H-DAB: how brown a pixel looks to whoever scribbles.
_STAINS = np.array([[0.651, 0.701, 0.290], [0.269, 0.568, 0.778], [0.711, 0.423, 0.562]])
_BROWN_PART = 0.6
_RIM_UM = 3.0
_STROKE_UM = 40.0
_STEP_UM = 4.0

Mask = NDArray[np.bool_]


def scribble(phantom: Phantom, *, seed: int = 0, vessels: int = 30, strokes: int = 60) -> dict[str, Any]:
    """Scribble on a phantom.

    Parameters
    ----------
    phantom : Phantom
    seed : int
    vessels : int
        Countable vessels whose walls are followed, at most. Half of them get a stroke round the outside too.
    strokes : int
        Strokes of background over the tissue between the vessels. All pigment gets one besides.

    Returns
    -------
    dict
        A FeatureCollection of MultiPoint and LineString features of the classes ``vessel`` and ``background``.
    """
    chance = np.random.default_rng([seed, phantom.spec.seed])
    brown = _brown(phantom)
    countable = phantom.countable["vessel_id"].to_numpy(int)
    chosen = chance.permutation(countable)[:vessels]
    features = [_dots("vessel", _wall(phantom, brown, int(number))) for number in chosen]
    features += [_dots("background", _rim(phantom, int(number))) for number in chosen[::2]]
    pigment = phantom.vessels.loc[phantom.vessels["kind"] == "pigment", "vessel_id"]
    features += [_dots("background", phantom.labels == number) for number in pigment]
    free = phantom.tissue & (_grown(phantom.labels > 0, _RIM_UM / phantom.mpp) == 0)
    features += [_stroke(free, phantom.mpp, chance) for _ in range(strokes)]
    return {"type": "FeatureCollection", "features": [feature for feature in features if feature]}


def _brown(phantom: Phantom) -> NDArray[np.float64]:
    od = -np.log10((phantom.rgb.astype(np.float64) + 1) / 256)
    unit = _STAINS / np.linalg.norm(_STAINS, axis=1, keepdims=True)
    dab: NDArray[np.float64] = cv2.GaussianBlur(od @ np.linalg.inv(unit)[:, 1], (0, 0), 0.5 / phantom.mpp)
    return dab


def _wall(phantom: Phantom, brown: NDArray[np.float64], number: int) -> Mask:
    """The middle line of what is brown of a vessel."""
    inside = phantom.labels == number
    wall: Mask = inside & (brown >= _BROWN_PART * np.quantile(brown[inside], 0.95))
    line: Mask = skeletonize(wall)  # type: ignore[no-untyped-call]
    return line


def _rim(phantom: Phantom, number: int) -> Mask:
    """A thin line round a vessel, as far away as a careful hand keeps, over no other one."""
    inside = phantom.labels == number
    far, near = (_grown(inside, (_RIM_UM + more) / phantom.mpp) > 0 for more in (0.5, 0.0))
    rim: Mask = far & ~near & (_grown((phantom.labels > 0) & ~inside, _RIM_UM / phantom.mpp) == 0)
    return rim


def _grown(mask: Mask, radius_px: float) -> NDArray[np.uint8]:
    side = 2 * round(radius_px) + 1
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown: NDArray[np.uint8] = cv2.dilate(mask.astype(np.uint8), element)
    return grown


def _dots(name: str, mask: Mask) -> dict[str, Any] | None:
    rows, cols = np.nonzero(mask)
    points = np.stack([cols + 0.5, rows + 0.5], axis=1)
    return _feature(name, "MultiPoint", points.tolist()) if len(points) else None


def _stroke(free: Mask, mpp: float, chance: np.random.Generator) -> dict[str, Any] | None:
    """A bent line that ends before it would leave what is free."""
    rows, cols = np.nonzero(free)
    if not len(rows):
        return None
    start = int(chance.integers(len(rows)))
    place, angle = np.array([cols[start] + 0.5, rows[start] + 0.5]), float(chance.uniform(0, 2 * np.pi))
    points = [place.tolist()]
    for _ in range(round(_STROKE_UM / _STEP_UM)):
        angle += float(chance.normal(0, 0.4))
        place = place + _STEP_UM / mpp * np.array([np.cos(angle), np.sin(angle)])
        col, row = np.floor(place).astype(int)
        if not (0 <= row < free.shape[0] and 0 <= col < free.shape[1] and free[row, col]):
            break
        points.append(place.tolist())
    return _feature("background", "LineString", points) if len(points) > 1 else None


def _feature(name: str, kind: str, coordinates: list[Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"objectType": "annotation", "classification": {"name": name}},
    }
