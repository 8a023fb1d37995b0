"""Which pages of a TIFF are levels of one pyramid, as each format family lays them out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tifffile import TiffPage

from mvd.slide.calibration import Claim
from mvd.slide.levels import level_factor


@dataclass(frozen=True)
class Layout:
    """What a format family knows of a file.

    Attributes
    ----------
    vendor : str
        Name of the family.
    pages : sequence of tifffile.TiffPage
        Level 0 first, each next one smaller.
    claims : list of Claim
        What the file says of its pixel size, in order of preference.
    magnification : float or None
        Objective power as stated.
    """

    vendor: str
    pages: Sequence[TiffPage]
    claims: list[Claim]
    magnification: float | None


def shape_of(page: TiffPage) -> tuple[int, int]:
    """Height and width of a page, px."""
    return page.imagelength, page.imagewidth


def descending(base: TiffPage, others: Iterable[TiffPage]) -> list[TiffPage]:
    """Return ``base`` and those pages that are its reductions, finest first, one of each factor."""
    by_factor: dict[int, TiffPage] = {}
    for page in others:
        factor = level_factor(shape_of(page), shape_of(base))
        if factor is not None and factor > 1:
            by_factor.setdefault(factor, page)
    return [base, *(by_factor[factor] for factor in sorted(by_factor))]


def sub_pages(base: TiffPage, file_bytes: int) -> list[TiffPage]:
    """Return the SubIFDs of a page; a reference beyond the end of the file is a ``ValueError``."""
    if any(offset >= file_bytes for offset in base.subifds or ()):
        raise ValueError("the file is cut off: a pyramid level lies beyond its end")
    return [page.aspage() for page in base.pages or ()] if base.subifds else []


def reduced_pages(pages: Sequence[TiffPage]) -> list[TiffPage]:
    """Return the pages after the first that are tiled and marked as reductions."""
    return [page for page in pages[1:] if page.is_tiled and page.is_reduced]
