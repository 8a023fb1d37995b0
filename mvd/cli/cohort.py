"""``mvd cohort``: a result folder and clinical facts -> group comparison, survival, figures and a page to quote."""

from pathlib import Path
from typing import Any

import click

from mvd.cli.asked import FILE, asked_settings, template_option


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("clinical", metavar="CLINICAL.csv", type=FILE)
@click.option("--config", type=FILE, help="TOML with all settings; flags go before it.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results.  [default: DIR/cohort]")
@click.option("--measure", "join__measure", help="Column of summary.csv.  [default: mvd_tissue_per_mm2]")
@click.option("--patient", "join__patient", help="Column with the patient; slide: each slide is one.")
@click.option(
    "--several", "join__several", help="mean, median, max, min or area_weighted of a patient's slides."
)
@click.option(
    "--unmatched", "join__unmatched", help="error or leave_out: a slide without its row, and a row without."
)
@click.option("--group", "group__column", help="Column with the treatment group.")
@click.option("--reference", "group__reference", help="Group that the others are compared with.")
@click.option(
    "--marker", "marker__columns", multiple=True, help="Column to correlate with, such as VEGF; repeat."
)
@click.option("--visit", "paired__column", help="Column with before and after.")
@click.option(
    "--time", "survival__time", multiple=True, help="Column with the follow-up; repeat for end points."
)
@click.option("--event", "survival__event", multiple=True, help="Column with 1 (event) or 0 (censored).")
@click.option("--covariate", "survival__covariates", multiple=True, help="Column to adjust for; repeat.")
@click.option("--outcome", "roc__outcome", help="Column with 1 or 0, for a ROC curve.")
@template_option("mvd.settings.cohort:CohortSettings")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def cohort(
    folder: Path, clinical: Path, config: Path | None, out: Path | None, quiet: bool, **flags: Any
) -> int:
    """Compare groups, follow-up and markers by microvessel density, patient by patient.

    CLINICAL.csv has a row for each slide (columns slide and patient) or, with join.patient_pattern in the TOML, a row
    for each patient. Written are results.csv (every number), patients.csv, counts.csv (missing, tied, censored),
    figures as SVG and PNG, cohort.toml with all settings, and cohort.html with the sentences to quote.

    \b
    Examples:
      mvd cohort results clinical.csv --group treatment
      mvd cohort results clinical.csv --time os_months --event died --covariate age
      mvd cohort --template > cohort.toml
    """
    from mvd.settings.cohort import CohortSettings
    from mvd.stats.cohort import study_cohort, write_study

    study = study_cohort(folder, clinical, asked_settings(CohortSettings, config, flags))
    written = write_study(study, out or folder / "cohort", [folder / "summary.csv", clinical])
    if not quiet:
        for finding in study.findings:
            for line in filter(None, (finding.sentence, *(f"note: {note}" for note in finding.notes))):
                click.echo(f"{finding.title}: {line}")
        click.echo(str(written[-1]))
    return 0
