"""One slide of each vendor that the tests can write, and what is to be known of it."""

from pathlib import Path

import mirax_slides
import numpy as np
import vendor_slides

from mvd.geometry import Rect

CANARY, MPP = "CANARY", 0.37
SIDE_PX = 512
PYRAMIDS = {
    "ndpi": vendor_slides.write_ndpi,
    "scn": vendor_slides.write_scn,
    "tiff": vendor_slides.write_philips,
    "bif": vendor_slides.write_bif,
}
FLAT = {"vms": vendor_slides.write_vms, "mrxs": mirax_slides.write_mirax}
VENDORS = {
    "ndpi": "hamamatsu",
    "scn": "leica",
    "tiff": "philips",
    "bif": "ventana",
    "vms": "hamamatsu",
    "mrxs": "mirax",
}
ORIGIN = {"scn": (100, 60)}
JPEG_LOSS = 6
"""Levels that a JPEG of quality 100 may be off."""


def whole(slide, level=0):
    """Return all of a level."""
    return Rect(0, 0, *slide.info.level_shapes[level])


def off(a, b):
    """Largest difference of two pictures, levels."""
    return int(np.abs(a.astype(int) - b).max())


def write_slide(folder: Path, suffix: str, square: np.ndarray) -> Path:
    """Write ``case.<suffix>`` from a picture of ``SIDE_PX``."""
    path = folder / f"case.{suffix}"
    if suffix in FLAT:
        return FLAT[suffix](path, square, MPP, CANARY)
    half = vendor_slides.halved(square)
    return PYRAMIDS[suffix](path, [square, half, vendor_slides.halved(half)], MPP, CANARY)
