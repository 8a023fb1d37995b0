"""The vessels and their look-alikes as outlines in um about an anchor at (0, 0). Nothing is placed or drawn here."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from mvd.phantom.fields import wobble
from mvd.phantom.outlines import (
    STEPS,
    Polygon,
    curve,
    ellipse,
    headings,
    inset,
    ribbon,
    rotated,
    wedge,
)

NONE = np.zeros((0, 3))
FAINT_OD = 0.4  # walls below are drawn so that a careful reader still sees them


@dataclass(frozen=True)
class Shape:
    """One profile: stained where ``outers`` minus ``lumens`` minus ``gaps``.

    Attributes
    ----------
    kind : str
        What it is, for the truth table.
    wall_od : float
        Mean DAB optical density of the wall; for pigment, its total OD.
    outers, lumens, gaps : tuple of (n, 2) float64
        Polygons, (x, y) um. The filled vessel is the union of ``outers``.
    reason : str
        ``ok`` when countable, else why not, in the words of vessels.csv.
    sleeve_um : float
        Thickness of a muscular wall around it (not DAB), um.
    nuclei : (k, 3) float64
        Endothelial nuclei: x, y (um) and direction (rad).
    red_cells : bool
        Whether its lumen holds red cells.
    golden : float
        Pigment only: 0 black to 1 golden brown.
    """

    kind: str
    wall_od: float
    outers: tuple[Polygon, ...]
    lumens: tuple[Polygon, ...] = ()
    gaps: tuple[Polygon, ...] = ()
    reason: str = "ok"
    sleeve_um: float = 0.0
    nuclei: Polygon = field(default_factory=lambda: NONE)
    red_cells: bool = False
    golden: float = -1.0

    @property
    def countable(self) -> bool:
        """Whether METHODS' rules count it as a vessel."""
        return self.reason == "ok"

    def turned(self, angle_rad: float) -> "Shape":
        """Return the shape turned about its anchor."""
        nuclei = np.hstack([rotated(self.nuclei[:, :2], angle_rad), self.nuclei[:, 2:] + angle_rad])
        return self._mapped(lambda points: rotated(points, angle_rad), nuclei)

    def moved(self, x_um: float, y_um: float) -> "Shape":
        """Return the shape shifted."""
        by = np.array([x_um, y_um])
        return self._mapped(lambda points: points + by, self.nuclei + np.array([x_um, y_um, 0.0]))

    def _mapped(self, change: Callable[[Polygon], Polygon], nuclei: Polygon) -> "Shape":
        outers, lumens, gaps = (tuple(map(change, kind)) for kind in (self.outers, self.lumens, self.gaps))
        return replace(self, outers=outers, lumens=lumens, gaps=gaps, nuclei=nuclei)


def ring(
    rng: np.random.Generator,
    diameter_um: float,
    wall_um: float,
    wall_od: float,
    aspect: float = 1.0,
    roughness: float = 0.05,
) -> Shape:
    """Make a closed ring: a capillary cut across, ``diameter_um`` the geometric mean of its outer axes."""
    major, minor = diameter_um * aspect**0.5, diameter_um / aspect**0.5
    wall_um = min(wall_um, 0.3 * minor)
    outer = ellipse(rng, major, minor, roughness)
    depth = wall_um * np.clip(1 + wobble(rng, STEPS, 5 * roughness), 0.6, 1.6)
    # measured along the radius, so that the lumen is star-shaped and a single one: two would read as two vessels
    left = np.maximum(1 - depth / np.hypot(outer[:, 0], outer[:, 1]), 0.35)
    lumen = outer * left[:, None]
    nuclei = _along(rng, outer, wall_um, 22.0)
    red_cells = bool(rng.random() < 0.35) and (wall_od >= FAINT_OD or minor > 13)
    shape = Shape("ring", wall_od, (outer,), (lumen,), nuclei=nuclei, red_cells=red_cells)
    return shape.turned(rng.uniform(0, 2 * np.pi))


def broken_ring(rng: np.random.Generator, diameter_um: float, wall_um: float, wall_od: float) -> Shape:
    """Make a ring whose wall has one to three gaps of 1 to 5 um: still one vessel."""
    whole = ring(rng, diameter_um, wall_um, wall_od, rng.uniform(1, 1.5), 0.05)
    number = int(rng.integers(1, 3 + (diameter_um > 16)))
    widest = min(5.0, 0.4 * np.pi * diameter_um / number / 2)
    start = rng.uniform(0, 2 * np.pi)
    gaps = []
    for k in range(number):
        middle = start + 2 * np.pi * (k + rng.uniform(-0.15, 0.15)) / number
        radius = float(np.interp(middle, *_polar(whole.outers[0]), period=2 * np.pi))
        half = 0.5 * rng.uniform(1.0, widest) / max(radius - 0.5 * wall_um, 1.0)
        gaps.append(wedge(middle - half, middle + half, 2 * diameter_um))
    return replace(whole, kind="broken_ring", gaps=tuple(gaps))


def sprout(rng: np.random.Generator, wall_od: float) -> Shape:
    """Make a solid sprout: stained cells, 3.5 to 10 um, without a lumen."""
    minor = rng.uniform(4.0, 7.0)
    if rng.random() < 0.5:
        major = float(np.clip(minor * rng.uniform(1.3, 2.0), max(minor, 36 / minor), 10))
        outer = ellipse(rng, major, minor, 0.07)
    else:
        centre = curve(rng, rng.uniform(6.0, 10.0), 0.9)
        outer = ribbon(centre, minor * np.linspace(1.0, rng.uniform(0.5, 0.9), len(centre)))
        outer = outer - outer.mean(0)
    nuclei = (
        np.array([[*rng.normal(0, 1.0, 2), rng.uniform(0, np.pi)]])
        if rng.random() < 0.4 and wall_od > 0.5
        else NONE
    )
    return Shape("sprout", wall_od, (outer,), nuclei=nuclei).turned(rng.uniform(0, 2 * np.pi))


def tube(
    rng: np.random.Generator, length_um: float, wall_od: float, lumen: bool, branched: bool = False
) -> Shape:
    """Make a vessel cut lengthwise: curved, with or without a lumen, branched if asked."""
    width = rng.uniform(8.0, 14.0) if lumen else rng.uniform(3.8, 6.0)
    wall_um = rng.uniform(1.6, 2.6)
    trunk = curve(rng, length_um, 1.1)
    lines = [trunk]
    if branched:
        at = int(len(trunk) * rng.uniform(0.35, 0.65))
        side = rng.choice([-1.0, 1.0]) * rng.uniform(0.7, 1.2)
        arm = rotated(curve(rng, length_um * rng.uniform(0.3, 0.5), 0.5), headings(trunk)[at] + side)
        lines.append(arm + trunk[at])
    widths = [width * np.clip(1 + _drift(rng, len(line), 0.14), 0.75, 1.35) for line in lines]
    outers = tuple(ribbon(line, w) for line, w in zip(lines, widths, strict=True))
    lumens = (
        tuple(p for line, w in zip(lines, widths, strict=True) for p in _bore(rng, line, w, wall_um))
        if lumen
        else ()
    )
    nuclei = np.vstack([_beside(rng, line, w) for line, w in zip(lines, widths, strict=True)])
    kind = "branched_tube" if branched else "tube_with_lumen" if lumen else "solid_tube"
    shape = Shape(kind, wall_od, outers, lumens, nuclei=nuclei, red_cells=lumen and bool(rng.random() < 0.4))
    middle = trunk.mean(0)
    return shape.moved(-middle[0], -middle[1]).turned(rng.uniform(0, 2 * np.pi))


def side_by_side(first: Shape, second: Shape, gap_um: float, kind: str) -> tuple[Shape, Shape]:
    """Put two rings beside each other, ``gap_um`` apart; below 0 their walls share that much."""
    a, b = first.outers[0], second.outers[0]
    right, left = a[a[:, 0].argmax()], b[b[:, 0].argmin()]
    shift = right - left + np.array([gap_um, 0.0])
    return replace(first, kind=kind), replace(second.moved(*shift), kind=kind)


def speck(rng: np.random.Generator) -> Shape:
    """Make a dot of precipitate, under 2 um."""
    size = rng.uniform(0.8, 1.9)
    outer = ellipse(rng, size, size * rng.uniform(0.7, 1.0), 0.08)
    return Shape("speck", rng.uniform(0.5, 1.2), (outer,), reason="too_small").turned(rng.uniform(0, np.pi))


def undersized(rng: np.random.Generator) -> Shape:
    """Make a stained profile that is clearly under the minimum size (4 to 9 um2)."""
    size = rng.uniform(2.3, 3.2)
    outer = ellipse(rng, size * 1.1, size, 0.06)
    return Shape("undersized", rng.uniform(0.3, 0.6), (outer,), reason="too_small").turned(
        rng.uniform(0, np.pi)
    )


def pigment(rng: np.random.Generator) -> Shape:
    """Make a cluster of pigment granules: anthracotic black, or haemosiderin in golden and black-brown."""
    radius = rng.uniform(2.5, 8.0)
    places = rng.normal(0, 0.5 * radius, (int(6 + 0.55 * radius**2), 2)) * np.array(
        [1.0, rng.uniform(0.4, 1.0)]
    )
    granules = tuple(
        ellipse(rng, s, 0.85 * s, 0.08) + p
        for p, s in zip(places, rng.uniform(0.9, 2.6, len(places)), strict=True)
    )
    golden = 0.0 if rng.random() < 0.55 else rng.uniform(0.3, 0.9)
    shape = Shape(
        "pigment", rng.uniform(1.3, 2.2) * (1 - 0.45 * golden), granules, reason="not_dab", golden=golden
    )
    return shape.turned(rng.uniform(0, np.pi))


def large(rng: np.random.Generator, wall_od: float, thick: bool) -> Shape:
    """Make a large vessel that is not counted: too wide a lumen, or a muscular wall around a thin intima."""
    wide = not thick or rng.random() < 0.75
    lumen_um = rng.uniform(58, 95) if wide else rng.uniform(22, 45)
    wall_um = rng.uniform(1.8, 3.0)
    aspect = rng.uniform(1.0, 1.15)
    shape = ring(rng, (lumen_um + 2 * wall_um) * aspect**0.5, wall_um, wall_od, aspect, 0.012)
    if thick:
        return replace(shape, kind="thick_walled", reason="thick_wall", sleeve_um=rng.uniform(11, 26))
    return replace(shape, kind="wide", reason="lumen_too_wide")


def _polar(outline: Polygon) -> tuple[Polygon, Polygon]:
    turn = np.arctan2(outline[:, 1], outline[:, 0]) % (2 * np.pi)
    order = np.argsort(turn)
    return turn[order], np.hypot(outline[:, 0], outline[:, 1])[order]


def _drift(rng: np.random.Generator, n: int, amplitude: float) -> Polygon:
    return wobble(rng, 2 * n, amplitude, 1, max(3, n // 8))[:n]


def _along(rng: np.random.Generator, outer: Polygon, wall_um: float, every_um: float) -> Polygon:
    """Endothelial nuclei along an outline, lying flat on or just outside the wall."""
    around = np.hypot(*(np.roll(outer, -1, axis=0) - outer).T).sum()
    chosen = rng.integers(0, len(outer), rng.poisson(around / every_um))
    ahead = np.roll(outer, -1, axis=0) - np.roll(outer, 1, axis=0)
    heading = np.arctan2(ahead[:, 1], ahead[:, 0])
    line = inset(outer, rng.uniform(-1.4, 0.4 * wall_um, len(outer)))
    return np.column_stack([line[chosen], heading[chosen]])


def _beside(rng: np.random.Generator, line: Polygon, width_um: Polygon) -> Polygon:
    chosen = rng.integers(2, len(line) - 2, rng.poisson(len(line) / 20))
    heading = headings(line)[chosen]
    off = rng.choice([-1.0, 1.0], chosen.size) * (
        0.5 * width_um[chosen] + rng.uniform(-1.0, 1.2, chosen.size)
    )
    return np.column_stack(
        [line[chosen] + np.stack([-np.sin(heading), np.cos(heading)], 1) * off[:, None], heading]
    )


def _bore(rng: np.random.Generator, line: Polygon, width_um: Polygon, wall_um: float) -> list[Polygon]:
    """Make the lumen of a tube; now and then pinched into two."""
    bore = np.maximum(width_um - 2 * wall_um, 2.5)
    spacing = float(np.hypot(*(line[1] - line[0])))
    end = round((0.2 * float(width_um.mean()) + wall_um) / spacing)
    inside = slice(end, len(line) - end)
    if len(line) > 60 and rng.random() < 0.3:
        cut = int(len(line) * rng.uniform(0.4, 0.6))
        return [ribbon(line[s], bore[s]) for s in (slice(end, cut - 3), slice(cut + 3, len(line) - end))]
    return [ribbon(line[inside], bore[inside])] if len(line) > 2 * end + 4 else []
