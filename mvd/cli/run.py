"""``mvd run``: slides -> a result folder."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mvd.cli.options import SettingsCommand, settings_from
from mvd.cli.shard import Shard
from mvd.errors import Cancelled, MvdError
from mvd.settings import Settings

if TYPE_CHECKING:
    from mvd.batch import BatchOutcome
    from mvd.slide import FoundSlide

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=SettingsCommand)
@click.argument(
    "slides",
    nargs=-1,
    required=True,
    metavar="SLIDE_OR_FOLDER...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Result folder; made if need be.")
@click.option("--config", type=_FILE, help="Settings as TOML; see `mvd config show`.")
@click.option(
    "--mpp-table", type=_FILE, help="CSV with the columns slide,mpp (um/px): pixel sizes slide by slide."
)
@click.option(
    "--region",
    type=click.Path(exists=True, path_type=Path),
    help="GeoJSON from QuPath: only tissue in its areas is analysed. For several slides, a folder with "
    "<slide>.geojson for each; a slide without one fails.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Slides at once.  [default: one for each processor and each GB of free memory]",
)
@click.option(
    "--workers", type=click.IntRange(1), help="Threads for each slide.  [default: processors / jobs]"
)
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    help="Seconds that a slide may take; then it fails.  [default: no end]",
)
@click.option(
    "--memory-mb",
    type=click.FloatRange(100),
    help="Memory that a slide's process may take; then it fails.  [default: 0.9 of what is free / jobs]",
)
@click.option(
    "--shard",
    type=Shard(),
    default="1/1",
    metavar="I/N",
    help="Do every N-th slide of the list from the I-th, in an --out of its own; `mvd merge` joins the parts.",
)
@click.option("--tile-px", type=click.IntRange(64, 16384), help="Side of a tile, px; never changes a result.")
@click.option(
    "--fresh", is_flag=True, help="Do all slides anew; else those that an earlier run finished are kept."
)
@click.option(
    "--dry-run", is_flag=True, help="List the slides and their pixel size; analyse and write nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Events on stdout, one JSON object a line.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors that stop the run.")
def run(slides: tuple[Path, ...], out: Path, config: Path | None, **options: Any) -> int:
    """Measure the microvessel density of slides, given as files or folders.

    Writes summary.csv (a row per slide), hotspots.csv, run.json, and for each slide vessels.csv, vessels.geojson
    for QuPath, overview.png and pictures of the best hot spots. What an earlier run finished in the same folder is
    kept as long as the slide, the settings and the version are the same, so a run that was stopped is gone on with by
    the same command. Exit codes: 0 all done, 1 could not start, 2 usage or settings, 3 some slides failed, 4 stopped
    but resumable (disk full, time is up), 130 interrupted.

    \b
    Examples:
      mvd run slides --out results
      mvd run case_01.png --mpp 0.25 --out results
      mvd run slides --out results --jobs 2 --hotspot-field-mm2 0.35
      mvd run slides --out part_1 --shard 1/2
      mvd run case_01.svs --region tumour.geojson --out results
    """
    from mvd.cli.mpp_table import read_mpp_table
    from mvd.cli.regions import regions_of
    from mvd.slide import find_slides

    flags = {name: options[name] for name in options if "__" in name}
    settings = settings_from(config, flags)
    if settings.vessel.method == "classifier":
        from mvd.classifier import load_classifier

        load_classifier(settings.vessel)  # what is wrong with it is told before any slide is read
    found = find_slides(slides)
    if not found:
        raise MvdError(
            f"no slide in {', '.join(map(str, slides))}; give slide files or a folder with slides in it"
        )
    first, step = options["shard"]
    found = found[first - 1 :: step]
    if not found:
        raise MvdError(f"no slide is left for shard {first}/{step}; there are fewer slides than shards")
    mpp_of, unused = read_mpp_table(options["mpp_table"], found) if options["mpp_table"] else ({}, [])
    region_of = regions_of(options["region"], found) if options["region"] else {}
    if not options["quiet"]:
        for line in unused:
            click.echo(f"mvd: warning: {line}", err=True)
    if options["dry_run"]:
        _list(found, settings, mpp_of, region_of)
        return 0
    return _measure(found, out, settings, {"mpp_of": mpp_of, "region_of": region_of}, options)


def _measure(
    found: list["FoundSlide"],
    out: Path,
    settings: Settings,
    of_slides: dict[str, Any],
    options: dict[str, Any],
) -> int:
    from mvd import batch
    from mvd.cli import progress

    batch.collect_seldom()
    free_mb = batch.free_memory_mb()
    jobs = options["jobs"] or batch.jobs_for(len(found), batch.processors(), free_mb)
    how = batch.How(
        jobs=jobs,
        workers=options["workers"],
        tile_px=options["tile_px"],
        command=["mvd", *sys.argv[1:]],
        fresh=options["fresh"],
        apart=True,
        shard=options["shard"],
        timeout_s=options["timeout"],
        memory_mb=options["memory_mb"] or batch.memory_for(jobs, free_mb),
    )
    reporter = progress.choose(len(found), as_json=options["as_json"], quiet=options["quiet"])
    outcome = None
    try:
        outcome = batch.run(found, out, settings, reporter, **of_slides, how=how)
    finally:
        reporter.finished(outcome or batch.BatchOutcome((), "interrupted"))
    if not (options["as_json"] or options["quiet"]):
        with contextlib.suppress(Cancelled):  # the run is over, read or not
            _tell(outcome, out, len(found))
    return outcome.exit_code


def _tell(outcome: "BatchOutcome", out: Path, slides: int) -> None:
    """Print the table on stdout, and on stderr how the run ended."""
    from mvd.cli.progress import say
    from mvd.cli.words import shown, table

    if outcome.slides:
        say(table(outcome.slides))
    done, where = len(outcome.slides), shown(str(out))
    if outcome.state == "disk_full":
        say(f"mvd: the disk is full after {done} of {slides} slides; make room and run again", err=True)
    elif outcome.state != "finished":
        why = {"interrupted": "interrupted", "terminated": "asked to end"}[outcome.state]
        say(f"mvd: {why} after {done} of {slides} slides; the same command goes on from there", err=True)
    if outcome.failed:
        say(f"{len(outcome.failed)} of {slides} slides failed; {where}/failed.csv says what to do", err=True)
    if outcome.stale:
        names = ", ".join([*outcome.stale[:2], *(["..."] if len(outcome.stale) > 2 else [])])
        say(
            f"mvd: slides of an earlier run are still in {where}/slides, and in no table: {names}; "
            "remove them, or give each run its own --out",
            err=True,
        )
    say(f"Results: {where}/summary.csv, and the pictures in {where}/slides", err=True)


def _list(
    found: list["FoundSlide"], settings: Settings, mpp_of: dict[str, float], region_of: dict[str, Path]
) -> None:
    from contextlib import closing

    from mvd.batch import slide_id
    from mvd.cli.words import shown
    from mvd.slide import open_slide

    for slide in found:
        try:
            with closing(open_slide(slide.path, mpp=mpp_of.get(slide.name, settings.slide.mpp))) as opened:
                height, width = opened.info.shape_px
                mpp = f"{opened.info.mpp:g} um/px" if opened.info.mpp else "no pixel size: pass --mpp"
                words = f"{width} x {height} px, {mpp}"
            if slide.name in region_of:
                words += f", regions: {region_of[slide.name].name}"
                words += "" if region_of[slide.name].is_file() else " is missing, would fail (no_region)"
        except MvdError as error:
            words = f"would fail ({error.code}): {error}"
        click.echo(f"{shown(slide.name)}  {slide_id(slide.name)}  {words}")
