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
    from mvd.batch.save import save_result
    from mvd.corrections import Corrections
    from mvd.corrections.blinded import BlindedReading
    from mvd.corrections.readings import blinded_order, write_readings
    from mvd.errors import Cancelled, MvdError
    from mvd.geometry import Rect
    from mvd.phantom import write_cohort
    from mvd.pipeline import analyze
    from mvd.region import Region
    from mvd.report import write_atomically
    from mvd.report.label_image import LabelImage
    from mvd.result import SlideResult
    from mvd.settings import Settings
    from mvd.settings.form import FormField, form_fields, section_titles
    from mvd.slide import AnalysisLevel, Slide, SlideInfo, open_slide
    from mvd.slide.viewing import view_levels
    from mvd.training.drawn import Scribble
    from mvd.training.trainer import Trainer
    from mvd.viewing import (
        Looked,
        Preview,
        Shown,
        StoredSlide,
        read_shown,
        region_rings_um,
        region_um,
        regions_geojson,
        shown_result,
        slides_of_result,
    )

__version__ = "0.1.0"

__all__ = [
    "AnalysisLevel",
    "BlindedReading",
    "Cancelled",
    "Corrections",
    "FormField",
    "LabelImage",
    "Looked",
    "MvdError",
    "Preview",
    "Rect",
    "Region",
    "Scribble",
    "Settings",
    "Shown",
    "Slide",
    "SlideInfo",
    "SlideResult",
    "StoredSlide",
    "Trainer",
    "__version__",
    "analyze",
    "blinded_order",
    "form_fields",
    "open_slide",
    "read_shown",
    "region_rings_um",
    "region_um",
    "regions_geojson",
    "save_result",
    "section_titles",
    "shown_result",
    "slides_of_result",
    "view_levels",
    "write_atomically",
    "write_cohort",
    "write_readings",
]

_HOMES = {
    "AnalysisLevel": "mvd.slide",
    "BlindedReading": "mvd.corrections.blinded",
    "Cancelled": "mvd.errors",
    "Corrections": "mvd.corrections",
    "FormField": "mvd.settings.form",
    "LabelImage": "mvd.report.label_image",
    "Looked": "mvd.viewing",
    "MvdError": "mvd.errors",
    "Preview": "mvd.viewing",
    "Rect": "mvd.geometry",
    "Region": "mvd.region",
    "Scribble": "mvd.training.drawn",
    "Settings": "mvd.settings",
    "Shown": "mvd.viewing",
    "Slide": "mvd.slide",
    "SlideInfo": "mvd.slide",
    "SlideResult": "mvd.result",
    "StoredSlide": "mvd.viewing",
    "Trainer": "mvd.training.trainer",
    "analyze": "mvd.pipeline",
    "blinded_order": "mvd.corrections.readings",
    "form_fields": "mvd.settings.form",
    "open_slide": "mvd.slide",
    "read_shown": "mvd.viewing",
    "region_rings_um": "mvd.viewing",
    "region_um": "mvd.viewing",
    "regions_geojson": "mvd.viewing",
    "save_result": "mvd.batch.save",
    "section_titles": "mvd.settings.form",
    "shown_result": "mvd.viewing",
    "slides_of_result": "mvd.viewing",
    "view_levels": "mvd.slide.viewing",
    "write_atomically": "mvd.report",
    "write_cohort": "mvd.phantom",
    "write_readings": "mvd.corrections.readings",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: ``import mvd`` and ``mvd --help`` stay quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mvd' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
