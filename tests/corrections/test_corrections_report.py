"""``mvd report`` with corrections: every table and picture, both numbers, nothing lost."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from correcting import correct, files, mvd, rows

from mvd import Corrections
from mvd.corrections import JOURNAL, NAME
from mvd.uncertainty import density_interval


def test_the_corrected_numbers_stand_beside_the_automatic_ones(out: Path, folder: Path) -> None:
    before = rows(out / "summary.csv")[0]
    opened = Corrections.open(folder, "AB")
    correct(opened)
    assert mvd("report", out).exit_code == 0
    one, two = rows(out / "summary.csv")
    assert (one["reviewed"], two["reviewed"]) == ("true", "false")
    assert (one["reader"], one["corrections"], one["corrections_not_applied"]) == ("AB", "8", "0")
    assert int(one["vessels"]) == opened.summary()["vessels"]
    assert float(one["mvd_tissue_per_mm2"]) == pytest.approx(
        int(one["vessels"]) / float(one["tissue_area_mm2"]), abs=0.001
    )
    for name in (
        "vessels",
        "mvd_tissue_per_mm2",
        "hotspot_max_vessels",
        "hotspot_max_per_mm2",
        "chalkley_mean3",
    ):
        assert one[f"automatic_{name}"] == before[name]
        assert two[f"automatic_{name}"] == ""
    hotspots = [row for row in rows(out / "hotspots.csv") if row["slide_id"] == one["slide_id"]]
    headline = [row for row in hotspots if row["field_mm2"] == "0.020"]
    assert [int(row["vessels"]) for row in headline] == [spot.vessels for spot in opened.hotspots()]
    assert [row["by_hand"] for row in headline].count("true") == 1
    assert all(row["automatic_vessels"] for row in hotspots)


def test_every_candidate_stays_in_the_table(out: Path, folder: Path, measured: Path) -> None:
    opened = Corrections.open(folder, "AB")
    correct(opened)
    mvd("report", out)
    before = rows(measured / "slides" / folder.name / "vessels.csv")
    after = rows(folder / "vessels.csv")
    for was, now in zip(before, after[: len(before)], strict=True):
        assert (now["vessel_id"], now["automatic_counted"], now["automatic_reason"]) == (
            was["vessel_id"],
            was["counted"],
            was["reason"],
        )
        assert (now["reason"] == "by_hand") == bool(now["by_hand"])
        if not now["by_hand"]:
            kept = [
                name for name in was if name not in ("hotspot_rank", "automatic_counted", "automatic_reason")
            ]
            assert {name: now[name] for name in kept} == {name: was[name] for name in kept}
    made = after[len(before) :]
    assert sorted(row["by_hand"] for row in made) == ["added", "added", "merged", "split", "split"]
    assert all(
        (row["counted"], row["reason"], row["automatic_counted"]) == ("true", "by_hand", "") for row in made
    )
    sized = [row for row in made if row["area_um2"]]
    assert len(sized) == 4
    assert all(row[name] for row in sized for name in ("perimeter_um", "max_feret_um", "solidity", "wall_um"))
    shown = json.loads((folder / "vessels.geojson").read_text())["features"]
    names = {feature["properties"]["name"] for feature in shown}
    assert {row["vessel_id"] for row in after} <= names


def test_report_and_pictures_say_it(out: Path, folder: Path) -> None:
    before = files(out)
    correct(Corrections.open(folder, "AB"))
    mvd("report", out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Corrected by hand by AB: 2 added, 1 deleted, 1 hot spot moved, 1 merged" in page
    assert f'href="slides/{folder.name}/corrections.json"' in page
    after = files(out)
    for name in ("overview.png", "hotspot_01.png", "density.png"):
        assert after[f"slides/{folder.name}/{name}"] != before[f"slides/{folder.name}/{name}"]
    again = mvd("report", out)
    assert again.exit_code == 0
    assert files(out) == after


@pytest.mark.parametrize("how", ["nothing was done", "all was undone", "removed"])
def test_without_corrections_every_byte_is_as_it_was(out: Path, folder: Path, how: str) -> None:
    before = files(out)
    opened = Corrections.open(folder, "AB")
    if how != "nothing was done":
        correct(opened)
        mvd("report", out)
        assert files(out) != before
    while opened.can_undo and how == "all was undone":
        opened.undo()
    if how == "removed":
        (folder / NAME).unlink()
        (folder / JOURNAL).unlink()
    assert mvd("report", out).exit_code == 0
    assert files(out) == before


def test_nobody_is_named_but_the_reader(out: Path, folder: Path) -> None:
    import getpass

    correct(Corrections.open(folder, "QX"))
    mvd("report", out)
    for path in (folder / NAME, folder / JOURNAL, folder / "slide.json", out / "summary.csv"):
        text = path.read_text(encoding="utf-8")
        assert str(folder.parent) not in text
        assert f'"{getpass.getuser()}"' not in text


def test_the_example_of_the_documentation_runs(out: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "corrections.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    out.rename(out.with_name("results"))
    command = [sys.executable, "-W", "error", "-c", example]
    answer = subprocess.run(command, cwd=out.parent, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "'automatic_vessels'" in answer.stdout


def test_what_a_person_decided_is_certain(opened: Corrections) -> None:
    """No threshold or stain moves it: only the pixel size does, by the area."""
    table, tissue = opened.vessels.table, opened.tissue
    decided = table.assign(reason="by_hand")
    found = density_interval(decided, tissue, opened.stored.found.stain, opened.stored.settings.vessel)
    assert found is not None
    density = int(table["counted"].sum()) / tissue.area_mm2
    assert found == pytest.approx((density / 1.02**2, density / 0.98**2))


def test_nothing_left_and_nothing_but_points(out: Path, folder: Path) -> None:
    opened = Corrections.open(folder, "AB")
    for vessel_id in [int(i) for i in opened.vessels.counted["vessel_id"]]:
        opened.delete(vessel_id)
    assert mvd("report", out).exit_code == 0
    one = rows(out / "summary.csv")[0]
    assert (one["status"], one["vessels"], one["mvd_tissue_per_mm2"], one["reviewed"]) == (
        "empty",
        "0",
        "0.000",
        "true",
    )
    for x in (100, 150, 220):
        opened.add(point_um=(x, 200))
    assert mvd("report", out).exit_code == 0
    one = rows(out / "summary.csv")[0]
    assert (one["status"], one["vessels"], one["mean_vessel_area_um2"]) == ("ok", "3", "")
    assert int(one["hotspot_max_vessels"]) >= 1
