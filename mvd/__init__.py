"""mvd: microvessel density from stained slides, with the pictures that prove it.

The way a slide takes (``mvd.analyze``)::

    slide file -> slide/       RGB at a known pixel size (mpp)
               -> tissue/      overview -> tissue mask, area, white point
               -> region/      GeoJSON -> the areas that the rest is limited to, if any
               -> fit.py       sampled tissue -> stain matrix (stain.py) and DAB thresholds
               -> tiles.py     core and halo rectangles over the tissue
               -> scan.py      every tile: segment.py (DAB -> candidate mask) -> runs
               -> runs/        runs -> components over the whole slide (no seams)
               -> vessels/     components -> vessels: rings closed, touching ones split, rules with reasons
               -> limits.py    tissue and vessels outside the regions, or that could not be decoded, are left out
               -> hotspots/    vessels + tissue -> the circles that hold the most
               -> summary.py   the slide's row of summary.csv
               -> report/      tables, GeoJSON, pictures
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mvd.corrections import Corrections
    from mvd.corrections.blinded import BlindedReading
    from mvd.corrections.readings import blinded_order, write_readings
    from mvd.errors import Cancelled, MvdError
    from mvd.geometry import Rect
    from mvd.pipeline import analyze
    from mvd.region import Region
    from mvd.result import SlideResult
    from mvd.settings import Settings
    from mvd.slide import Slide, SlideInfo, open_slide
    from mvd.training.drawn import Scribble
    from mvd.training.trainer import Trainer

__version__ = "0.1.0"

__all__ = [
    "BlindedReading",
    "Cancelled",
    "Corrections",
    "MvdError",
    "Rect",
    "Region",
    "Scribble",
    "Settings",
    "Slide",
    "SlideInfo",
    "SlideResult",
    "Trainer",
    "__version__",
    "analyze",
    "blinded_order",
    "open_slide",
    "write_readings",
]

_HOMES = {
    "BlindedReading": "mvd.corrections.blinded",
    "Cancelled": "mvd.errors",
    "Corrections": "mvd.corrections",
    "MvdError": "mvd.errors",
    "Rect": "mvd.geometry",
    "Region": "mvd.region",
    "Scribble": "mvd.training.drawn",
    "Settings": "mvd.settings",
    "Slide": "mvd.slide",
    "SlideInfo": "mvd.slide",
    "SlideResult": "mvd.result",
    "Trainer": "mvd.training.trainer",
    "analyze": "mvd.pipeline",
    "blinded_order": "mvd.corrections.readings",
    "open_slide": "mvd.slide",
    "write_readings": "mvd.corrections.readings",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: ``import mvd`` and ``mvd --help`` stay quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mvd' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
