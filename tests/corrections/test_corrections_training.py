"""A slide that was corrected by hand teaches what the person said."""

from pathlib import Path

import pytest
from correcting import across, mvd, square

from mvd import Corrections
from mvd.errors import CorrectionsError, LabelsError
from mvd.training import read_marks
from mvd.training.marks import BACKGROUND, LEFT_OUT, VESSEL


def kinds(folder: Path) -> dict[int, int]:
    marks = read_marks(folder, "one.tif").marks
    return {kind: sum(mark.kind == kind for mark in marks) for kind in (VESSEL, BACKGROUND, LEFT_OUT)}


def test_corrections_are_labels(out: Path, folder: Path) -> None:
    before = kinds(folder)
    opened = Corrections.open(folder, "AB")
    ids = [int(i) for i in opened.vessels.counted["vessel_id"]]
    opened.delete(ids[0])
    opened.count(ids[1], False)
    opened.merge(ids[2:4])
    opened.split(ids[5], across(opened, ids[5]))
    opened.add([square(300, 60, 20)])
    with pytest.raises(LabelsError, match="run `mvd report`"):
        kinds(folder)
    mvd("report", out)
    after = kinds(folder)
    # Deleted, not counted, two made one, one made two, one added.
    assert after[VESSEL] == before[VESSEL] - 1 - 1 - 1 + 1 + 1
    assert after[BACKGROUND] == before[BACKGROUND] + 1
    assert after[LEFT_OUT] == before[LEFT_OUT] + 1


def test_a_spoilt_file_of_corrections_teaches_nothing(folder: Path) -> None:
    (folder / "corrections.json").write_text("{")
    with pytest.raises(CorrectionsError, match="line 1"):
        kinds(folder)
