"""A small real 3DHISTECH MRXS slide: the file, and the folder with its index and its pixels."""

import struct
from pathlib import Path

import numpy as np
from vendor_slides import Picture, halved, jpeg


def write_mirax(
    path: Path, picture: Picture, um_per_px: float, canary: str, kind: str = "BRIGHTFIELD"
) -> Path:
    """3DHISTECH MRXS: two zoom levels of 64 px images, that in row 0, column 1 not scanned."""
    side = 64
    rows, cols = picture.shape[0] // side, picture.shape[1] // side
    levels = [picture[: rows * side, : cols * side]]
    levels.append(halved(levels[0]))
    folder = path.with_suffix("")
    folder.mkdir()
    path.write_bytes(jpeg(np.zeros((16, 16, 3), np.uint8)))
    pixels, entries = bytearray(b"head"), []
    for number, level in enumerate(levels):
        step, page = 2**number, []
        for row in range(0, rows, step):
            for col in range(0, cols, step):
                if number == 0 and (row, col) == (0, 1):
                    continue
                top, left = row // step * side, col // step * side
                image = jpeg(level[top : top + side, left : left + side])
                page.append((row * cols + col, len(pixels), len(image), 0))
                pixels += image
        entries.append(page)
    (folder / "Data0000.dat").write_bytes(pixels)
    slide_id = canary.ljust(32, "0")[:32]
    (folder / "Index.dat").write_bytes(_mirax_index(slide_id, entries))
    general = (
        f"[GENERAL]\nSLIDE_VERSION = 01.02\nSLIDE_ID = {slide_id}\nSLIDE_NAME = {canary}\n"
        f"IMAGENUMBER_X = {cols}\nIMAGENUMBER_Y = {rows}\nOBJECTIVE_MAGNIFICATION = 20\n"
        f"CameraImageDivisionsPerSide = 1\nSLIDE_TYPE = SLIDE_TYPE_{kind}\n"
    )
    hierarchy = (
        "[HIERARCHICAL]\nHIER_COUNT = 1\nNONHIER_COUNT = 0\nINDEXFILE = Index.dat\n"
        "HIER_0_NAME = Slide zoom level\nHIER_0_COUNT = 2\n"
        "HIER_0_VAL_0_SECTION = LEVEL_0\nHIER_0_VAL_1_SECTION = LEVEL_1\n"
        "[DATAFILE]\nFILE_COUNT = 1\nFILE_0 = Data0000.dat\n"
    )
    sections = "".join(
        f"[LEVEL_{number}]\nIMAGE_CONCAT_FACTOR = {number}\nOVERLAP_X = 0\nOVERLAP_Y = 0\n"
        f"MICROMETER_PER_PIXEL_X = {um_per_px * 2**number}\nMICROMETER_PER_PIXEL_Y = {um_per_px * 2**number}\n"
        f"IMAGE_FILL_COLOR_BGR = 16777215\nDIGITIZER_WIDTH = {side}\nDIGITIZER_HEIGHT = {side}\nIMAGE_FORMAT = JPEG\n"
        for number in range(2)
    )
    (folder / "Slidedat.ini").write_text(general + hierarchy + sections)
    return path


def _mirax_index(slide_id: str, levels: list[list[tuple[int, int, int, int]]]) -> bytes:
    """Roots, a pointer a level, and for each its page of (place, offset, bytes, file)."""
    index = bytearray(b"01.02" + slide_id.encode())
    table = len(index) + 8
    index += struct.pack("<ii", table, 0)
    at = table + 4 * len(levels)
    pages = bytearray()
    for page in levels:
        index += struct.pack("<i", at + len(pages))
        pages += struct.pack("<ii", 0, at + len(pages) + 8) + struct.pack("<ii", len(page), 0)
        pages += b"".join(struct.pack("<iiii", *entry) for entry in page)
    return bytes(index + pages)
