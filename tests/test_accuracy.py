"""Floors under the accuracy: small phantoms with known truth, and real fields where they are at hand.

A floor is no claim: the phantoms are easier than tissue, and the fields were read once, by one eye.
"""

import csv
from pathlib import Path

import pytest

import mvd
from mvd.errors import UnknownPixelSize
from mvd.phantom import PhantomSpec, make_phantom, score, write_phantom
from mvd.result import SlideResult

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
FIELDS = [f"{row}{number}" for row in "ABCD" for number in range(1, 6)]
FLOORS = {"clean": 0.95, "typical": 0.90}


def real(name: str) -> Path:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"{name} is not on this machine")
    return path


def at_mpp(path: Path, mpp: float) -> SlideResult:
    return mvd.analyze(path, mvd.Settings.from_mapping({"slide": {"mpp": mpp}}))


@pytest.mark.parametrize(("seed", "difficulty"), [(4101, "clean"), (4101, "typical"), (4102, "typical")])
def test_phantoms_are_found(seed: int, difficulty: str, tmp_path: Path) -> None:
    phantom = make_phantom(PhantomSpec(seed, difficulty, height_um=900, width_um=900))
    found = mvd.analyze(write_phantom(phantom, tmp_path, "phantom"))
    agreement = score(found.vessels.table, phantom)
    assert agreement.truth > 40
    assert agreement.f1 >= FLOORS[difficulty]
    assert found.tissue.area_mm2 == pytest.approx(phantom.tissue_area_mm2, rel=0.05)


@pytest.mark.parametrize("field", FIELDS)
def test_fields_of_glioma_hold_what_a_reader_sees(field: str) -> None:
    with real("cd34_glioma/counts.csv").open(newline="", encoding="utf-8") as lines:
        counts = {row["field"]: (int(row["min"]), int(row["max"])) for row in csv.DictReader(lines)}
    least, most = counts[field]
    found = at_mpp(real(f"cd34_glioma/{field}.png"), 0.35).summary["vessels"]
    assert least <= found <= most


def test_a_slide_in_h_and_e_has_no_vessel() -> None:
    found = mvd.analyze(real("formats/CMU-1-Small-Region.svs")).summary
    assert (found["status"], found["vessels"]) == ("empty", 0)
    assert found["mpp_source"] == "aperio"
    assert found["tissue_area_mm2"] > 0.3


def test_a_slide_without_a_pixel_size_is_refused_until_it_is_told() -> None:
    path = real("formats/tcga_no_mpp.svs")
    with pytest.raises(UnknownPixelSize, match="--mpp"):
        mvd.analyze(path)
    found = at_mpp(path, 0.5).summary
    assert (found["status"], found["vessels"], found["mpp_source"]) == ("empty", 0, "user")
