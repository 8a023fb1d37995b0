"""Where the report and the files for other programs lie. Light to import: a run removes old ones before it begins."""

from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

REPORT = "report.html"
PDF = "report.pdf"
PAGES = "report"
"""Folder of the slides' own pages."""

WORKBOOK = "results.xlsx"
DICTIONARY = "data_dictionary.csv"
MULTIQC = "mvd_mqc.tsv"
MULTIQC_PICTURE = "mvd_density_mqc.png"
QUPATH = "import_into_qupath.groovy"
PARQUET = tuple(f"{name}.parquet" for name in ("summary", "vessels", "hotspots", "regions", "failed"))
EXPORTS = (WORKBOOK, DICTIONARY, MULTIQC, MULTIQC_PICTURE, QUPATH, *PARQUET)
"""What ``write_exports`` writes for other programs."""


class Extras(NamedTuple):
    """What a result folder has beyond the usual, because somebody asked `mvd report` for it.

    Attributes
    ----------
    split : bool
        A page a slide.
    parquet : bool
        Tables as Parquet.
    pdf : bool
        The report as PDF.
    """

    split: bool = False
    parquet: bool = False
    pdf: bool = False


def extras_in(out: Path) -> Extras:
    """Tell by its files what a folder was asked to have: what is deleted is no longer asked for."""
    return Extras(
        split=any((out / PAGES).glob("*.html")),
        parquet=any((out / name).exists() for name in PARQUET),
        pdf=(out / PDF).exists(),
    )


def remove_report(out: Path) -> None:
    """Remove what ``write_report``, ``print_pdf`` and ``write_exports`` wrote."""
    for name in (REPORT, PDF, *EXPORTS):
        (out / name).unlink(missing_ok=True)
    remove_pages(out)


def remove_pages(out: Path, keep: Container[str] = ()) -> None:
    """Remove the pages of slides but for some, by slide id; and their folder if nothing is left in it."""
    for page in (out / PAGES).glob("*.html"):
        if page.stem not in keep:
            page.unlink()
    if (out / PAGES).is_dir() and not any((out / PAGES).iterdir()):
        (out / PAGES).rmdir()
