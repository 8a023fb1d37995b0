"""A second reader's session: nothing is lost, nothing is told, and `mvd agree` takes what is written."""

import json
from pathlib import Path

import numpy as np
import pytest
from correcting import mvd as run
from correcting import rows

import mvd
from mvd.corrections.fields import fields_to_read
from mvd.errors import CorrectionsError


def read_all(session: mvd.BlindedReading, out: Path) -> None:
    """Count as mvd did, but for one vessel less in each field, and one point outside that does not count."""
    for number, field in enumerate(session.fields):
        table = rows(out / "slides" / field.slide_id / "vessels.csv")
        xy = np.array([(float(r["x_um"]), float(r["y_um"])) for r in table if r["counted"] == "true"])
        held = xy[field.holds(xy)][1:]
        outside = [] if field.radius_um is None else [(field.x_um + 1.1 * field.radius_um, field.y_um)]
        session.mark(number, [*held.tolist(), *outside])
        session.finish(number)


@pytest.mark.parametrize("what", ["hot spots", "slides"])
def test_what_is_written_is_what_mvd_agree_takes(out: Path, what: str) -> None:
    session = mvd.BlindedReading.begin(out, "CD", what, seed=3)
    read_all(session, out)
    own, points, automatic, automatic_points = session.write()
    for mine, its in zip(rows(own), rows(automatic), strict=True):
        assert (mine["slide_id"], mine["field"]) == (its["slide_id"], its["field"])
        assert int(mine["vessels"]) == int(its["vessels"]) - 1
        assert mine["reader"] == "CD"
    for counts, places in ((own, points), (automatic, automatic_points)):
        assert len(rows(places)) == sum(int(row["vessels"]) for row in rows(counts))
    if what == "hot spots":
        spots = [row for path in out.glob("slides/*/hotspots.csv") for row in rows(path)]
        first = {row["field_mm2"] for row in spots[:1]}
        counted = {
            (r["slide_id"], f"hot spot {r['rank']}"): r["vessels"] for r in spots if r["field_mm2"] in first
        }
        assert {(r["slide_id"], r["field"]): r["vessels"] for r in rows(automatic)} == counted
    else:
        summary = {row["slide_id"]: row["vessels"] for row in rows(out / "summary.csv")}
        assert {row["slide_id"]: row["vessels"] for row in rows(automatic)} == summary
    if len(session.fields) > 2:  # fewer are too few for an agreement
        answer = run("agree", own, automatic, "--measure", "vessels_per_mm2")
        assert answer.exit_code == 0, answer.output
        assert len(answer.output.splitlines()) > 1


def test_a_session_goes_on_where_it_was_left_and_keeps_its_seed(out: Path) -> None:
    session = mvd.BlindedReading.begin(out, "CD", seed=11)
    assert session.next == 0
    session.mark(0, [(1.0, 2.5)])
    session.finish(0)
    again = mvd.BlindedReading.begin(out, "CD", "slides", seed=12)
    assert (again.seed, again.fields, again.next) == (11, session.fields, 1)
    np.testing.assert_array_equal(again.points(0), [(1.0, 2.5)])
    again.finish(0, finished=False)
    assert mvd.BlindedReading.begin(out, "CD").next == 0
    told = json.loads((out / "second_reader" / "CD.json").read_text(encoding="utf-8"))
    assert told["seed"] == 11


def test_the_order_is_the_seeds(out: Path) -> None:
    keys = [
        tuple(f.key for f in mvd.BlindedReading.begin(out, reader, seed=seed).fields)
        for reader, seed in (("A", 1), ("B", 1), ("C", 1), ("D", 2), ("E", 3), ("F", 4))
    ]
    assert len({frozenset(each) for each in keys}) == 1
    assert len(set(keys)) > 1
    assert len(keys[0]) > 2


def test_mvd_is_told_of_only_when_all_is_read(out: Path) -> None:
    session = mvd.BlindedReading.begin(out, "CD")
    with pytest.raises(CorrectionsError, match="nothing is read yet"):
        session.write()
    session.finish(0)
    assert [path.name for path in session.write()] == ["CD.csv", "CD_points.csv"]
    assert rows(out / "second_reader" / "CD.csv")[0]["vessels"] == "0"


def test_fields_of_a_file(out: Path, tmp_path: Path) -> None:
    slide_id = next((out / "slides").iterdir()).name
    path = tmp_path / "fields.csv"

    def write(*lines: str) -> Path:
        path.write_text("\n".join(("slide_id,field,x_um,y_um,field_mm2,shape", *lines)), encoding="utf-8")
        return path

    one, two = fields_to_read(out, write(f"{slide_id},a,100,90,0.01,square", f"{slide_id},b,100,90,0.01,"))
    assert one.radius_um == 50
    assert two.radius_um == 56.419
    held = np.array([(149.9, 139.9), (151, 90)])
    assert (one.holds(held) == [True, False]).all()
    assert (two.holds(held) == [False, True]).all()
    for line, why in (
        ("nowhere,a,1,1,1,", "row 2: there is no slide 'nowhere'"),
        (f"{slide_id},,1,1,1,", "row 2: field, x_um and y_um"),
        (f"{slide_id},a,1,x,1,", "row 2, y_um"),
        (f"{slide_id},a,1,1,0,", "row 2, field_mm2"),
        ("", "holds nothing to read"),
    ):
        with pytest.raises(CorrectionsError, match=why):
            fields_to_read(out, write(line) if line else write())
    with pytest.raises(CorrectionsError, match="stands there twice"):
        fields_to_read(out, write(*[f"{slide_id},a,1,1,1,"] * 2))


def test_a_damaged_session_is_named_and_left_alone(out: Path) -> None:
    mvd.BlindedReading.begin(out, "CD")
    path = out / "second_reader" / "CD.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CorrectionsError, match=r"CD\.json: is damaged"):
        mvd.BlindedReading.begin(out, "CD")
    assert path.read_text(encoding="utf-8") == "{"
