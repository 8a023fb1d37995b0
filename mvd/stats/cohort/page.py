"""A study -> its page: of whom, what is missing, each finding, and how to get the same numbers."""

from collections.abc import Mapping, Sequence
from html import escape

from mvd.stats.cohort.study import Study
from mvd.stats.page import counts_table, how_to_repeat, section, whole_page

_LIBRARIES = ("mvd", "numpy", "scipy", "pandas", "statsmodels", "lifelines", "scikit-posthocs", "matplotlib")


def page(study: Study, svgs: Mapping[str, bytes], inputs: Sequence[tuple[str, str]]) -> bytes:
    """Return the page; the same study gives the same bytes.

    Parameters
    ----------
    study : Study
    svgs : mapping
        File name -> SVG, as the figures are written.
    inputs : sequence of (str, str)
        Name and SHA-256 of each file that was read.
    """
    patients, slides = len(study.cohort.patients), len(study.cohort.slides)
    parts = [
        f"<h1>Cohort: {escape(study.settings.join.measure)}</h1>",
        f"<p>{patients} patients, {slides} slides; of several slides of a patient: "
        f"{escape(study.settings.join.several)}. The patient is the unit of every test. Intervals: "
        f"{100 * study.settings.join.confidence:g} %. Research use only.</p>",
        counts_table(study.cohort.counts, "Missing, tied, censored, left out"),
        *(section(finding, svgs) for finding in study.findings),
        *how_to_repeat(
            inputs,
            _LIBRARIES,
            "mvd cohort DIR CLINICAL.csv --config cohort.toml",
            study.settings.to_toml(),
        ),
    ]
    return whole_page("mvd cohort", parts)
