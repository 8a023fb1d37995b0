"""A real result folder with slides of hostile names, one that failed and one without vessels."""

import json
import shutil
from pathlib import Path

from mvd.batch import run
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.settings import Settings
from mvd.slide import find_slides

REPO = Path(__file__).resolve().parents[2]
HOSTILE = '"><img src=x onerror=document.title=1>.tif'
SCRIPT = "a</script><script>document.title=1<_script>.tif"
FORMULA = "=cmd|' !A0.tif"
LINES = "two\nlines \u202eand back.tif"


class Quiet:
    """A reporter that says nothing."""

    def slide_started(self, number, name):
        """Say nothing."""

    def stage(self, number, stage, done, total):
        """Say nothing."""

    def slide_done(self, outcome):
        """Say nothing."""


def measure(folder: Path) -> Path:
    """Measure six slides in ``folder`` and return the result folder."""
    slides, out = folder / "slides", folder / "out"
    slides.mkdir()
    shutil.copy(REPO / "sample_images" / "control_3.tif", slides / HOSTILE)
    for seed, name, density in ((7, SCRIPT, 300), (8, FORMULA, 200), (9, LINES, 100), (10, "none.tif", 0)):
        spec = PhantomSpec(seed, "clean", height_um=400, width_um=400, vessels_per_mm2=density, outline=False)
        made = write_phantom(make_phantom(spec), folder / "made", str(seed))
        target = slides / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, target)
    (slides / "broken.tif").write_bytes((slides / HOSTILE).read_bytes()[:3000])
    outcome = run(find_slides([slides]), out, Settings(), Quiet())
    assert [slide.status for slide in outcome.slides].count("failed") == 1
    return out


def record_of(out: Path) -> dict:
    """Content of run.json."""
    return json.loads((out / "run.json").read_bytes())
