"""What was done -> the list of what a paper must state, after REMARK: what mvd knows, and what is left."""

from collections.abc import Iterator

from mvd.report.methods.used import Used

TO_STATE = (
    (1, "The marker, the aims and any hypothesis stated beforehand"),
    (2, "Patients: disease stage, comorbidities, where they come from, inclusion and exclusion"),
    (3, "Treatments, and how they were chosen"),
    (
        4,
        "Specimens: block, part of the tumour, fixation, storage; which section was stained, and how it was chosen",
    ),
    (5, "Assay: antibody (CD34, CD31), clone, supplier, dilution, antigen retrieval, detection, controls"),
    (5, "Scanner, objective, and who drew regions or corrected vessels, blinded to the outcome or not"),
    (6, "Design: retrospective or prospective, matching or stratification, period and median follow-up"),
    (7, "Every clinical end point, defined"),
    (8, "All variables that were looked at"),
    (9, "Why this sample size; its power"),
    (10, "All statistical methods, and how missing values (failed slides too) were handled"),
    (11, "How the density was used: continuous, or with cut points and how they were found"),
    (12, "Flow of patients: how many at each stage, with reasons, and how many events"),
    (13, "Distributions of basic variables and of the density, with the number of missing values"),
    (14, "Relation of the density to the standard prognostic variables"),
    (15, "Univariable analyses: estimated effect with its confidence interval"),
    (16, "Multivariable analyses: estimated effect with its confidence interval"),
    (17, "Estimates in which the density and the standard prognostic variables are together"),
    (18, "Further investigations: assumptions, sensitivity, internal validation"),
    (19, "Interpretation in the light of the hypotheses and of other studies, and limitations"),
    (20, "Implications for research and clinical value"),
)
"""Item of REMARK, and what of it mvd cannot know."""


def known_items(used: Used) -> Iterator[tuple[int, str]]:
    """Yield the items of REMARK that the run answers, each with the answer."""
    hotspot = used.settings["hotspot"]
    yield 5, f"Software and version: mvd {', '.join(used.versions)}; settings in settings.toml"
    yield (
        5,
        "What one vessel is, and what was not counted: see the text; each candidate is in vessels.csv with its reason",
    )
    yield 5, f"Field: {hotspot['field_mm2']:g} mm2, a {hotspot['shape']}; every density is per mm2"
    yield 5, f"Correction by hand: {used.reviewed} of {used.measured} slides"
    yield (
        12,
        f"Slides: {used.slides}; measured {used.measured}, failed {used.failed}, without a vessel {used.empty}",
    )
    yield 18, "Robustness of each density: mvd_low_per_mm2 and mvd_high_per_mm2 in summary.csv"


def checklist(used: Used) -> list[str]:
    """Return the list in Markdown, by item: ``[x]`` is said already, ``[ ]`` is for the authors."""
    items = [(item, "x", words) for item, words in known_items(used)]
    items += [(item, " ", words) for item, words in TO_STATE]
    return [f"- [{mark}] ({item}) {words}" for item, mark, words in sorted(items, key=lambda one: one[0])]
