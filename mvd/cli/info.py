"""``mvd info``: what is known of a slide before it is analysed."""

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mvd.slide import SlideInfo


@click.command()
@click.argument("slide", type=click.Path(exists=True, path_type=Path))
@click.option("--mpp", type=click.FloatRange(0.05, 5), help="Pixel size, um/px, over the file's own.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def info(slide: Path, mpp: float | None, as_json: bool) -> None:
    """Show a slide's size, levels, pixel size and where it came from; a slide may be a folder (OME-Zarr, DICOM).

    \b
    Example:
      mvd info case_01.svs
    """
    from mvd.slide import open_slide

    with closing(open_slide(slide, mpp=mpp)) as opened:
        known = _known(slide, opened.info)
    click.echo(json.dumps(known, indent=2) if as_json else _lines(known))


def _known(slide: Path, about: "SlideInfo") -> dict[str, Any]:
    return {
        "slide": slide.name,
        "vendor": about.vendor,
        "height_px": about.shape_px[0],
        "width_px": about.shape_px[1],
        "mpp": about.mpp,
        "mpp_source": about.mpp_source,
        "mpp_notes": list(about.mpp_notes),
        "magnification": about.magnification,
        "levels": [{"height_px": height, "width_px": width} for height, width in about.level_shapes],
        "origin_px": list(about.origin_px),
    }


def _lines(known: dict[str, Any]) -> str:
    from mvd.cli.words import shown

    height, width, mpp = known["height_px"], known["width_px"], known["mpp"]
    levels = ", ".join(f"{level['width_px']} x {level['height_px']}" for level in known["levels"])
    size = (
        f"{mpp:g} um/px (from: {known['mpp_source']})"
        if mpp
        else "unknown: pass --mpp or --mpp-table to mvd run"
    )
    lines = [
        f"slide         {shown(known['slide'])}",
        f"format        {known['vendor']}",
        f"size          {width} x {height} px"
        + (f", {width * mpp / 1e3:.2f} x {height * mpp / 1e3:.2f} mm" if mpp else ""),
        f"pixel size    {size}",
        *(f"              {shown(note)}" for note in known["mpp_notes"]),
        f"magnification {known['magnification'] or 'not stated'}",
        f"levels        {levels} px",
    ]
    if known["origin_px"] != [0, 0]:
        x, y = known["origin_px"]
        lines.append(f"scanned from  x = {x}, y = {y} px")
    return "\n".join(lines)
