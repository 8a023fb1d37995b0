"""300 slides with bytes changed at random: refused in a line, or a number that can stand; never a hang or a crash.

A number can stand if the pixel size is the slide's own, less than 1 % of the area is lost, and every pixel that a
checksum guards is as it was written. ``make fuzz`` tries thousands more.
"""

from collections import Counter

import fuzzing
import mutations
import numpy as np
import pytest
from faulty import write_ome, write_svs

CASES = [(kind, seed) for seed in range(100) for kind in mutations.SUFFIXES]


def test_300_changed_slides():
    verdicts = list(fuzzing.run(CASES))
    assert sorted(verdict.case for verdict in verdicts) == sorted(CASES)
    bugs = [f"{kind} {seed}: {v.outcome}" for v in verdicts for kind, seed in [v.case] if v.is_bug]
    assert not bugs, "\n".join(bugs)
    for kind in mutations.SUFFIXES:
        seen = Counter(v.outcome.split(":")[0] for v in verdicts if v.case[0] == kind)
        assert seen["refused"] >= 20
        assert seen["number"] + seen["damaged"] >= 15
    assert sum(verdict.outcome == "damaged" for verdict in verdicts) >= 20


@pytest.mark.parametrize("kind", mutations.SUFFIXES)
def test_a_seed_makes_the_same_slide_again_and_the_sound_one_passes(tmp_path, kind):
    assert mutations.mutated(kind, 3) == mutations.mutated(kind, 3) != mutations.original(kind)
    path = tmp_path / f"sound{mutations.SUFFIXES[kind]}"
    path.write_bytes(mutations.original(kind))
    assert mutations.CANARY.encode() in mutations.original(kind)
    assert fuzzing.examined(path, kind) == "number"


def test_a_wrong_number_is_noticed(tmp_path):
    """The examiner itself: another pixel size, and one pixel changed under a valid checksum."""
    write_svs(tmp_path / "size.svs", mutations.picture(), "MPP = 0.25")
    assert fuzzing.examined(tmp_path / "size.svs", "svs") == "BUG: pixel size 0.25"
    changed = mutations.picture().copy()
    changed[100, 100] ^= np.uint8(1)
    write_ome(tmp_path / "pixels.ome.tif", changed)
    assert fuzzing.examined(tmp_path / "pixels.ome.tif", "ome") == "BUG: 1 pixels changed unseen"
