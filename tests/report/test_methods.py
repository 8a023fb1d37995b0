"""``mvd methods``: the text says what the run really did, cites what it lists, and names nobody."""

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
    assert "scattered at random over" not in text_of(used, "hotspot", nulls=0)
    assert "sRGB" in text_of(used, "slide", icc="srgb")
    assert "sRGB" not in text_of(used)


def test_slides_that_differ_are_told(used):
    mixed = replace(used, mpp=(0.2456, 0.5), versions=("0.1.0", "0.2.0"), reviewed=2, with_regions=3)
    text = text_of(mixed)
    for words in (
        "0.2456 to 0.5 µm/px",
        "0.1.0 and 0.2.0",
        "2 slides was corrected by hand",
        "3 slides was limited",
    ):
        assert words in text
    assert "- [x] (5) Correction by hand: 2 of 5 slides" in checklist(mixed)


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
