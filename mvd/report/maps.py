"""Density and distance maps -> ``density.png`` and ``distance.png``: colours over the tissue, a bar with numbers.

Off the tissue the paper is left white. The same map gives the same bytes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mvd.report.canvas import DARK, PAPER, WHITE, Canvas, Colour
from mvd.report.frame import Entry, framed
from mvd.report.rings import field_um, tissue_polygons_um
from mvd.result import SlideResult

LONGEST_PX = 1000
LIMIT_UM = 100.0
_LETTERS = 60.0  # the report shows maps at half their size
_OUTLINE: Colour = (90, 90, 90)
_LIMIT: Colour = (0, 230, 255)
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """Numbers -> colours.

    Attributes
    ----------
    most : float
        The end of the bar; larger values have its colour.
    colours : int
        cv2's number of the colour map.
    unit : str
    open_end : bool
        Whether the last number stands for all above.
    """

    most: float
    colours: int
    unit: str
    open_end: bool = False

    def paint(self, values: Values) -> NDArray[np.uint8]:
        """Colours of (h, w) values, (h, w, 3); paper where NaN."""
        levels = np.rint(np.nan_to_num(values / self.most).clip(0, 1) * 255).astype(np.uint8)
        rgb = cv2.cvtColor(cv2.applyColorMap(levels, self.colours), cv2.COLOR_BGR2RGB)
        rgb[np.isnan(values)] = PAPER
        return np.asarray(rgb, np.uint8)

    @property
    def step(self) -> float:
        """Between the numbers on the bar: round, and three to six of them."""
        decade = 10.0 ** np.floor(np.log10(self.most / 5))
        return float(min(step * decade for step in _STEPS if step * decade >= self.most / 5))


def draw_density(result: SlideResult) -> bytes:
    """Draw the vessel density, the tissue and the hot spots; PNG."""
    if result.measures is None:
        raise ValueError("the result has no density map")
    density = result.measures.density
    highest = float(np.nanmax(density.per_mm2)) if np.isfinite(density.per_mm2).any() else 0.0
    scale = Scale(max(highest, 1.0), cv2.COLORMAP_VIRIDIS, "vessels per mm2")
    canvas = _map_canvas(density.per_mm2, density.mpp, scale, result)
    spots = [field_um(spot) for spot in result.hotspots[:3]]
    canvas.outlines(spots, WHITE, width=2, casing=3)
    cap_px = canvas.letter_px * 1.4
    for spot in result.hotspots[:3]:
        middle = canvas.px(np.array([[spot.x_um, spot.y_um]]))[0]
        canvas.text(
            (middle[0] - cap_px / 2, middle[1] - cap_px / 2), str(spot.rank), cap_px=cap_px, bold=True
        )
    title = f"Density of counted vessels, smoothed over {density.bandwidth_um:g} um (Gaussian sigma)"
    legend = [(_OUTLINE, "tissue")]
    if spots:
        legend.append((WHITE, f"hot spots 1 to {len(spots)}, {result.hotspots[0].field_mm2:g} mm2"))
    return framed(_with_bar(canvas, scale), title, legend)


def draw_distance(result: SlideResult) -> bytes:
    """Draw how far the tissue is from its vessels, and where that is more than 100 um; PNG."""
    if result.measures is None:
        raise ValueError("the result has no distance map")
    distance = result.measures.distance
    scale = Scale(200.0, cv2.COLORMAP_MAGMA, "um to the nearest vessel", open_end=True)
    canvas = _map_canvas(distance.distance_um, distance.mpp, scale, result, LIMIT_UM)
    part = 100 * distance.far_fraction[1]
    title = (
        f"Distance to the nearest counted vessel: {part:.1f} % of the tissue is farther than {LIMIT_UM:g} um"
    )
    legend: list[Entry] = [(_OUTLINE, "tissue"), (_LIMIT, f"{LIMIT_UM:g} um from a vessel")]
    return framed(_with_bar(canvas, scale), title, legend)


def _map_canvas(
    values: Values, mpp: float, scale: Scale, result: SlideResult, limit: float | None = None
) -> Canvas:
    """The map at the size of the picture, cut along the tissue; the line at ``limit``, and the tissue's outline."""
    height, width = (size * result.tissue.mpp / mpp for size in result.tissue.mask.shape)
    factor = LONGEST_PX / max(height, width)
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    smooth = _enlarged(values, size, factor)
    mask = cv2.resize(result.tissue.mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    smooth[~mask] = np.nan
    canvas = Canvas(scale.paint(smooth), 0.0, 0.0, mpp / factor, _LETTERS)
    if limit is not None:
        tissue_mpp = mpp / factor
        rings = tissue_polygons_um(np.nan_to_num(smooth) > limit, tissue_mpp)
        canvas.outlines([ring for polygon in rings for ring in polygon], _LIMIT, width=2, casing=0)
    tissue = tissue_polygons_um(result.tissue.mask, result.tissue.mpp)
    canvas.outlines([ring for polygon in tissue for ring in polygon], _OUTLINE, casing=0)
    return canvas


def _enlarged(values: Values, size: tuple[int, int], factor: float) -> Values:
    """The map at the size of the picture, between its pixels in proportion; what is NaN takes no part in it."""
    known = (~np.isnan(values)).astype(np.float32)
    matrix = np.array([[1 / factor, 0, (1 / factor - 1) / 2], [0, 1 / factor, (1 / factor - 1) / 2]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sums, weights = (
        cv2.warpAffine(part, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        for part in (np.nan_to_num(values), known)
    )
    filled = np.full(sums.shape, np.nan, np.float32)
    enlarged: Values = np.divide(sums, weights, out=filled, where=weights > 1e-3)
    return enlarged


def _with_bar(canvas: Canvas, scale: Scale) -> Canvas:
    """Put the colour bar with its numbers to the right of the map."""
    cap_px = canvas.letter_px * 1.1
    height = canvas.rgb.shape[0]
    last = f"{scale.most:.0f}"
    width = (
        round(max(canvas.text_width(scale.unit, cap_px), 4 * cap_px + canvas.text_width(last, cap_px))) + 24
    )
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[:] = PAPER
    strip = Canvas(rgb, 0.0, 0.0, canvas.mpp)
    strip.text((8, cap_px * 0.5), scale.unit, DARK, cap_px=cap_px)
    top, bottom, left, right = round(3 * cap_px), height - round(1.5 * cap_px), 12, 12 + round(2 * cap_px)
    levels = np.linspace(scale.most, 0, max(bottom - top, 2), dtype=np.float32)[:, None]
    bar = scale.paint(np.repeat(levels, right - left, axis=1))[: height - top]
    rgb[top : top + len(bar), left:right] = bar
    cv2.rectangle(rgb, (left - 1, top - 1), (right, top + len(bar)), DARK, 1)
    for number in np.arange(0, scale.most * 1.0001, scale.step):
        row = top + (1 - number / scale.most) * (len(bar) - 1)
        cv2.line(rgb, (right, round(row)), (right + 5, round(row)), DARK, 1)
        words = f"{number:g}" + ("+" if scale.open_end and number >= scale.most else "")
        strip.text((right + 9, row - cap_px * 0.65), words, DARK, cap_px=cap_px)
    joined = np.concatenate([canvas.rgb, rgb], axis=1)
    return Canvas(np.ascontiguousarray(joined), canvas.x_um, canvas.y_um, canvas.mpp, canvas.letters)
