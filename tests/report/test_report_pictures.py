"""The pictures: what is drawn, where, and that it is drawn the same each time."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mvd.report import frame
from mvd.report.canvas import Canvas
from mvd.report.overlay import COUNTED, LOST, NOT_COUNTED, draw_hotspot, draw_overview
from mvd.result import Picture

GROUND = (205, 195, 220)


def decoded(png: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def near(rgb: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(rgb.astype(int) - colour).max(axis=-1) < 40


@pytest.fixture
def overview(make_result):
    """The overview without title and footer: 400 px for 400 um."""
    rgb = decoded(draw_overview(make_result()))
    top = round(Canvas(np.zeros((400, 400, 3), np.uint8), 0, 0, 1.0).letter_px * 3.2)
    return rgb[top : top + 400]


def ring_of(rgb, x, y, radius):
    rows, cols = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    return np.abs(np.hypot(cols - x, rows - y) - radius) < 3


def test_vessels_are_outlined_in_their_colours(overview):
    assert near(overview, COUNTED)[ring_of(overview, 100, 100, 13)].any()
    assert near(overview, NOT_COUNTED)[ring_of(overview, 300, 300, 41)].any()
    assert not near(overview, NOT_COUNTED)[80:130, 80:130].any()


def test_the_inside_of_a_vessel_is_left_as_it_was(overview):
    assert (overview[95:106, 95:106] == GROUND).all()


def test_the_circle_of_a_hot_spot_is_drawn(overview):
    white = near(overview, (255, 255, 255)) & ring_of(overview, 130, 105, 79.8)
    assert white.sum() > 300


def test_what_could_not_be_decoded_is_crossed_out_where_it_lies(make_result):
    lost = replace(make_result(), damage_um=((200.0, 40.0, 260.0, 90.0),))
    rgb = decoded(draw_overview(lost))
    top = round(Canvas(np.zeros((400, 400, 3), np.uint8), 0, 0, 1.0).letter_px * 3.2)
    rows, cols = np.nonzero(near(rgb[top : top + 400], LOST))
    assert (cols.min(), cols.max(), rows.min(), rows.max()) == pytest.approx((200, 260, 40, 90), abs=2)
    assert near(rgb[top : top + 400], LOST)[62:68, 226:234].any()  # where the diagonals meet
    assert near(rgb[top + 400 :], LOST).any()  # in the legend
    far = replace(lost, damage_um=((350.0, 350.0, 390.0, 390.0),))
    assert draw_hotspot(far, 0) == draw_hotspot(make_result(), 0)


def test_pictures_are_the_same_each_time_and_hold_no_text_chunk(make_result):
    first, second = (draw_overview(make_result()) for _ in range(2))
    assert first == second
    assert draw_hotspot(make_result(), 0) == draw_hotspot(make_result(), 0)
    chunks, at = [], 8
    while at < len(first):
        size = int.from_bytes(first[at : at + 4])
        chunks.append(first[at + 4 : at + 8])
        at += size + 12
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}


def test_an_empty_slide_has_an_overview(make_result):
    assert decoded(draw_overview(make_result(empty=True))).shape[1] == 400


def test_coarse_overviews_show_dots(make_result):
    result = make_result()
    coarse = Picture(np.full((40, 40, 3), GROUND, np.uint8), 0, 0, 10.0)
    rgb = decoded(draw_overview(type(result)(**{**vars(result), "overview": coarse})))
    assert near(rgb, COUNTED).sum() > 30


def test_the_hot_spot_picture_numbers_its_vessels(make_result):
    rgb = decoded(draw_hotspot(make_result(), 0))
    # Vessel 1 lies at (100, 100) um = (140, 190) px of a picture that begins at (30, 5) um with 0.5 um/px.
    top = round(Canvas(np.zeros((400, 400, 3), np.uint8), 0, 0, 0.5).letter_px * 3.2)
    beside = near(rgb, COUNTED)[top + 140 : top + 240, 90:190].copy()
    rows, cols = np.mgrid[:100, :100]
    beside[np.hypot(rows - 50, cols - 50) < 30] = False
    assert beside.any()


def test_a_picture_is_made_to_fit():
    wide = Picture(np.zeros((100, 3000, 3), np.uint8), 0, 0, 2.0)
    small = Picture(np.zeros((30, 50, 3), np.uint8), 0, 0, 2.0)
    assert Canvas.of(wide, 1000).rgb.shape == (33, 1000, 3)
    assert Canvas.of(wide, 1000).mpp == pytest.approx(6.0)
    assert Canvas.of(small, 1000).rgb.shape == (120, 200, 3)
    assert Canvas.of(small, 1000).mpp == pytest.approx(0.5)


@pytest.mark.parametrize(("width_um", "bar_um"), [(90, 20), (400, 100), (1017, 200), (30000, 5000), (3, 5)])
def test_the_scale_bar_is_a_round_length_that_fits(width_um, bar_um):
    assert frame.bar_length_um(width_um) == bar_um


def test_the_scale_bar_is_as_long_as_it_says(make_result):
    rgb = decoded(draw_overview(make_result()))
    footer = rgb[-40:]
    bars = [np.flatnonzero(row) for row in near(footer, (20, 20, 20))]
    longest = max(
        (len(run) for row in bars if len(row) for run in np.split(row, np.flatnonzero(np.diff(row) > 1) + 1)),
        default=0,
    )
    assert longest == 100  # um, at 1 um/px
