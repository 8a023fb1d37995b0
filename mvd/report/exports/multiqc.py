"""Rows of summary.csv -> what MultiQC puts into its report: ``mvd_mqc.tsv`` and ``mvd_density_mqc.png``.

MultiQC takes both up by their names when it is run on a folder with a result in it. It shows names as HTML, so that
marks of mark-up are written as signs that look alike and mean nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from mvd.report.canvas import DARK, Canvas, Colour
from mvd.report.page.cells import LABELS, shown
from mvd.report.page.cells import unit as unit_of
from mvd.report.page.folder import Row
from mvd.report.page.look import Reason
from mvd.report.page.strip import WIDTH, Dot, Strip, strip
from mvd.report.table import FORMULA_STARTS, format_column
from mvd.result import SUMMARY_COLUMNS, Column

SHOWN = (
    "status",
    "tissue_area_mm2",
    "vessels",
    "mvd_tissue_per_mm2",
    "mvd_low_per_mm2",
    "mvd_high_per_mm2",
    "hotspot_max_per_mm2",
    "hotspot_mean3_per_mm2",
    "hotspot_p",
    "chalkley_mean3",
    "vessel_area_fraction",
)
"""Columns that MultiQC shows; all are in summary.csv."""

SLIDE: Colour = (0, 114, 178)
LOOK: Colour = (213, 94, 0)
_PALE: Colour = (130, 130, 130)
_SCALE = 1.6  # px for each unit of the plot
_TOP_PX = 70  # for the heading and the legend
_CAP_PX = 14.0
_LOOK_ALIKE = str.maketrans({"<": "‹", "&": "＆", '"': "”", "`": "‘"})

Odd = Mapping[str, Sequence[Reason]]


def multiqc_table(rows: Sequence[Row], odd: Odd) -> bytes:
    """Return ``mvd_mqc.tsv``: a row per slide under a head that tells MultiQC what the columns mean.

    Parameters
    ----------
    rows : sequence of mapping
        Of summary.csv.
    odd : mapping
        Slide id -> why it needs a look.
    """
    columns = [column for name in SHOWN for column in SUMMARY_COLUMNS if column.name == name]
    lines = [*_head(columns), "\t".join(["slide", *SHOWN, "look_first"])]
    cells = [format_column([row[c.name] for row in rows], c) for c in columns]
    for row, numbers in zip(rows, zip(*cells, strict=True), strict=True):
        reasons = dict.fromkeys(reason.short for reason in odd.get(str(row["slide_id"]), ()))
        lines.append("\t".join([_inert(str(row["slide"])), *numbers, _inert(", ".join(reasons))]))
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def multiqc_picture(rows: Sequence[Row], odd: Odd) -> bytes | None:
    """Return the strip plot of the densities as PNG; None where no slide has one."""
    plot = strip(rows, {str(row["slide_id"]): "" for row in rows}, odd)
    return _Drawing(plot).png() if plot else None


class _Drawing:
    """The strip plot of the report on white, with its legend."""

    def __init__(self, plot: Strip) -> None:
        size = (round(_TOP_PX + plot.height * _SCALE), round(WIDTH * _SCALE), 3)
        self.canvas = Canvas(np.full(size, 255, np.uint8), 0.0, 0.0, 1.0)
        self.plot = plot

    def png(self) -> bytes:
        plot, foot = self.plot, self.plot.height - 38
        self._line((20, foot), (980, foot), DARK)
        for tick in plot.ticks:
            self._line((tick.at, foot), (tick.at, foot + 6), DARK)
            self._words((tick.at, foot + 9), tick.words, middle=True)
        self._words((980, foot + 22), "vessels per mm2 of tissue", end=True)
        self._line((plot.median_x, 4), (plot.median_x, foot), _PALE)
        self._words((plot.median_x + 4, 0), f"median {plot.median:.1f}")
        self._heading()
        for dot in plot.dots:
            self._line((dot.low_x, dot.y), (dot.high_x, dot.y), LOOK if dot.is_odd else SLIDE)
        for dot in plot.dots:
            self._mark(dot)
        return self.canvas.png()

    def _heading(self) -> None:
        failed = f", {self.plot.failed} failed: not shown" if self.plot.failed else ""
        words = f"Microvessel density of {len(self.plot.dots)} slides{failed}"
        self.canvas.text((20 * _SCALE, 8), words, DARK, cap_px=_CAP_PX + 2, bold=True)
        key = "circle: slide   diamond: slide that needs a look   line: threshold, stain and pixel size a little off"
        self.canvas.text((20 * _SCALE, 38), key, DARK, cap_px=_CAP_PX - 2)

    def _mark(self, dot: Dot) -> None:
        x, y = self._px((dot.x, dot.y))
        reach = round(5 * _SCALE)
        corners = np.array([(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], np.int32)
        for grown, colour in ((1, (255, 255, 255)), (0, LOOK if dot.is_odd else SLIDE)):
            if dot.is_odd:
                outward = np.sign(corners - [x, y]) * 2 * grown
                cv2.fillPoly(self.canvas.rgb, [(corners + outward).astype(np.int32)], colour, cv2.LINE_AA)
            else:
                cv2.circle(self.canvas.rgb, (x, y), reach - 1 + grown, colour, -1, cv2.LINE_AA)

    def _line(self, start: tuple[float, float], end: tuple[float, float], colour: Colour) -> None:
        cv2.line(self.canvas.rgb, self._px(start), self._px(end), colour, 2, cv2.LINE_AA)

    def _words(self, at: tuple[float, float], words: str, *, middle: bool = False, end: bool = False) -> None:
        x, y = self._px(at)
        width = self.canvas.text_width(words, _CAP_PX)
        x -= width // 2 if middle else width if end else 0
        self.canvas.text((x, y), words, DARK, cap_px=_CAP_PX)

    def _px(self, at: tuple[float, float]) -> tuple[int, int]:
        return round(at[0] * _SCALE), round(_TOP_PX + at[1] * _SCALE)


def _head(columns: Sequence[Column]) -> list[str]:
    """Return the comment lines that MultiQC reads as YAML."""
    headers: dict[str, Any] = {column.name: _header(column) for column in columns}
    headers["look_first"] = {"title": "Look first", "description": "why the slide needs a look"}
    about = {
        "id": "mvd",
        "section_name": "Microvessel density",
        "description": "Counted vessels per mm² of tissue and in the hot spots, as mvd measured them. "
        "For research only.",
        "plot_type": "table",
        "pconfig": {"id": "mvd_table", "title": "Microvessel density", "col1_header": "Slide"},
        "headers": headers,
    }
    return [f"# {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in about.items()]


def _header(column: Column) -> dict[str, Any]:
    unit = unit_of(column)
    header: dict[str, Any] = {
        "title": LABELS.get(column.name, column.name.replace("_", " ").capitalize()),
        "description": column.meaning + (f" ({unit})" if unit else ""),
    }
    if column.kind == "int":
        header |= {"format": "{:,.0f}", "min": 0}
    elif column.kind == "float":
        digits = f".{column.significant}g" if column.significant else f",.{min(column.decimals, 4)}f"
        header |= {"format": f"{{:{digits}}}", "min": 0}
    if unit:
        header["suffix"] = f" {unit}"
    return header


def _inert(text: str) -> str:
    """Return a text without tabs and line ends, that is neither mark-up nor a formula."""
    text = shown(text).translate(_LOOK_ALIKE)
    return f"'{text}" if text.startswith((*FORMULA_STARTS, "#")) else text
