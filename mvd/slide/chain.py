"""The chain of pages of a TIFF or BigTIFF, followed before any parser does.

Input: an open file. Refused is a chain that runs in a circle, which a parser would follow for ever, and one that
leaves the file, whose rest a parser drops without a word; so is a tag that matters and lies beyond the end.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

MOST_PAGES = 10_000
_BYTES_PER_VALUE = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_TAGS_THAT_MATTER = frozenset(
    {
        *range(256, 260),
        262,
        270,
        273,
        *range(277, 280),
        *range(282, 285),
        296,
        317,
        *range(322, 326),
        330,
        338,
        347,
    }
)
"""Size, colours, description, tiles, resolution, levels and tables; private tags may hold what they like."""


def check_chain(stream: BinaryIO, file_bytes: int) -> None:
    """Follow the chain of pages to its end.

    Parameters
    ----------
    stream : binary file
        Begins like a TIFF; its position is moved.
    file_bytes : int
        Size of the file.

    Raises
    ------
    ValueError
        When a page, its table or a tag lies beyond the end, or the pages run in a circle or are too many.
    """
    stream.seek(0)
    head = stream.read(8)
    order = "<" if head[:2] == b"II" else ">"
    is_big = head[2:4] in (b"+\x00", b"\x00+")
    count_form, tag_form, offset_form = ("Q", "HHQQ", "Q") if is_big else ("H", "HHII", "I")
    at, seen = 8 if is_big else 4, set[int]()
    while True:
        (offset,) = _read(stream, at, order + offset_form)
        if offset == 0:
            if not seen:
                raise ValueError("it has no page")
            return
        if offset in seen:
            raise ValueError("the pages of the file run in a circle")
        if len(seen) == MOST_PAGES:
            raise ValueError(f"more than {MOST_PAGES} pages")
        seen.add(offset)
        (tags,) = _read(stream, offset, order + count_form)
        first = offset + struct.calcsize(order + count_form)
        at = first + tags * struct.calcsize(order + tag_form)
        if at + struct.calcsize(order + offset_form) > file_bytes:
            raise ValueError("the file is cut off: a page's table lies beyond its end")
        _check_tags(stream, first, tags, order + tag_form, file_bytes)


def _read(stream: BinaryIO, at: int, form: str) -> tuple[int, ...]:
    stream.seek(at)
    content = stream.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        raise ValueError("the file is cut off: a page lies beyond its end")
    return struct.unpack(form, content)


def _check_tags(stream: BinaryIO, first: int, tags: int, form: str, file_bytes: int) -> None:
    """Refuse a tag that matters and whose values lie beyond the end of the file."""
    for code, stop in _ends(stream, first, tags, form):
        if code in _TAGS_THAT_MATTER and stop > file_bytes:
            raise ValueError(f"the file is cut off: tag {code} ends at byte {stop} of {file_bytes}")


def _ends(stream: BinaryIO, first: int, tags: int, form: str) -> Iterator[tuple[int, int]]:
    """Yield the code of each tag, and where its values end if they do not fit into its entry."""
    stream.seek(first)
    size = struct.calcsize(form)
    inline = 8 if form.endswith("QQ") else 4
    table = stream.read(tags * size)
    for code, kind, count, offset in struct.iter_unpack(form, table):
        length = _BYTES_PER_VALUE.get(kind, 1) * count
        yield code, offset + length if length > inline else 0
