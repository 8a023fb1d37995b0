"""A result folder -> what was really done in it: settings, versions, slides, stains. Holds no name of a slide."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvd.report.page.folder import read_cohort


@dataclass(frozen=True)
class Used:
    """What a methods text needs to know of a run.

    Attributes
    ----------
    slides, failed, empty, reviewed, with_regions, mpp_by_hand, damaged : int
        How many slides; all of them, without a number, without a vessel, corrected by hand, limited to regions, whose
        pixel size the user gave, of which a part could not be read.
    mpp, analysis_mpp : tuple of float
        The different pixel sizes, ascending, um/px.
    fitted : int
        Slides whose stain was fitted; on the others the preset was taken.
    versions : tuple of str
        Of mvd.
    fingerprints : tuple of str
        Of the settings.
    settings : mapping
        Section -> name -> value, of the run.
    python : str
    libraries : mapping
        Name -> version.
    """

    slides: int
    failed: int
    empty: int
    reviewed: int
    with_regions: int
    mpp_by_hand: int
    damaged: int
    mpp: tuple[float, ...]
    analysis_mpp: tuple[float, ...]
    fitted: int
    versions: tuple[str, ...]
    fingerprints: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]
    python: str
    libraries: Mapping[str, str]

    @property
    def measured(self) -> int:
        """Slides with a number."""
        return self.slides - self.failed


def read_used(out: Path, record: Mapping[str, Any]) -> Used:
    """Read what was done in a result folder; ``record`` is the content of its run.json.

    Raises
    ------
    MvdError
        It is no result folder, or of another version.
    """
    cohort = read_cohort(out, record)
    statuses = [row["status"] for row in cohort.rows]
    measured = [row for row in cohort.rows if row["status"] != "failed"]
    abouts = cohort.abouts.values()
    return Used(
        slides=len(cohort.rows),
        failed=statuses.count("failed"),
        empty=statuses.count("empty"),
        reviewed=sum(bool(row["reviewed"]) for row in measured),
        with_regions=sum(bool(about["regions"]) for about in abouts),
        mpp_by_hand=sum(row["mpp_source"] == "user" for row in measured),
        damaged=sum(bool(row["invalid_area_fraction"]) for row in measured),
        mpp=tuple(sorted({float(row["mpp"]) for row in measured if row["mpp"]})),
        analysis_mpp=tuple(sorted({float(row["analysis_mpp"]) for row in measured if row["analysis_mpp"]})),
        fitted=sum(about["stain"]["source"] != "preset" for about in abouts),
        versions=tuple(sorted({str(row["mvd_version"]) for row in cohort.rows if row["mvd_version"]})),
        fingerprints=tuple(sorted({str(row["settings_fingerprint"]) for row in cohort.rows})),
        settings=cohort.settings,
        python=cohort.python,
        libraries=cohort.libraries,
    )
