"""A small result made by hand: four vessels, two hot spots, tissue with a hole."""

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browsing import browser, why_no_browser
from measured import measure

from mvd.hotspots import Hotspot
from mvd.result import BY_HAND_COLUMNS, SUMMARY_COLUMNS, VESSEL_COLUMNS, Picture, SlideResult
from mvd.settings import Settings
from mvd.slide.base import SlideInfo
from mvd.stain import Stain, StainMatrix
from mvd.tissue import Tissue
from mvd.vessels import Outline, Vessels

LEVEL0_MPP, ANALYSIS_MPP = 0.25, 0.5
SIDE_UM = 400.0


def ring(x_um: float, y_um: float, radius_um: float) -> np.ndarray:
    """A 16-cornered circle, (16, 2) float32."""
    angles = np.arange(16) * np.pi / 8
    return np.column_stack([x_um + radius_um * np.cos(angles), y_um + radius_um * np.sin(angles)]).astype(
        "f4"
    )


def outline(*wall: tuple[np.ndarray, ...]) -> Outline:
    """The outline of a vessel whose wall is closed, from polygons: an outer ring and then its holes."""
    return Outline(
        tuple(rings[0] for rings in wall), tuple(hole for rings in wall for hole in rings[1:]), wall
    )


PIXEL = np.array([[50, 350], [50.5, 350], [50.5, 350.5], [50, 350.5]])
OUTLINES = (
    outline((ring(100, 100, 12), ring(100, 100, 6))),
    outline((ring(150, 110, 9),), (ring(175, 110, 9), ring(175, 110, 4))),
    outline((ring(300, 300, 40), ring(300, 300, 35))),
    outline((PIXEL,)),
)
VESSELS = (  # x, y, counted, reason, rank
    (100.0, 100.0, True, "ok", 1),
    (162.5, 110.0, True, "merged", 1),
    (300.0, 300.0, False, "lumen_too_wide", 0),
    (50.25, 350.25, False, "too_small", 0),
)


def vessel_table() -> pd.DataFrame:
    """The table of ``VESSELS``; every measure is 12.5."""
    rows = [
        {c.name: 12.5 for c in VESSEL_COLUMNS[1:] if c.kind == "float"}
        | {"vessel_id": i + 1, "x_um": x, "y_um": y, "counted": counted, "reason": reason}
        | {"parts": 1, "hotspot_rank": rank, "max_feret_um": 30.0}
        for i, (x, y, counted, reason, rank) in enumerate(VESSELS)
    ]
    return pd.DataFrame(rows)[[column.name for column in VESSEL_COLUMNS[1 : -len(BY_HAND_COLUMNS)]]]


def tissue() -> Tissue:
    """Tissue with a hole and an island of one pixel."""
    mask = np.zeros((50, 50), bool)
    mask[2:48, 2:48], mask[20:26, 20:26], mask[0, 49] = True, False, True
    return Tissue(
        mask=mask, bare=~mask, mpp=8.0, white_point=(240.0, 240.0, 240.0), white_point_source="background"
    )


def stain() -> Stain:
    """A preset stain."""
    matrix = StainMatrix(np.eye(3), "preset", 0.0)
    levels = {field.name: 0.2 for field in fields(Stain) if field.name.endswith("_od")}
    return Stain(white_point=(240.0, 240.0, 240.0), matrix=matrix, **levels)


def picture(x_um: float, y_um: float, side_um: float, mpp: float) -> Picture:
    """Uniform tissue, pale violet."""
    side_px = round(side_um / mpp)
    return Picture(np.full((side_px, side_px, 3), (205, 195, 220), np.uint8), x_um, y_um, mpp)


@pytest.fixture
def make_result() -> Callable[..., SlideResult]:
    """Make the result; ``empty=True`` leaves out vessels and hot spots."""

    def make(empty: bool = False) -> SlideResult:
        table = vessel_table()
        outlines = OUTLINES
        spots: tuple[Hotspot, ...] = (
            Hotspot(1, 0.02, 130.0, 105.0, 79.788, 2, 0.98765),
            Hotspot(2, 0.02, 300.0, 300.0, 79.788, 0, 0.0),
        )
        if empty:
            table, outlines, spots = table.iloc[:0], (), ()
        summary = {column.name: None for column in SUMMARY_COLUMNS[2:]} | {
            "status": "empty" if empty else "ok",
            "mpp": LEVEL0_MPP,
            "vessels": 0 if empty else 2,
            "mvd_tissue_per_mm2": -0.0 if empty else 15.4321987,
            "reviewed": False,
            "mvd_version": "1.2.3",
        }
        return SlideResult(
            info=SlideInfo(
                Path("ward/7/case.svs"), (1600, 1600), LEVEL0_MPP, "aperio", 40.0, "aperio", ((1600, 1600),)
            ),
            settings=Settings.from_mapping({"report": {"overview_px": 400, "hotspot_px": 400}}),
            analysis_mpp=ANALYSIS_MPP,
            tissue=tissue(),
            stain=stain(),
            vessels=Vessels(table, outlines),
            hotspots=spots,
            summary=summary,
            overview=picture(0.0, 0.0, SIDE_UM, 1.0),
            hotspot_pictures=tuple(picture(s.x_um - 100, s.y_um - 100, 200, 0.5) for s in spots[:1]),
        )

    return make


@pytest.fixture(scope="session")
def measured(tmp_path_factory) -> Path:
    """A real result folder with slides of hostile names; not to be written to."""
    return measure(tmp_path_factory.mktemp("measured"))


@pytest.fixture(scope="session")
def chromium() -> None:
    """There is a browser that can be driven; on CI it is an error to have none."""
    reason = why_no_browser()
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture(scope="module")
def opened(chromium: None) -> Iterator[object]:
    """The browser, open."""
    with browser() as driver:
        yield driver
