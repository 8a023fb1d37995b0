"""SlideResult -> the files of its folder, ``slide.json`` last.

A slide is done when its ``slide.json`` names the hash of every other file. Nothing here holds a time or an
absolute path: the same slide and settings give the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

from mvd.found import FOUND_NAME
from mvd.report.atomic import write_atomically
from mvd.report.cohort import json_bytes
from mvd.report.focus import sharpness
from mvd.report.kept import with_kept_pictures
from mvd.report.owned import remove_slide
from mvd.report.rows import hotspot_rows, region_rows, summary_row, vessel_columns
from mvd.report.space import space_json
from mvd.report.table import csv_of_rows, csv_pieces, is_missing
from mvd.result import (
    HOTSPOT_COLUMNS,
    REGION_COLUMNS,
    SUMMARY_COLUMNS,
    VESSEL_COLUMNS,
    Cell,
    Column,
    SlideResult,
)

Row = Mapping[str, Cell]
Maker = Callable[[], bytes | Iterable[bytes]]
_THREADS = 2
_ROWS = 4096  # of a table that are put into words at once


def write_slide(
    result: SlideResult, folder: Path, slide_id: str, name: str, *, sha256: str = ""
) -> dict[str, str]:
    """Write all files of one slide, replacing what an earlier run left.

    Parameters
    ----------
    result : SlideResult
    folder : Path
        ``slides/<slide_id>``; made if need be.
    slide_id, name : str
        As in summary.csv.
    sha256 : str
        Of the slide's content, hex; a run that finds another one does the slide anew.

    Returns
    -------
    dict
        File name -> SHA-256 in hex, ``slide.json`` excepted.

    Raises
    ------
    OSError
        When the folder cannot be written or the disk is full; the slide then has no ``slide.json``.
    """
    remove_slide(folder)
    folder.mkdir(parents=True, exist_ok=True)
    result, kept, places = with_kept_pictures(result)
    makers = {name: partial(bytes, content) for name, content in kept.items()} | dict(
        _files(result, slide_id)
    )

    def write(file_name: str) -> str:
        return write_atomically(folder / file_name, makers[file_name]())

    with ThreadPoolExecutor(_THREADS) as pool:  # PNG encoding and drawing release the GIL
        hashes = dict(zip(makers, pool.map(write, makers), strict=True))
    if result.settings.report.labels:
        from mvd.report.label_image import write_label_image

        hashes["labels.ome.tif"] = write_label_image(result, folder / "labels.ome.tif")
    about = _slide_json(result, slide_id, name, hashes) | {"pictures": places, "sha256": sha256}
    write_atomically(folder / "slide.json", json_bytes(about))
    return hashes


def _files(result: SlideResult, slide_id: str) -> Iterator[tuple[str, Maker]]:
    from mvd.report.geojson import geojson
    from mvd.report.overlay import draw_hotspot, draw_overview

    yield "vessels.csv", partial(_vessels_csv, result, slide_id)
    yield "hotspots.csv", lambda: csv_of_rows(hotspot_rows(result, slide_id), HOTSPOT_COLUMNS)
    if result.drawn:
        yield "regions.csv", lambda: csv_of_rows(region_rows(result, slide_id), REGION_COLUMNS)
    if result.candidates:
        yield FOUND_NAME, partial(bytes, result.candidates)
    yield "vessels.geojson", partial(geojson, result, slide_id)
    yield "overview.png", partial(draw_overview, result)
    for number in range(len(result.hotspot_pictures)):
        yield f"hotspot_{number + 1:02d}.png", partial(draw_hotspot, result, number)
    if result.measures:
        yield from _measure_files(result)


def _measure_files(result: SlideResult) -> Iterator[tuple[str, Maker]]:
    from mvd.report.chalkley import draw_chalkley
    from mvd.report.maps import draw_density, draw_distance

    yield "density.png", partial(draw_density, result)
    yield "distance.png", partial(draw_distance, result)
    for number in range(len(result.chalkley_pictures)):
        yield f"chalkley_{number + 1:02d}.png", partial(draw_chalkley, result, number)
    if result.settings.report.density_tiff:
        from mvd.report.density_tiff import density_tiff

        yield "density.ome.tif", partial(density_tiff, result)


def _vessels_csv(result: SlideResult, slide_id: str) -> Iterator[bytes]:
    starts = range(0, len(result.vessels.table), _ROWS)
    parts = (vessel_columns(result, slide_id, slice(start, start + _ROWS)) for start in starts)
    return csv_pieces(parts, VESSEL_COLUMNS)


def _slide_json(result: SlideResult, slide_id: str, name: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    summary = summary_row(result, slide_id, name)
    info, tissue, stain = result.info, result.tissue, result.stain
    return {
        "slide_id": slide_id,
        "slide": name,
        "status": summary["status"],
        "mvd_version": summary["mvd_version"],
        "summary": {column.name: _plain(summary[column.name], column) for column in SUMMARY_COLUMNS},
        "image": {
            "shape_px": info.shape_px,
            "level_shapes_px": info.level_shapes,
            "mpp": info.mpp,
            "mpp_source": info.mpp_source,
            "magnification": info.magnification,
            "vendor": info.vendor,
            "icc": info.icc,
            "origin_px": info.origin_px,
        },
        "tissue": {
            "area_mm2": round(tissue.area_mm2, 6),
            "mpp": round(tissue.mpp, 6),
            "white_point": [round(value, 3) for value in tissue.white_point],
            "white_point_source": tissue.white_point_source,
        },
        "sharpness": [sharpness(picture) for picture in result.hotspot_pictures],
        "warnings": list(result.warnings),
        "stain": {
            "vectors": {
                stain_name: [round(float(value), 6) for value in vector]
                for stain_name, vector in zip(
                    ("hematoxylin", "dab", "residual"), stain.matrix.vectors, strict=True
                )
            },
            "source": stain.matrix.source,
            "angle_deg": round(stain.matrix.angle_deg, 4),
            **{f.name: round(getattr(stain, f.name), 6) for f in fields(stain) if f.name.endswith("_od")},
            "haze_most_od": round(stain.haze.most_od, 6),
        },
        **({"space": space_json(result.measures)} if result.measures else {}),
        "regions": _regions_json(result),
        "corrections": asdict(result.corrections) if result.corrections else None,
        "settings_fingerprint": result.settings.fingerprint,
        "settings": result.settings.model_dump(mode="json"),
        "files": dict(hashes),
    }


def _regions_json(result: SlideResult) -> dict[str, Any] | None:
    """Return where the regions came from and what they are called; None where the whole slide was analysed."""
    if result.drawn is None:
        return None
    names = [region.name for region in result.drawn.regions]
    return {"file": result.drawn.file_name, "sha256": result.drawn.sha256, "names": names}


def _plain(cell: Cell, column: Column) -> Cell:
    """Return a cell as JSON holds it, with the decimals of the table."""
    if is_missing(cell):
        return None
    if column.kind == "float" and column.significant:
        return float(f"{cell:.{column.significant}g}")
    return round(float(cell), column.decimals) + 0.0 if column.kind == "float" else cell  # type: ignore[arg-type]
