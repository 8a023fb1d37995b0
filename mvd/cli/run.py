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
    from mvd.batch import BatchOutcome, Cluster, How
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
@click.option(
    "--stage-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder on a fast local disk: each slide is copied there, and checked, while the one before it is analysed. "
    "For slides on slow network storage.",
)
@click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    help="Have the workers of this dask.distributed cluster do the slides, each with its own number of threads; "
    "--jobs is then how many workers at most.",
)
@click.option(
    "--scheduler-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The same, with the file in which the dask scheduler left its address.",
)
@click.option("--tile-px", type=click.IntRange(64, 16384), help="Side of a tile, px; never changes a result.")
@click.option(
    "--fresh", is_flag=True, help="Do all slides anew; else those that an earlier run finished are kept."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="List what would be done with each slide, with its pixel size and estimates of time and memory; "
    "analyse and write nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Events on stdout, one JSON object a line.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors that stop the run.")
def run(slides: tuple[Path, ...], out: Path, config: Path | None, **options: Any) -> int:
    """Measure the microvessel density of slides, given as files or folders.

    Writes report.html, summary.csv (a row per slide), hotspots.csv, run.json, and for each slide vessels.csv,
    vessels.geojson for QuPath, overview.png and pictures of the best hot spots. What an earlier run finished in the
    same folder is kept as long as the slide, the settings and the version are the same, so a run that was stopped is
    gone on with by the same command. Exit codes: 0 all done, 1 could not start, 2 usage or settings, 3 some slides
    failed, 4 stopped but resumable (disk full, time is up), 130 interrupted.

    \b
    Examples:
      mvd run slides --out results
      mvd run case_01.png --mpp 0.25 --out results
      mvd run slides --out results --jobs 2 --hotspot-field-mm2 0.35
      mvd run slides --out part_1 --shard 1/2
      mvd run case_01.svs --region tumour.geojson --out results
      mvd run slides --out results --scheduler tcp://10.0.0.5:8786
    """
    _refuse_against_cluster(options)
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
    mpp_of, region_of, unused = of_single_slides(found, settings, options)
    if not options["quiet"]:
        for line in unused:
            click.echo(f"mvd: warning: {line}", err=True)
    of_slides = {"mpp_of": mpp_of, "region_of": region_of}
    if options["dry_run"]:
        from mvd.cli import dry_run

        dry_run.show(found, out, settings, of_slides, options)
        return 0
    return _measure(found, out, settings, of_slides, options)


def of_single_slides(
    found: list["FoundSlide"], settings: Settings, options: dict[str, Any]
) -> tuple[dict[str, float], dict[str, Path], list[str]]:
    """Return pixel sizes and regions by slide, as the options give them, and what of the table no slide wants."""
    from mvd.cli.mpp_table import read_mpp_table
    from mvd.cli.regions import regions_of

    mpp_of, unused = read_mpp_table(options["mpp_table"], found) if options["mpp_table"] else ({}, [])
    region_of = regions_of(options["region"], found, settings.region)
    return mpp_of, region_of, unused


def _measure(
    found: list["FoundSlide"],
    out: Path,
    settings: Settings,
    of_slides: dict[str, Any],
    options: dict[str, Any],
) -> int:
    from mvd import batch
    from mvd.cli import progress, reporter
    from mvd.compiled import is_compiled

    batch.collect_seldom()
    how = how_of(len(found), options)
    tells = reporter.choose(len(found), as_json=options["as_json"], quiet=options["quiet"])
    if not (options["quiet"] or is_compiled()):
        progress.say("mvd: the first run here compiles mvd, once: a minute or two more", err=True)
    outcome = progress.until_finished(
        tells, lambda: batch.run(found, out, settings, tells, **of_slides, how=how)
    )
    if not (options["as_json"] or options["quiet"]):
        with contextlib.suppress(Cancelled):  # the run is over, read or not
            tell(outcome, out, len(found))
    return outcome.exit_code


def how_of(slides: int, options: dict[str, Any]) -> "How":
    """Return how so many slides are done, by the options of the command and what the machine allows."""
    from mvd import batch

    cluster = cluster_of(options)
    if cluster:
        return batch.How(
            workers=options["workers"],
            tile_px=options["tile_px"],
            command=["mvd", *sys.argv[1:]],
            fresh=options["fresh"],
            shard=options["shard"],
            timeout_s=options["timeout"],
            cluster=cluster,
        )
    free_mb = batch.free_memory_mb()
    jobs = options["jobs"] or batch.jobs_for(slides, batch.processors(), free_mb)
    return batch.How(
        jobs=jobs,
        workers=options["workers"],
        tile_px=options["tile_px"],
        command=["mvd", *sys.argv[1:]],
        fresh=options.get("fresh", False),
        apart=True,
        shard=options.get("shard", (1, 1)),
        stage_dir=options["stage_dir"],
        timeout_s=options["timeout"],
        memory_mb=options["memory_mb"] or batch.memory_for(jobs, free_mb),
    )


def cluster_of(options: dict[str, Any]) -> "Cluster | None":
    """Return the cluster that the options name; None without."""
    from mvd.batch import Cluster
    from mvd.cli.progress import say

    address, file = options.get("scheduler"), options.get("scheduler_file")
    if not (address or file):
        return None
    silent = options["quiet"]
    return Cluster(
        address or "", file, options["jobs"], lambda words: None if silent else say(f"mvd: {words}", err=True)
    )


def _refuse_against_cluster(options: dict[str, Any]) -> None:
    if options["scheduler"] and options["scheduler_file"]:
        raise click.UsageError("give --scheduler or --scheduler-file, not both")
    for name, instead in (
        ("stage_dir", "workers read slides where they lie"),
        ("memory_mb", "start workers with `dask worker --memory-limit`"),
    ):
        if options[name] and (options["scheduler"] or options["scheduler_file"]):
            raise click.UsageError(f"--{name.replace('_', '-')} is not for a cluster: {instead}")


def tell(outcome: "BatchOutcome", out: Path, slides: int) -> None:
    """Print the table on stdout, and on stderr how the run ended."""
    from mvd.cli.progress import say
    from mvd.cli.words import shown, stopped, table

    if outcome.slides:
        say(table(outcome.slides))
    done, where = len(outcome.slides), shown(str(out))
    if outcome.state != "finished":
        full = outcome.state == "disk_full"
        advice = "make room and run again" if full else "the same command goes on from there"
        say(f"mvd: {stopped(outcome, slides)}; {advice}", err=True)
    if outcome.failed:
        say(f"{len(outcome.failed)} of {slides} slides failed; {where}/failed.csv says what to do", err=True)
    for note in outcome.notes:
        say(f"mvd: {note}", err=True)
    if outcome.stale:
        names = ", ".join([*outcome.stale[:2], *(["..."] if len(outcome.stale) > 2 else [])])
        say(
            f"mvd: slides of an earlier run are still in {where}/slides, and in no table: {names}; "
            "remove them, or give each run its own --out",
            err=True,
        )
    report = f"{where}/report.html, " if outcome.state == "finished" else ""
    pictures = f", and the pictures in {where}/slides" if len(outcome.failed) < done else ""
    say(f"Results: {report}{where}/summary.csv{pictures}", err=True)
