"""``mvd methods``: the text says what the run really did, cites what it lists, and names nobody."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from measured import record_of

from mvd.cli import cli
from mvd.report.methods import methods_text
from mvd.report.methods.checklist import TO_STATE, checklist
from mvd.report.methods.paragraph import paragraphs
from mvd.report.methods.references import Citations
from mvd.report.methods.used import read_used


@pytest.fixture
def out(measured, tmp_path):
    """A copy of the result folder."""
    return Path(shutil.copytree(measured, tmp_path / "out"))


@pytest.fixture(scope="module")
def used(measured):
    """What was done in the result folder."""
    return read_used(measured, record_of(measured))


def text_of(used, section: str = "slide", **changed) -> str:
    settings = {name: dict(values) for name, values in used.settings.items()}
    settings[section].update(changed)
    return "\n".join(paragraphs(replace(used, settings=settings), Citations()))


def test_the_command_prints_or_writes_it(measured, tmp_path):
    printed = CliRunner().invoke(cli, ["methods", str(measured)])
    assert printed.exit_code == 0, printed.output
    assert printed.output == methods_text(measured, record_of(measured))
    target = tmp_path / "methods.md"
    assert CliRunner().invoke(cli, ["methods", str(measured), "--out", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8") == printed.output
    answer = CliRunner().invoke(cli, ["methods", str(tmp_path)])
    assert answer.exit_code == 1
    assert "is no result folder" in answer.output


def test_it_says_what_the_run_did(measured, used):
    record = record_of(measured)
    text = methods_text(measured, record)
    for words in (
        f"mvd {record['mvd_version']}",
        record["settings_fingerprint"],
        f"numpy {record['libraries']['numpy']}",
        "6 slides",
        "1 slide could not be measured",
        "On 1 slide no vessel was found",
        "circles of 0.74 mm²",
        "below 20 µm²",
        "No result was corrected by hand",
    ):
        assert words in text
    assert (used.slides, used.failed, used.empty, used.mpp) == (6, 1, 1, (0.5,))


def test_other_settings_are_other_words(used):
    assert "profiles below 33 µm²" in text_of(used, "vessel", min_area_um2=33)
    assert "pixel classifier" in text_of(used, "vessel", method="classifier")
    assert "Thresholds were fitted" not in text_of(used, "vessel", method="classifier")
    assert "with preset vectors" in text_of(used, "stain", method="preset")
    assert "squares of 0.35 mm²" in text_of(used, "hotspot", shape="square", field_mm2=0.35)
    assert "wholly in the tissue" in text_of(used, "hotspot", edge="inside")
    assert "falls to 40 % of the strongest within 3 µm" in text_of(
        used, "vessel", edge_part=0.4, edge_reach_um=3
    )
    assert "slide or of a region cut were not counted" in text_of(used, "vessel", cut_by_edge="leave_out")
    assert "of a region cut" not in text_of(used)
    assert "scattered at random over" not in text_of(used, "hotspot", nulls=0)
    assert "sRGB" in text_of(used, "slide", icc="srgb")
    assert "sRGB" not in text_of(used)


def test_slides_that_differ_are_told(used):
    mixed = replace(used, mpp=(0.2456, 0.5), versions=("0.1.0", "0.2.0"), reviewed=2, with_regions=3)
    mixed = replace(mixed, mpp_by_hand=2, damaged=1)
    text = text_of(mixed)
    for words in (
        "0.2456 to 0.5 µm/px",
        "0.1.0 and 0.2.0",
        "2 slides was corrected by hand",
        "3 slides was limited",
        "cut were counted where their centroid lay inside",
        "The pixel size of 2 slides was given by the authors",
        "On 1 slide a part could not be read",
    ):
        assert words in text
    assert "- [x] (5) Correction by hand: 2 of 5 slides" in checklist(mixed)


def test_what_the_tables_say_of_size_and_damage_is_told(out):
    text = (out / "summary.csv").read_text(encoding="utf-8")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    (row, other) = [row for row in table if row["status"] == "ok"][:2]
    row["mpp_source"], other["invalid_area_fraction"] = "user", "0.0040"
    with (out / "summary.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, table[0])
        writer.writeheader()
        writer.writerows(table)
    used = read_used(out, record_of(out))
    assert (used.mpp_by_hand, used.damaged) == (1, 1)


def test_chalkley_is_counted_in_hot_spots_of_its_own_area(used):
    for field in (0.74, 0.196):
        text = text_of(used, "hotspot", field_mm2=field, ladder=False)
        assert (
            "graticule of 0.196 mm², turned about the centre of each of the first three hot spots of that"
            in text
        )


def test_every_number_in_brackets_is_a_reference_and_none_is_idle(measured):
    text = methods_text(measured, record_of(measured))
    body, _, listed = text.partition("## References")
    cited = {int(n) for group in re.findall(r"\[(\d+(?:, \d+)*)\]", body) for n in group.split(", ")}
    numbers = [int(line.split(".")[0]) for line in listed.strip().splitlines()]
    assert numbers == sorted(cited) == list(range(1, len(numbers) + 1))
    first = re.findall(r"\[(\d+)", body)
    assert first[0] == "1"


def test_all_twenty_items_of_remark_are_there():
    assert {item for item, _ in TO_STATE} == set(range(1, 21))


def test_it_names_no_slide_no_folder_and_is_the_same_again(measured, tmp_path):
    record = record_of(measured)
    text = methods_text(measured, record)
    assert not [slide for slide in record["slides"] if slide["slide"] in text or slide["slide_id"] in text]
    assert str(measured) not in text
    copy = Path(shutil.copytree(measured, tmp_path / "elsewhere"))
    assert methods_text(copy, json.loads((copy / "run.json").read_text())) == text
