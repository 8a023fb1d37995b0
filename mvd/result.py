"""What a run of one slide yields; the columns of its tables are those of ``mvd.columns``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvd.columns import (
    BESIDE,
    BY_HAND_COLUMNS,
    FAILED_COLUMNS,
    HOTSPOT_COLUMNS,
    P_DIGITS,
    REGION_COLUMNS,
    SUMMARY_COLUMNS,
    VESSEL_COLUMNS,
    Cell,
    Column,
    Kind,
)

if TYPE_CHECKING:  # the columns are needed long before the stages are
    import numpy as np
    from numpy.typing import NDArray

    from mvd.hotspots import Hotspot
    from mvd.measures import Measures
    from mvd.settings import Settings
    from mvd.slide.base import Rgb, SlideInfo
    from mvd.stain import Stain
    from mvd.tissue import Tissue
    from mvd.vessels import Vessels

__all__ = [
    "BESIDE",
    "BY_HAND_COLUMNS",
    "FAILED_COLUMNS",
    "HOTSPOT_COLUMNS",
    "P_DIGITS",
    "REGION_COLUMNS",
    "SUMMARY_COLUMNS",
    "VESSEL_COLUMNS",
    "Cell",
    "Column",
    "HandCorrections",
    "Kind",
    "Picture",
    "RegionResult",
    "RegionResults",
    "SlideResult",
]


@dataclass(frozen=True)
class Picture:
    """Pixels of one place, kept so that reports never read a slide.

    Attributes
    ----------
    rgb : (h, w, 3) uint8
    x_um, y_um : float
        Top left corner, um from the slide's top left corner.
    mpp : float
        Pixel size of ``rgb``, um/px.
    jpeg : bytes, optional
        The file that ``rgb`` was read from: to be kept as it is, for each new coding loses a little.
    """

    rgb: Rgb
    x_um: float
    y_um: float
    mpp: float
    jpeg: bytes | None = None


@dataclass(frozen=True)
class RegionResult:
    """What was found in one region.

    Attributes
    ----------
    name : str
    polygons_um : list of list of (n, 2) array
        An outer ring and then its holes for each polygon; (x, y), um from the slide's top left corner, not closed.
    summary : mapping
        As ``SlideResult.summary``, of what lies in the region.
    kind, classification : str
        See ``mvd.region.Zone``.
    """

    name: str
    polygons_um: list[list[NDArray[np.floating]]]
    summary: Mapping[str, Cell]
    kind: str = "drawn"
    classification: str = ""


@dataclass(frozen=True)
class RegionResults:
    """The regions that a slide was limited to.

    Attributes
    ----------
    file_name, sha256 : str
        Of the file they were read from; see ``mvd.region.Drawn``.
    regions : tuple of RegionResult
        In the order of the file.
    zones : tuple of RegionResult
        All regions of each class, then the margin and what it leaves.
    whole : RegionResult
        All of them together; ``summary`` is the slide's.
    """

    file_name: str
    sha256: str
    regions: tuple[RegionResult, ...]
    zones: tuple[RegionResult, ...]
    whole: RegionResult


@dataclass(frozen=True)
class HandCorrections:
    """What a person corrected on a slide, in short.

    Attributes
    ----------
    sha256 : str
        Of the corrections in force.
    readers : tuple of str
        Who made them.
    what : mapping
        What was done -> how often.
    applied : int
        So many of them fit this result.
    of_others : int
        So many of these were made of other settings, or with another version of mvd.
    not_applied : tuple of str
        Why of each other, one line.
    """

    sha256: str
    readers: tuple[str, ...]
    what: Mapping[str, int]
    applied: int
    of_others: int
    not_applied: tuple[str, ...]


@dataclass(frozen=True)
class SlideResult:
    """All that was found on one slide.

    Attributes
    ----------
    info : SlideInfo
    settings : Settings
    analysis_mpp : float
        Pixel size that was analysed, um/px.
    tissue : Tissue
    stain : Stain
    vessels : Vessels
        Every candidate, with ``counted`` and ``reason``.
    hotspots : tuple of Hotspot
        Best first.
    summary : mapping
        The slide's row of summary.csv, ``slide_id`` and ``slide`` excepted; None where a column does not apply.
    overview : Picture
    hotspot_pictures : tuple of Picture
        Of the first hot spots, as many as ``report.hotspot_pictures``.
    drawn : RegionResults, optional
        None where the whole slide was analysed.
    measures : Measures, optional
        Everything else that was measured; None in a result that was not counted by ``mvd.count``.
    chalkley_pictures : tuple of Picture
        Of the first hot spots of Chalkley's field.
    candidates : bytes
        What the vessels were made of, as ``mvd.found`` packs it, to count them again; empty where it was not kept.
    corrections : HandCorrections, optional
        None where nobody corrected anything.
    automatic : SlideResult, optional
        The result without the corrections, where some are applied.
    damage_um : tuple of (float, float, float, float)
        Left, top, right, bottom of what could not be decoded, um.
    """

    info: SlideInfo
    settings: Settings
    analysis_mpp: float
    tissue: Tissue
    stain: Stain
    vessels: Vessels
    hotspots: tuple[Hotspot, ...]
    summary: Mapping[str, Cell]
    overview: Picture
    hotspot_pictures: tuple[Picture, ...]
    drawn: RegionResults | None = None
    measures: Measures | None = None
    chalkley_pictures: tuple[Picture, ...] = ()
    candidates: bytes = b""
    corrections: HandCorrections | None = None
    automatic: SlideResult | None = None
    damage_um: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """``code: what was found and what to do``."""
        found = (*self.info.mpp_notes, *self.tissue.warnings)
        if self.corrections is None:
            return found
        said = [f"corrections: {why}" for why in self.corrections.not_applied]
        if self.corrections.of_others:
            said.append(
                f"corrections: {self.corrections.of_others} were made of other settings, or with another version of "
                "mvd; they fit and are applied: look them over"
            )
        return (*found, *said)
