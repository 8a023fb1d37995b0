"""``mvd phantom``: synthetic slides with exact truth."""

from pathlib import Path

import click


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder; made if need be.")
@click.option("--cohort", is_flag=True, help="The cohort of sample_images: six small slides in two groups.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same bytes.")
@click.option(
    "--difficulty", type=click.Choice(["clean", "typical", "hard"]), default="typical", show_default=True
)
@click.option(
    "--size-um", type=float, nargs=2, default=(1500.0, 1500.0), metavar="WIDTH HEIGHT", help="Size, um."
)
@click.option("--mpp", type=float, default=0.5, show_default=True, help="Pixel size, um/px.")
@click.option("--vessels-per-mm2", type=float, help="Countable vessels per mm2 of tissue.")
def phantom(
    out: Path,
    cohort: bool,
    seed: int,
    difficulty: str,
    size_um: tuple[float, float],
    mpp: float,
    vessels_per_mm2: float | None,
) -> None:
    """Write synthetic CD34 slides (H-DAB) with their truth: a label image, a vessel table, the best field.

    \b
    Examples:
      mvd phantom --out phantoms --seed 7 --difficulty hard
      mvd phantom --out sample_images --cohort
    """
    from mvd.phantom import PhantomSpec, make_phantom, write_cohort, write_phantom

    if cohort:
        paths = write_cohort(out)
    else:
        spec = PhantomSpec(
            seed,
            difficulty,  # type: ignore[arg-type]
            height_um=size_um[1],
            width_um=size_um[0],
            mpp=mpp,
            vessels_per_mm2=vessels_per_mm2,
        )
        paths = [write_phantom(make_phantom(spec), out, f"{difficulty}_{seed}")]
    for path in paths:
        click.echo(str(path))
