"""SlideResult -> the values of its tables, by column name; how they are written is for ``table.py``."""

from collections.abc import Mapping, Sequence

from mvd.result import HOTSPOT_COLUMNS, REGION_COLUMNS, SUMMARY_COLUMNS, VESSEL_COLUMNS, Cell, SlideResult


def summary_row(result: SlideResult, slide_id: str, name: str) -> dict[str, Cell]:
    """Return the slide's row of summary.csv."""
    return _row({**result.summary, "slide_id": slide_id, "slide": name})


def failed_row(slide_id: str, name: str, error: str, fingerprint: str, version: str) -> dict[str, Cell]:
    """Return the row of summary.csv of a slide that failed: no number at all."""
    return _row(
        {
            "slide_id": slide_id,
            "slide": name,
            "status": "failed",
            "error": error,
            "settings_fingerprint": fingerprint,
            "mvd_version": version,
        }
    )


def _row(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    return {column.name: cells.get(column.name) for column in SUMMARY_COLUMNS}


def hotspot_rows(result: SlideResult, slide_id: str) -> list[dict[str, Cell]]:
    """Return the rows of hotspots.csv: those of the headline's field, best first, then the other fields."""
    names = [column.name for column in HOTSPOT_COLUMNS[1:]]
    return [
        {"slide_id": slide_id} | {name: getattr(hotspot, name) for name in names}
        for hotspot in (*result.hotspots, *(result.measures.ladder if result.measures else ()))
    ]


def region_rows(result: SlideResult, slide_id: str) -> list[dict[str, Cell]]:
    """Return the rows of regions.csv: regions as drawn, classes, margins, all together; none without regions."""
    if result.drawn is None:
        return []
    return [
        {c.name: region.summary.get(c.name) for c in REGION_COLUMNS}
        | {
            "slide_id": slide_id,
            "region": region.name,
            "kind": region.kind,
            "classification": region.classification or None,
        }
        for region in (*result.drawn.regions, *result.drawn.zones, result.drawn.whole)
    ]


def vessel_columns(
    result: SlideResult, slide_id: str, part: slice = slice(None)
) -> dict[str, Sequence[object]]:
    """Return columns of vessels.csv, of all rows or a part; ``hotspot_rank`` is None for a vessel in no hot spot."""
    table = result.vessels.table.iloc[part]
    none = [None] * len(table)  # of a column that is there only where a person corrected something
    columns: dict[str, Sequence[object]] = {
        c.name: table[c.name].tolist() if c.name in table else none for c in VESSEL_COLUMNS[1:]
    }
    columns["slide_id"] = [slide_id] * len(table)
    columns["hotspot_rank"] = [rank or None for rank in table["hotspot_rank"].tolist()]
    return columns
