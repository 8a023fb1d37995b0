"""Where the frames of a DICOM file lie, looked at before OpenSlide reads them.

OpenSlide 4.0.1 believes the file's table of frames: an entry that points elsewhere ends the whole process. Nothing is
decoded here, and of each frame only its eight bytes of tag and length are read.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mvd.slide.dicom import ITEM, SEQUENCE_END, UNDEFINED, read_header, read_tag_and_length, to_pixels
from mvd.slide.naming import shown_name


def check_series(path: Path, series: str) -> None:
    """Check the frames of all levels of a slide, which OpenSlide opens together.

    Parameters
    ----------
    path : Path
        One of its files; the others lie beside it.
    series : str
        Identifier of the series.

    Raises
    ------
    ValueError
        Naming the file and what is wrong with it.
    """
    for file in sorted(path.parent.iterdir()):
        try:
            header = read_header(file) if file.is_file() else None
        except (OSError, ValueError):
            continue  # OpenSlide passes over it, too
        if header is None or not header.is_volume or (header.series != series and file != path):
            continue
        try:
            check_frames(file)
        except ValueError as error:
            raise ValueError(f"{shown_name(file)}: {error}") from error


def check_frames(path: Path) -> None:
    """Follow the frames of a file and hold its table of frames to them.

    Parameters
    ----------
    path : Path
        A DICOM file whose header can be read.

    Raises
    ------
    ValueError
        The pixels are missing or cut off, or the table names a place where no frame begins.
    """
    file_bytes = path.stat().st_size
    with path.open("rb") as stream:
        length, extended = to_pixels(stream)
        if length != UNDEFINED:
            if stream.tell() + length > file_bytes:
                raise ValueError("its pixels are cut off")
            return
        basic = _table(stream, file_bytes)
        first = stream.tell()
        starts = np.array(_starts(stream, file_bytes), np.uint64) - np.uint64(first)
    for table in (basic, np.frombuffer(extended, "<u8")):
        if not np.isin(table, starts).all() or (np.diff(table.astype(np.int64)) <= 0).any():
            raise ValueError("its table of frames points to where no frame begins")


def _table(stream: BinaryIO, file_bytes: int) -> NDArray[np.uint64]:
    """Read the basic offset table, which stands before the first frame and may be empty."""
    tag, length = read_tag_and_length(stream)
    if tag != ITEM or length % 4 or stream.tell() + length > file_bytes:
        raise ValueError("its table of frames is damaged")
    return np.frombuffer(stream.read(length), "<u4").astype(np.uint64)


def _starts(stream: BinaryIO, file_bytes: int) -> list[int]:
    """Return where each frame, or part of one, begins."""
    starts: list[int] = []
    while True:
        starts.append(stream.tell())
        tag, length = read_tag_and_length(stream)
        if tag == SEQUENCE_END:
            return starts[:-1]
        if tag != ITEM or stream.tell() + length > file_bytes:
            raise ValueError(f"frame {len(starts)} is cut off or damaged")
        stream.seek(length, 1)
