"""A result folder -> ``report.html``: one file that opens from disk, fetches nothing, and shows what was measured.

Input: tables, outlines and pictures as a run left them; neither a slide nor what was found stained is read. The same
folder gives the same bytes, so no time, no path and nothing of how a run was done is in it. With ``split`` the slides
have a page each, in ``report/``.
"""

import base64
import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mvd.report.atomic import write_atomically
from mvd.report.frame import bar_length_um
from mvd.report.page.cells import cells, heads, shown
from mvd.report.page.folder import Cohort, Row, read_cohort
from mvd.report.page.look import Reason, reasons_to_look
from mvd.report.page.place import PAGES, REPORT, remove_pages
from mvd.report.page.section import section
from mvd.report.page.small import Room
from mvd.report.page.strip import strip

MOST_BYTES = 25_000_000
"""Of a report of a hundred slides or fewer; of more, so much for each hundred."""

_OF_PICTURES = 0.9  # the rest are tables and words
_MOST_A_SLIDE = 600_000  # few slides do not need all of it
_MOST_A_PAGE = 2_500_000
_MOST_THREADS = 8
_AHEAD = 2  # slides that each thread may be ahead of the file


class Line(NamedTuple):
    """A row of the table: the slide's key and its cells."""

    key: str
    cells: list[Any]


class Neighbour(NamedTuple):
    """The slide before or after another."""

    key: str
    name: str


def write_report(out: Path, record: Mapping[str, Any], *, split: bool = False) -> None:
    """Write ``report.html`` into a result folder, and a page a slide if they are to be split.

    Parameters
    ----------
    out : Path
        With the tables of a run that ended.
    record : mapping
        Content of its run.json.
    split : bool
        One page a slide, with finer pictures, beside a report that has the tables.

    Raises
    ------
    MvdError
        ``out`` is no result folder, or of another version.
    OSError
        When the folder cannot be written or the disk is full.
    """
    cohort = read_cohort(out, record)
    odd = reasons_to_look(cohort)
    keys = [str(row["slide_id"]) for row in cohort.rows]
    remove_pages(out, keep=set(keys) if split else ())
    links = {key: f"{PAGES}/{key}.html" if split else f"#slide-{key}" for key in keys}
    if split:
        (out / PAGES).mkdir(exist_ok=True)
        for row, page in zip(cohort.rows, _pages(cohort, odd), strict=True):
            write_atomically(out / PAGES / f"{row['slide_id']}.html", page)
    sections = () if split else _sections(cohort, odd, Room(slide_bytes(len(keys))))
    write_atomically(out / REPORT, _report(cohort, odd, links, sections))


def write_for_print(out: Path, record: Mapping[str, Any], page: Path) -> None:
    """Write the report of a result folder as it is to be printed, to another place; see ``write_report``."""
    cohort = read_cohort(out, record)
    odd = reasons_to_look(cohort)
    links = {key: f"#slide-{key}" for key in (str(row["slide_id"]) for row in cohort.rows)}
    sections = _sections(cohort, odd, Room(slide_bytes(len(cohort.rows)), for_print=True))
    write_atomically(page, _report(cohort, odd, links, sections, for_print=True))


def slide_bytes(slides: int) -> int:
    """Return how many bytes of a single file the pictures and outlines of each slide may take."""
    return min(round(MOST_BYTES * _OF_PICTURES / max(min(slides, 100), 1)), _MOST_A_SLIDE)


def _report(
    cohort: Cohort,
    odd: dict[str, list[Reason]],
    links: dict[str, str],
    sections: Iterator[bytes] | Sequence[bytes],
    for_print: bool = False,
) -> Iterator[bytes]:
    names = {str(row["slide_id"]): shown(str(row["slide"])) for row in cohort.rows}
    columns = heads()
    counts = Counter(str(row["status"]) for row in cohort.rows)
    yield _render(
        "head.html", cohort=cohort, title=f"Microvessel density of {len(names)} slides", **_inline()
    )
    yield _render(
        "cohort.html",
        cohort=cohort,
        for_print=for_print,
        counts={"total": len(names)} | {status: counts[status] for status in ("ok", "empty", "failed")},
        odd=odd,
        names=names,
        links=links,
        plot=strip(cohort.rows, names, odd),
        heads=columns,
        table=[Line(str(row["slide_id"]), cells(row, columns)) for row in cohort.rows],
    )
    yield from sections
    yield b"</div>\n"
    if for_print:  # pages of settings would come before the first slide
        yield _render("settings.html", cohort=cohort)
    yield b"</main>\n" + _render("foot.html", cohort=cohort, **_inline())


def _sections(cohort: Cohort, odd: dict[str, list[Reason]], room: Room) -> Iterator[bytes]:
    def make(row: Row) -> bytes:
        content = section(cohort, row, odd.get(str(row["slide_id"]), []), room)
        return _render("slide.html", base=f"slides/{row['slide_id']}/", level=2, **content)

    return _in_order([partial(make, row) for row in cohort.rows])


def _pages(cohort: Cohort, odd: dict[str, list[Reason]]) -> Iterator[bytes]:
    near = [None, *(Neighbour(str(row["slide_id"]), shown(str(row["slide"]))) for row in cohort.rows), None]

    def make(number: int, row: Row) -> bytes:
        content = section(cohort, row, odd.get(str(row["slide_id"]), []), Room(_MOST_A_PAGE))
        parts = [
            _render("head.html", cohort=cohort, title=f"{content['name']}: microvessel density", **_inline()),
            _render("page.html", before=near[number], after=near[number + 2]),
            _render("slide.html", base=f"../slides/{row['slide_id']}/", level=1, **content),
            b"</div>\n",
            _render("settings.html", cohort=cohort),
            b"</main>\n",
            _render("foot.html", cohort=cohort, **_inline()),
        ]
        return b"".join(parts)

    return _in_order([partial(make, number, row) for number, row in enumerate(cohort.rows)])


def _in_order(makers: Sequence[Callable[[], bytes]]) -> Iterator[bytes]:
    """Make all in threads and yield them in their order, only a few ahead: a report may be larger than the memory."""
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[bytes]] = deque()
        for make in makers:
            waiting.append(pool.submit(make))
            if len(waiting) >= threads * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _render(template: str, **content: Any) -> bytes:
    return _templates().get_template(template).render(**content).encode("utf-8", "backslashreplace")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("mvd.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"shown": shown, "bar_um": lambda half_um: bar_length_um(float(half_um) / 2)}
    return environment


@cache
def _inline() -> dict[str, Markup]:
    """Return the style and the script with their hashes: the page allows these two and no others."""
    folder = files("mvd.report") / "templates"
    css = (folder / "report.css").read_text(encoding="utf-8")
    js = "".join((folder / name).read_text(encoding="utf-8") for name in ("table.js", "viewer.js"))
    return {"css": Markup(css), "js": Markup(js), "css_hash": _hash(css), "js_hash": _hash(js)}


def _hash(text: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(f"sha256-{digest}")
