"""corrections.json and its journal: killed at any moment, spoilt by hand, of another version."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from correcting import FIELD, files, mvd, table_bytes

from mvd import Corrections
from mvd.corrections import JOURNAL, NAME, read_state
from mvd.errors import CorrectionsError

SCRIPT = Path(__file__).with_name("keep_correcting.py")


def test_killed_at_any_moment_nothing_that_was_done_is_lost(folder: Path) -> None:
    safe = 0
    for number in range(6):
        with subprocess.Popen([sys.executable, SCRIPT, folder], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            first = int(process.stdout.readline())  # however slow the machine is, one step is safe
            time.sleep(0.037 * number)
            process.send_signal(signal.SIGKILL)
            told = [int(line) for line in process.stdout.read().splitlines() if line.strip().isdigit()]
        safe = max([safe, first, *told])
        opened = Corrections.open(folder, "AB")
        # A step more may be on the disk than was told: that which was under way.
        assert safe <= len(opened.edits) <= safe + 2
        state = read_state(folder)
        assert state is not None
        json.loads((folder / NAME).read_bytes())
        safe = len(opened.edits)
    assert safe > 6
    opened.undo()
    assert len(Corrections.open(folder, "AB").edits) == safe - 1


@pytest.mark.parametrize("cut", [1, 10, 57])
def test_half_a_line_that_a_crash_left_is_passed_over(folder: Path, cut: int) -> None:
    opened = Corrections.open(folder, "AB")
    for x in (50, 60, 70):
        opened.add(point_um=(x, 50))
    (folder / NAME).unlink()
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-cut])
    again = Corrections.open(folder, "AB")
    assert len(again.edits) == 2
    again.add(point_um=(80, 50))  # and the next line does not stick to it
    (folder / NAME).unlink()
    assert len(Corrections.open(folder, "AB").edits) == 3


def test_corrections_json_alone_is_enough(folder: Path) -> None:
    opened = Corrections.open(folder, "AB")
    opened.add(point_um=(50, 50))
    opened.add(point_um=(60, 50))
    opened.undo()
    (folder / JOURNAL).unlink()
    again = Corrections.open(folder, "AB")
    assert table_bytes(again) == table_bytes(opened)
    again.redo()
    again.undo()
    assert len(Corrections.open(folder, "AB").edits) == 1


def spoilt(text: str, how: str) -> str | bytes:
    """The file, spoilt."""
    lines = text.splitlines()
    ways: dict[str, str | bytes] = {
        "cut off": text[: len(text) // 2],
        "no JSON": "not JSON at all",
        "no UTF-8": b'{"format": "\xff\xfe"}',
        "empty": "",
        "a list": "[]",
        "an unknown key": text.replace('"reader":"AB"', '"reeder":"AB"', 1),
        "an unknown kind": text.replace('"kind":"delete"', '"kind":"destroy"'),
        "a text for a number": text.replace('"counted":false', '"counted":"no"'),
        "no number": text.replace("[50.0,50.0]", "[NaN,50.0]"),
        "a later version": text.replace('"version": 1', '"version": 2'),
        "another program's": text.replace("mvd corrections", "other corrections"),
        "a line removed": "\n".join(line for line in lines if '"kind":"add"' not in line)[:-1],
    }
    return ways[how]


WAYS = (
    ("cut off", None),
    ("no JSON", 1),
    ("no UTF-8", 1),
    ("empty", 1),
    ("a list", 1),
    ("an unknown key", 8),
    ("an unknown kind", 9),
    ("a text for a number", 10),
    ("no number", 8),
    ("a later version", 1),
    ("another program's", 1),
    ("a line removed", None),
)


@pytest.mark.parametrize(("how", "line"), WAYS)
def test_a_spoilt_file_is_named_with_its_line_and_nothing_is_overwritten(
    out: Path, folder: Path, how: str, line: int | None
) -> None:
    opened = Corrections.open(folder, "AB")
    opened.add(point_um=(50, 50))
    opened.delete(1)
    opened.count(2, False)
    (folder / JOURNAL).unlink()
    before = spoilt((folder / NAME).read_text(), how)
    before = before.encode() if isinstance(before, str) else before
    (folder / NAME).write_bytes(before)
    slide_files = {name: content for name, content in files(out).items() if name.startswith("slides/")}
    with pytest.raises(CorrectionsError) as refused:
        Corrections.open(folder, "AB")
    message = str(refused.value)
    assert "\n" not in message
    assert f"{folder.name}/{NAME}, line {line if line else ''}" in message
    answer = mvd("report", out)
    assert answer.exit_code == 3
    failed = (out / "failed.csv").read_text()
    assert f"{NAME}, line" in failed
    assert ",corrections," in failed
    assert (folder / NAME).read_bytes() == before
    assert {n: c for n, c in files(out).items() if n.startswith("slides/")} == slide_files


def test_a_run_does_not_remove_what_stands_beside_a_spoilt_file(
    out: Path, folder: Path, phantoms: Path
) -> None:
    (folder / NAME).write_text('{"by": "hand"}')
    slide_files = {name: content for name, content in files(out).items() if name.startswith("slides/")}
    answer = mvd("run", phantoms, "--out", out, "--quiet", *FIELD)
    assert answer.exit_code == 3
    assert (folder / NAME).read_text() == '{"by": "hand"}'
    assert {n: c for n, c in files(out).items() if n.startswith("slides/")} == slide_files
    (folder / NAME).unlink()
    assert mvd("report", out).exit_code == 3  # run.json tells of a failed slide: a run mends that
    assert mvd("run", phantoms, "--out", out, "--quiet", *FIELD).exit_code == 0


def test_a_spoilt_journal_is_named_too(folder: Path) -> None:
    opened = Corrections.open(folder, "AB")
    opened.add(point_um=(50, 50))
    opened.add(point_um=(60, 50))
    lines = (folder / JOURNAL).read_text().splitlines(keepends=True)
    (folder / JOURNAL).write_text(lines[0].replace('"did"', '"dud"') + lines[1])
    with pytest.raises(CorrectionsError, match=f"{JOURNAL}, line 1"):
        Corrections.open(folder, "AB")
    (folder / NAME).unlink()
    (folder / JOURNAL).write_text(lines[1])
    with pytest.raises(CorrectionsError, match="does not follow"):
        Corrections.open(folder, "AB")


def test_where_only_the_journal_can_be_written_a_change_stands_and_it_is_said(folder: Path) -> None:
    opened = Corrections.open(folder, "AB")
    (folder / NAME).mkdir()
    opened.add(point_um=(50, 50))
    assert JOURNAL in opened.warning
    assert "\n" not in opened.warning
    assert len(opened.edits) == 1
    (folder / NAME).rmdir()
    opened = Corrections.open(folder, "AB")
    assert len(opened.edits) == 1
    opened.undo()
    assert not opened.warning
