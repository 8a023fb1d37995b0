"""A phantom -> a pyramidal JPEG TIFF and its truth; and the small cohort of ``sample_images``.

The truth goes into a folder ``truth`` beside the slides, in formats that are no pictures, so that a run over the
folder sees slides only. Nothing that is written names a time, a user or a path.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
import tifffile

from mvd.phantom.render import Rgb
from mvd.phantom.spec import PhantomSpec
from mvd.phantom.truth import FIELD_MM2, Phantom, make_phantom

TILE_PX = 256
STEP = 4  # from one pyramid level to the next
SMALLEST_PX = 256
COHORT_MM = (1.30, 1.20)

SOURCES = """# sample_images

Synthetic slides (CD34, H-DAB) made by mvd itself: no patient, no animal, no scanner. Licence: CC0 1.0.

Made by `mvd phantom --out sample_images --cohort`. The same version gives the same pictures.

Two made-up treatment groups: `control_1` to `control_3` with more vessels, `treated_1` and `treated_2` with fewer, and
`treated_3` without any. Pixel size: {mpp} um/px, in the files (TIFF resolution, tiled JPEG pyramid).

| slide | seed | difficulty | countable vessels | tissue mm2 | best {field} mm2 field |
|---|---|---|---|---|---|
{rows}

`cohort.csv` names slide and group. `truth/` holds, for each slide, `*_truth.csv` (a row per vessel and look-alike:
kind, countable, reason, centroid and areas in um), `*_labels.npz` (`labels`: the filled vessel of every pixel, 0
elsewhere) and `*_truth.json` (what was asked for, tissue area, best field).
"""


def write_phantom(phantom: Phantom, folder: Path, stem: str, quality: int = 85) -> Path:
    """Write ``<stem>.tif`` and its truth (``truth/<stem>_truth.csv``, ``_labels.npz``, ``_truth.json``).

    Parameters
    ----------
    phantom : Phantom
    folder : Path
        Made if missing; files of the same name are overwritten.
    stem : str
    quality : int
        JPEG quality, 1 to 100.

    Returns
    -------
    Path
        The TIFF: tiled, JPEG (YCbCr 4:2:0), levels as further pages, resolution in pixels per centimetre.
    """
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.tif"
    write_pyramid(path, phantom.rgb, phantom.mpp, quality)
    phantom.vessels.round(4).to_csv(truth / f"{stem}_truth.csv", index=False, lineterminator="\n")
    np.savez_compressed(truth / f"{stem}_labels.npz", labels=phantom.labels)
    (truth / f"{stem}_truth.json").write_text(_facts(phantom), encoding="utf-8")
    return path


def write_pyramid(path: Path, rgb: Rgb, mpp: float, quality: int) -> None:
    """Write a picture as a pyramidal, tiled JPEG TIFF that OpenSlide opens as generic-tiff."""
    with tifffile.TiffWriter(path) as tiff:
        level = rgb
        while True:
            first = level is rgb
            per_cm = 1e4 / mpp * level.shape[1] / rgb.shape[1]
            tiff.write(
                encoded_tiles(level, quality),
                shape=level.shape,
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                compression="jpeg",
                photometric="rgb",  # with subsampling, tifffile marks the tiles as the YCbCr that they are
                subsampling=(2, 2),
                subfiletype=0 if first else 1,
                resolution=(per_cm, per_cm),
                resolutionunit="CENTIMETER",
                metadata=None,
                software=False,
            )
            if max(level.shape[:2]) // STEP < SMALLEST_PX:
                return
            level = shrunk(level)


def encoded_tiles(rgb: Rgb, quality: int) -> Iterator[bytes]:
    """Yield the JPEG tiles of a picture, row by row; the last ones are filled with their edge pixels."""
    for row in range(0, rgb.shape[0], TILE_PX):
        for col in range(0, rgb.shape[1], TILE_PX):
            part = rgb[row : row + TILE_PX, col : col + TILE_PX]
            missing = [(0, TILE_PX - part.shape[0]), (0, TILE_PX - part.shape[1]), (0, 0)]
            yield encoded(np.pad(part, missing, mode="edge"), quality)


def encoded(tile: Rgb, quality: int) -> bytes:
    """Encode one tile as a JPEG of YCbCr 4:2:0."""
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(tile), quality, "RGB", "420", fastdct=False))


def shrunk(rgb: Rgb, factor: int = STEP) -> Rgb:
    """Block mean of a picture; what does not fill a block at the right or below is left out."""
    height, width = rgb.shape[0] // factor, rgb.shape[1] // factor
    whole = rgb[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def write_cohort(folder: Path, quality: int = 80) -> list[Path]:
    """Write the cohort of ``sample_images``: six small slides, their truth, ``cohort.csv`` and SOURCES.md.

    Returns
    -------
    list of Path
        The slides.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths, rows, groups = [], [], ["slide,group"]
    for stem, spec in cohort_specs().items():
        phantom = make_phantom(spec)
        paths.append(write_phantom(phantom, folder, stem, quality))
        best = phantom.hotspot.vessels if phantom.hotspot else 0
        counts = f"{len(phantom.countable)} | {phantom.tissue_area_mm2:.2f} | {best}"
        rows.append(f"| {stem}.tif | {spec.seed} | {spec.difficulty} | {counts} |")
        groups.append(f"{stem}.tif,{stem.split('_')[0]}")
    text = SOURCES.format(mpp=0.5, field=FIELD_MM2, rows="\n".join(rows))
    (folder / "SOURCES.md").write_text(text, encoding="utf-8")
    (folder / "cohort.csv").write_text("\n".join(groups) + "\n", encoding="utf-8")
    return paths


def cohort_specs() -> dict[str, PhantomSpec]:
    """Specs of the cohort, by the slides' names without suffix."""
    base = PhantomSpec(0, "clean", height_um=COHORT_MM[0] * 1000, width_um=COHORT_MM[1] * 1000)
    density = {"control": (190.0, 160.0, 135.0), "treated": (75.0, 50.0, 0.0)}
    return {
        f"{group}_{k + 1}": replace(
            base,
            seed=seed + k,
            vessels_per_mm2=density[group][k],
            difficulty="typical" if k == 1 else "clean",
        )
        for group, seed in (("control", 101), ("treated", 201))
        for k in range(3)
    }


def _facts(phantom: Phantom) -> str:
    facts = {
        "synthetic": True,
        "spec": asdict(phantom.spec),
        "mpp": phantom.mpp,
        "shape_px": list(phantom.labels.shape),
        "countable_vessels": len(phantom.countable),
        "tissue_area_mm2": round(phantom.tissue_area_mm2, 6),
        "best_field_mm2": FIELD_MM2,
        "best_field": asdict(phantom.hotspot) if phantom.hotspot else None,
    }
    return json.dumps(facts, indent=2) + "\n"
