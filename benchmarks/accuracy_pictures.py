"""Pictures to check the numbers by eye: a slide with truth and found outlines, and a sheet of its errors."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mistakes import Mistakes
from numpy.typing import NDArray

from mvd.phantom import Phantom
from mvd.vessels import Vessels

Bgr = NDArray[np.uint8]

TRUTH, NO_VESSEL = (40, 40, 230), (200, 0, 200)
COUNTED, REJECTED = (0, 170, 0), (230, 150, 0)
ENLARGE = 2
CROP_UM, CROP_PX, COLUMNS, MOST = 60.0, 300, 6, 36


def draw(
    path: Path, rgb: NDArray[np.uint8], mpp: float, vessels: Vessels, phantom: Phantom | None = None
) -> Bgr:
    """Write the picture with outlines: green counted, blue rejected; of the truth red countable, violet not."""
    canvas = _enlarged(rgb[..., ::-1], ENLARGE)
    for outline, counted in zip(vessels.outlines, vessels.table["counted"], strict=True):
        for ring in (*outline.outer, *outline.lumens):
            _polygon(canvas, ring / mpp * ENLARGE, COUNTED if counted else REJECTED)
    if phantom is not None:
        for vessel in phantom.vessels.itertuples():
            for ring in _grown_outline(phantom, int(vessel.vessel_id), mpp):
                _polygon(canvas, ring * ENLARGE, TRUTH if vessel.countable else NO_VESSEL)
    _write(path, canvas)
    return canvas


def draw_mistakes(path: Path, canvas: Bgr, phantom: Phantom, mistakes: Mistakes) -> None:
    """Write a sheet of what was missed and what was counted wrongly, each with a word on it."""
    truth = phantom.vessels.set_index("vessel_id")
    places = [
        (truth.loc[m.vessel_id, "x_um"], truth.loc[m.vessel_id, "y_um"], f"missed {m.kind}: {m.why}")
        for m in mistakes.missed
    ]
    places += [(e.x_um, e.y_um, f"extra: {e.lies_on}") for e in mistakes.extra]
    if places:
        _write(path, _sheet([_crop(canvas, phantom.mpp, *place) for place in places[:MOST]]))


def _grown_outline(phantom: Phantom, label: int, mpp: float) -> list[NDArray[np.float64]]:
    """Outline 2 um outside of a truth, so that the found one stays to be seen; px."""
    vessel = phantom.vessels.loc[phantom.vessels["vessel_id"] == label].iloc[0]
    reach = int((2 * np.sqrt(vessel["filled_area_um2"]) + 130) / mpp / 2)
    row, col = int(vessel["y_um"] / mpp), int(vessel["x_um"] / mpp)
    top, left = max(row - reach, 0), max(col - reach, 0)
    crop = (phantom.labels[top : row + reach, left : col + reach] == label).astype(np.uint8)
    by = round(2 / mpp)
    grown = cv2.dilate(cv2.copyMakeBorder(crop, by, by, by, by, cv2.BORDER_CONSTANT), _disc(by))
    rings, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [ring[:, 0] + np.array([left - by + 0.5, top - by + 0.5]) for ring in rings]


def _disc(reach: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))


def _crop(canvas: Bgr, mpp: float, x_um: float, y_um: float, words: str) -> Bgr:
    half = round(CROP_UM / mpp * ENLARGE / 2)
    row, col = (
        min(max(round(um / mpp * ENLARGE), half), size - half)
        for um, size in zip((y_um, x_um), canvas.shape, strict=False)
    )
    part = np.ascontiguousarray(canvas[row - half : row + half, col - half : col + half])
    part = cv2.resize(part, (CROP_PX, CROP_PX))
    cv2.putText(part, words[:44], (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(part, np.uint8)


def _sheet(crops: Sequence[Bgr]) -> Bgr:
    blank = np.full_like(crops[0], 255)
    padded = [*crops, *[blank] * (-len(crops) % COLUMNS)]
    return np.vstack([np.hstack(padded[k : k + COLUMNS]) for k in range(0, len(padded), COLUMNS)])


def _enlarged(bgr: Bgr, by: int) -> Bgr:
    size = (bgr.shape[1] * by, bgr.shape[0] * by)
    return np.asarray(cv2.resize(np.ascontiguousarray(bgr), size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _polygon(canvas: Bgr, ring_px: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    corners = np.round(np.asarray(ring_px) - 0.5).astype(np.int32)
    cv2.polylines(canvas, [corners.reshape(-1, 1, 2)], True, colour, 1, cv2.LINE_AA)


def _write(path: Path, canvas: Bgr) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), canvas):
        raise SystemExit(f"{path} cannot be written; give another --pictures")
