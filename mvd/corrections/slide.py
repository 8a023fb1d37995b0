"""Which slide and which result corrections are of."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

from mvd import __version__
from mvd.corrections.model import Basis
from mvd.errors import CorrectionsError
from mvd.found import Found
from mvd.settings import Settings


def basis_of(about: Mapping[str, Any]) -> Basis:
    """Return what corrections of a slide say of it; ``about`` is its slide.json."""
    return Basis(slide_id=about["slide_id"], slide_sha256=about.get("sha256", ""))


def settings_and_version(settings: Settings) -> str:
    """Return what the candidates of a slide are found with now."""
    return f"settings {settings.fingerprint}, mvd {__version__}"


def is_another_slide(basis: Basis, present: Basis) -> bool:
    """Whether corrections are of another content of the slide than that of now."""
    known = basis.slide_sha256 and present.slide_sha256
    return basis.slide_id != present.slide_id or bool(known and basis.slide_sha256 != present.slide_sha256)


def refuse_another_slide(folder: Path, basis: Basis, present: Basis) -> None:
    """Raise ``CorrectionsError`` where corrections are of another content of the slide."""
    if is_another_slide(basis, present):
        raise CorrectionsError(
            f"{folder.name}/corrections.json: is of another slide, or of other content of this one (sha256 "
            f"{basis.slide_sha256[:8]}, now {present.slide_sha256[:8]}); move it and its journal away to begin anew"
        )


def analysis_shape_px(found: Found) -> tuple[int, int]:
    """Rows and columns of the analysis level."""
    scale = (found.info.mpp or 1.0) / found.analysis_mpp
    rows, cols = (ceil(side * scale - 1e-6) for side in found.info.shape_px)
    return rows, cols
