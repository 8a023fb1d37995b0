"""Corrections of one slide: done, taken back, made again, in any order, read back; hot spots; readers."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from correcting import across, square, table_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mvd
from mvd import Corrections, Settings
from mvd.corrections import JOURNAL, NAME, read_state
from mvd.errors import CorrectionsError
from mvd.hotspots import HandPlaced, hotspot_near, placed_hotspots, radius_of
from mvd.tissue import Tissue

quick = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])

Step = Callable[[Corrections], None]


def counted_ids(opened: Corrections) -> list[int]:
    return [int(i) for i in opened.vessels.counted["vessel_id"]]


def do(opened: Corrections, number: int) -> None:
    """Make one of many corrections; one that cannot be made changes nothing."""
    ids = counted_ids(opened)
    one, other = ids[number % len(ids)], ids[(number * 7 + 3) % len(ids)]
    place = (20 + number * 37 % 350, 20 + number * 53 % 350)
    steps: list[Step] = [
        lambda c: c.add([square(*place, 12), square(*place, 6)]),
        lambda c: c.add(point_um=place),
        lambda c: c.delete(one),
        lambda c: c.count(one, False),
        lambda c: c.merge([one, other]),
        lambda c: c.split(one, across(c, one)),
        lambda c: c.outline(one, [square(*place, 16)]),
        lambda c: c.move_hotspot(c.hotspots()[0], *place),
        lambda c: c.reject_hotspot(c.hotspots()[-1]),
        lambda c: c.count(1 + number % len(c.vessels.table), True),
    ]
    before = table_bytes(opened)
    try:
        steps[number % len(steps)](opened)
    except CorrectionsError:
        assert table_bytes(opened) == before


@quick
@given(st.lists(st.one_of(st.integers(0, 400), st.sampled_from(["undo", "redo"])), max_size=14))
def test_all_that_happened_can_be_read_back_and_taken_back(folder: Path, what: list[int | str]) -> None:
    for left in folder.glob("corrections.*"):
        left.unlink()
    opened = Corrections.open(folder, "AB")
    untouched = table_bytes(opened)
    for step in what:
        if isinstance(step, int):
            do(opened, step)
        else:
            getattr(opened, step)()
    again = Corrections.open(folder, "CD")
    assert (again.edits, again.can_redo) == (opened.edits, opened.can_redo)
    assert table_bytes(again) == table_bytes(opened)
    assert again.hotspots() == opened.hotspots()
    (folder / NAME).unlink(missing_ok=True)  # the journal alone says the same
    if (folder / JOURNAL).exists():
        assert read_state(folder) == opened._state
    corrected = table_bytes(opened)
    count = len(opened.edits)
    for _ in range(count):
        opened.undo()
    assert not opened.can_undo
    assert table_bytes(opened) == untouched
    for _ in range(count):
        opened.redo()
    assert table_bytes(opened) == corrected


def independent(opened: Corrections) -> list[Step]:
    """Corrections of different vessels and hot spots; vessels named by where they are."""
    a, b, c, d, e, f = counted_ids(opened)[:6]
    spots = opened.hotspots()
    line = across(opened, f)
    return [
        lambda o: o.add([square(200, 30, 14)]),
        lambda o: o.add(point_um=(30, 200)),
        lambda o: o.delete(a),
        lambda o: o.merge([b, c]),
        lambda o: o.split(f, line),
        lambda o: o.outline(d, [square(210, 330, 9)]),
        lambda o: o.count(e, False),
        lambda o: o.reject_hotspot(spots[1]),
    ]


@quick
@given(st.randoms(use_true_random=False))
def test_the_order_of_independent_corrections_changes_no_byte(folder: Path, dice: object) -> None:
    tables, hotspots = [], []
    for shuffled in (False, True):
        for left in folder.glob("corrections.*"):
            left.unlink()
        opened = Corrections.open(folder, "AB")
        steps = independent(opened)
        if shuffled:
            dice.shuffle(steps)  # type: ignore[attr-defined]
        for step in steps:
            step(opened)
        assert len(opened.edits) == len(steps)
        tables.append(table_bytes(opened))
        hotspots.append(opened.hotspots())
    assert tables[0] == tables[1]
    assert hotspots[0] == hotspots[1]


def test_a_used_up_vessel_is_corrected_no_further(opened: Corrections) -> None:
    a, b, c, *_ = counted_ids(opened)
    opened.merge([a, b])
    for step in (
        lambda: opened.delete(a),
        lambda: opened.merge([b, c]),
        lambda: opened.split(a, across(opened, a)),
    ):
        with pytest.raises(CorrectionsError, match="merged by hand"):
            step()
    made = len(opened.vessels.table)
    opened.delete(made)  # what was made by hand can be deleted, and is gone
    assert len(opened.vessels.table) == made - 1
    opened.undo()
    opened.undo()
    assert opened.summary()["vessels"] == opened.summary()["automatic_vessels"]


def test_every_step_says_who_and_when(folder: Path) -> None:
    Corrections.open(folder, "AB").add(point_um=(50, 50))
    second = Corrections.open(folder, "C. D-e")
    second.undo()
    lines = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
    assert [(line["event"], line["reader"]) for line in lines] == [("did", "AB"), ("undid", "C. D-e")]
    assert all(len(line["at"]) == 20 for line in lines)
    assert lines[0]["edit"]["point"] == [50.0, 50.0]


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "x" * 33, "a\nb", "=cmd"])
def test_a_reader_has_a_short_plain_name(folder: Path, name: str) -> None:
    with pytest.raises(CorrectionsError, match="initials"):
        Corrections.open(folder, name)


def test_a_second_reading_lies_apart_and_begins_anew(folder: Path) -> None:
    first = Corrections.open(folder, "AB")
    first.delete(counted_ids(first)[0])
    second = Corrections.open(folder, "CD", apart=True)
    assert not second.edits
    second.add(point_um=(50, 50))
    assert second.folder == folder / "second_reader" / "CD"
    assert len(Corrections.open(folder, "AB").edits) == 1
    assert len(Corrections.open(folder, "CD", apart=True).edits) == 1


def test_two_at_once_do_not_overwrite_each_other(folder: Path) -> None:
    one, other = Corrections.open(folder, "AB"), Corrections.open(folder, "CD")
    one.add(point_um=(50, 50))
    with pytest.raises(CorrectionsError, match="open it again"):
        other.add(point_um=(60, 60))
    assert not other.edits
    assert len(Corrections.open(folder, "AB").edits) == 1


def test_a_full_disk_says_so_and_loses_nothing(folder: Path) -> None:
    opened = Corrections.open(folder, "AB")
    (folder / JOURNAL).symlink_to("/dev/full")
    with pytest.raises(CorrectionsError, match="No space left") as full:
        opened.add(point_um=(60, 60))
    assert "\n" not in str(full.value)
    assert not opened.edits
    (folder / JOURNAL).unlink()
    opened.add(point_um=(60, 60))
    assert len(Corrections.open(folder, "AB").edits) == 1


def test_a_moved_hot_spot_holds_what_lies_in_it(opened: Corrections) -> None:
    spots = opened.hotspots()
    assert len(spots) > 2
    new = (spots[0].x_um + 25, spots[0].y_um - 10)
    opened.move_hotspot(spots[0], *new)
    moved = [spot for spot in opened.hotspots() if spot.by_hand]
    assert [(spot.x_um, spot.y_um) for spot in moved] == [pytest.approx(new)]
    away = np.hypot(*(opened.counted_um - new).T)
    assert moved[0].vessels == np.count_nonzero(away <= moved[0].radius_um)
    assert moved[0].vessels == opened.count_at(*new).vessels
    ranks = [spot.rank for spot in opened.hotspots()]
    assert ranks == list(range(1, len(ranks) + 1))
    assert [s.vessels for s in opened.hotspots()] == sorted(
        (s.vessels for s in opened.hotspots()), reverse=True
    )
    opened.move_hotspot(moved[0], new[0] + 5, new[1])  # moved on: one place, not two
    assert sum(spot.by_hand for spot in opened.hotspots()) == 1
    opened.reject_hotspot(next(spot for spot in opened.hotspots() if spot.by_hand))
    left = opened.hotspots()
    assert not any(spot.by_hand for spot in left)
    assert all(np.hypot(s.x_um - new[0] - 5, s.y_um - new[1]) >= 2 * s.radius_um - 1e-6 for s in left)


def test_hot_spots_placed_by_hand_do_not_overlap(opened: Corrections) -> None:
    one, other = opened.hotspots()[:2]
    opened.move_hotspot(one, one.x_um + 3, one.y_um)
    with pytest.raises(CorrectionsError, match="overlaps"):
        opened.move_hotspot(other, one.x_um + 20, one.y_um)
    assert len(opened.edits) == 1


def all_tissue(side_px: int) -> Tissue:
    mask = np.ones((side_px, side_px), bool)
    return Tissue(mask, ~mask, 8.0, (240.0, 240.0, 240.0), "given")


field = Settings.from_mapping({"hotspot": {"field_mm2": 0.01}}).hotspot


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=25, unique=True))
def test_the_exact_maximum_near_a_point(points: list[tuple[int, int]]) -> None:
    """Against every centre that two vessels, or one vessel and the edge of the reach, can decide, and a fine grid."""
    xy, reach, radius = np.array(points, float), 60.0, radius_of(field)
    found = hotspot_near(xy, field, all_tissue(100), (150.0, 150.0), reach)
    grid = np.stack(np.meshgrid(np.linspace(90, 210, 61), np.linspace(90, 210, 61)), axis=-1).reshape(-1, 2)
    best = int((np.hypot(*(grid[:, None] - xy).transpose(2, 0, 1)) <= radius).sum(axis=1).max())
    if found is None:
        assert best == 0
        return
    assert max(abs(found.x_um - 150), abs(found.y_um - 150)) <= reach + 1e-9
    assert found.vessels == np.count_nonzero(np.hypot(*(xy - [found.x_um, found.y_um]).T) <= found.radius_um)
    assert found.vessels >= best


def test_a_dragged_field_is_counted_at_once() -> None:
    xy = np.random.default_rng(1).uniform(0, 20_000, (100_000, 2))
    tissue = all_tissue(2500)
    headline = Settings().hotspot
    times = []
    for x in (9000.0, 9100.0, 9200.0, 9300.0, 9400.0):
        start = time.process_time()
        (spot,) = placed_hotspots(xy, headline, tissue, HandPlaced(0.74, "circle", ((x, 9000.0),)))
        times.append(time.process_time() - start)
        assert spot.vessels == np.count_nonzero(np.hypot(*(xy - [x, 9000.0]).T) <= spot.radius_um)
    assert min(times) < 0.02


def test_corrections_of_other_content_are_not_opened(folder: Path) -> None:
    Corrections.open(folder, "AB").add(point_um=(50, 50))
    text = (folder / NAME).read_text()
    sha256 = json.loads(text)["basis"]["slide_sha256"]
    (folder / JOURNAL).unlink()
    (folder / NAME).write_text(text.replace(sha256, "0" * 64))
    with pytest.raises(CorrectionsError, match="other content"):
        Corrections.open(folder, "AB")


def test_readings_of_several_readers(opened: Corrections, tmp_path: Path) -> None:
    second = Corrections.open(opened.folder, "CD", apart=True)
    second.delete(counted_ids(second)[0])
    spot = second.hotspots()[0]
    rows = [second.reading(), second.reading(second.count_at(spot.x_um, spot.y_um), "A"), opened.reading()]
    mvd.write_readings(tmp_path / "read.csv", rows)
    with (tmp_path / "read.csv").open(encoding="utf-8", newline="") as stream:
        read = list(csv.DictReader(stream))
    assert [(row["reader"], row["field"]) for row in read] == [("AB", ""), ("CD", ""), ("CD", "A")]
    assert int(read[0]["vessels"]) == int(read[1]["vessels"]) + 1
    assert int(read[2]["vessels"]) == spot.vessels
    with pytest.raises(CorrectionsError, match="read twice by CD"):
        mvd.write_readings(tmp_path / "read.csv", [second.reading(), second.reading()])
    with pytest.raises(CorrectionsError, match="cannot be written"):
        mvd.write_readings(tmp_path / "none" / "read.csv", rows)


def test_a_blinded_order_is_the_readers_own_and_stays() -> None:
    slides = [f"slide-{number}" for number in range(20)]
    one = mvd.blinded_order(slides, "AB")
    assert one == mvd.blinded_order(reversed(slides), "AB")
    assert sorted(one) == sorted(slides) != one
    assert one != mvd.blinded_order(slides, "CD")
