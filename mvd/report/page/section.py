"""A slide's folder and row -> all that its section of the report says and shows, as a mapping for the template.

Reads the slide's tables and pictures. What is missing or damaged is said in the section; it stops nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mvd.errors import UnreadableSlide
from mvd.report.page.by_hand import by_hand
from mvd.report.page.cells import chance, hotspot_words, numbers, short, shown
from mvd.report.page.folder import Cohort, Row, StoredSlide, read_stored
from mvd.report.page.histogram import Histogram, histogram, nearest_um
from mvd.report.page.look import Reason
from mvd.report.page.scene import Scene, draw
from mvd.report.page.small import Room, Small, shrink
from mvd.result import HOTSPOT_COLUMNS, SUMMARY_COLUMNS

_MAP_SHARE = 0.07
_CHALKLEY_SHARE = 0.08
_LONGEST_PX = 1000
_LINKED = ("overview.png", "vessels.csv", "hotspots.csv", "vessels.geojson", "slide.json")
_OF_REGIONS = ("tissue_area_mm2", "vessels", "mvd_tissue_per_mm2", "hotspot_max_per_mm2", "chalkley_mean3")
_COLUMNS = {column.name: column for column in SUMMARY_COLUMNS}
_OF_SPOTS = {column.name: column for column in HOTSPOT_COLUMNS}


class Map(NamedTuple):
    """A stored picture made small, and what it shows."""

    small: Small
    words: str
    file: str


class Headline(NamedTuple):
    """A number in large letters, and a line below it."""

    label: str
    words: str
    unit: str
    more: str


def section(cohort: Cohort, row: Row, reasons: Sequence[Reason], room: Room) -> dict[str, Any]:
    """Return what the template ``slide.html`` takes, links excepted.

    Parameters
    ----------
    cohort : Cohort
    row : mapping
        The slide's row of summary.csv.
    reasons : sequence of Reason
        Why it needs a look.
    room : Room
        That the section's pictures and outlines may take.
    """
    key = str(row["slide_id"])
    content: dict[str, Any] = {"key": key, "name": shown(str(row["slide"])), "reasons": reasons}
    content |= dict.fromkeys(("missing", "scene", "overview_words", "field_words"), "")
    content |= {
        name: []
        for name in (
            *("headline", "spots", "hotspot_files", "maps", "histograms", "numbers", "regions"),
            "by_hand",
        )
    }
    content |= {"facts": [], "files": []}
    if row["status"] == "failed":
        return content
    content |= {"headline": list(_headline(row)), "numbers": numbers(row)}
    if key not in cohort.abouts:
        return content
    content["by_hand"] = list(by_hand(row, cohort.abouts[key]))
    folder = cohort.out / "slides" / key
    content["facts"] = list(_facts(cohort, row, cohort.abouts[key]))
    linked = (*_LINKED, "corrections.json") if content["by_hand"] else _LINKED
    content["files"] = [name for name in linked if (folder / name).is_file()]
    try:
        slide = read_stored(folder, cohort.abouts[key])
        return content | _pictured(slide, row, draw(slide, room), room)
    except UnreadableSlide as error:
        return content | {"missing": str(error)}


def _pictured(slide: StoredSlide, row: Row, scene: Scene, room: Room) -> dict[str, Any]:
    pictured = [spot for spot in scene.fields if spot.picture]
    files = [f"hotspot_{spot.rank:02d}.png" for spot in pictured]
    spots = [_spot_words(spot.row) for spot in pictured]
    density, area = (short(row[name], _COLUMNS[name]) for name in ("mvd_tissue_per_mm2", "tissue_area_mm2"))
    return {
        "scene": scene,
        "overview_words": f"Overview: {row['vessels']} vessels in {area} mm² of tissue, {density} per mm²",
        "field_words": f"{row['hotspot_field_mm2']:g} mm²" if scene.fields else "",
        "spots": spots,
        "hotspot_files": [name if (slide.folder / name).is_file() else "" for name in files],
        "maps": list(_maps(slide, row, room)),
        "histograms": list(_histograms(slide)),
        "regions": list(_regions(slide)),
    }


def _headline(row: Row) -> Iterator[Headline]:
    def cell(name: str) -> str:
        return short(row[name], _COLUMNS[name])

    low, high = cell("mvd_low_per_mm2"), cell("mvd_high_per_mm2")
    interval = f"{low} to {high} if threshold, stain or pixel size are a little off"
    yield Headline("MVD", cell("mvd_tissue_per_mm2"), "per mm² of tissue", interval)
    p = f", {chance(row['hotspot_p'], _COLUMNS['hotspot_p'])}" if row["hotspot_p"] is not None else ""
    more = f"{cell('hotspot_max_vessels')} vessels in {row['hotspot_field_mm2']:g} mm²{p}"
    yield Headline("Hot spot", cell("hotspot_max_per_mm2"), "per mm²", more)
    yield Headline("Chalkley", cell("chalkley_mean3"), "", "mean of 3 hot spots of 0.196 mm²")
    yield Headline("Vessels", cell("vessels"), "counted", f"of {cell('candidates')} stained profiles")
    yield Headline("Tissue", cell("tissue_area_mm2"), "mm²", "")


def _spot_words(row: Row) -> str:
    words = hotspot_words(row)
    p = f", {chance(row['p'], _OF_SPOTS['p'])}" if row["p"] is not None else ""
    return (
        f"Hot spot {row['rank']}: {row['vessels']} vessels in {row['field_mm2']:g} mm², "
        f"{words['vessels_per_mm2']} per mm²{p}; {100 * float(row['tissue_fraction'] or 0):.0f} % of it is tissue"
    )


def _maps(slide: StoredSlide, row: Row, room: Room) -> Iterator[Map]:
    far = 100 * float(row["far_tissue_fraction"] or 0)
    wanted = [
        ("density.png", "Density of counted vessels over the tissue, vessels per mm²", _MAP_SHARE),
        (
            "distance.png",
            f"Distance to the nearest vessel: {far:.1f} % of the tissue is over 100 µm",
            _MAP_SHARE,
        ),
    ]
    counts = slide.about.get("space", {}).get("chalkley", [])
    if counts:
        hits = " and ".join(
            [", ".join(str(c["hits"]) for c in counts[:-1]), str(counts[-1]["hits"])][len(counts) < 2 :]
        )
        wanted.append(
            (
                "chalkley_01.png",
                f"Chalkley graticule: {hits} hits of 25 points; of the first, "
                "filled yellow points lie on a vessel, blue rings beside",
                _CHALKLEY_SHARE,
            )
        )
    for name, words, share in wanted:
        if name in slide.about["files"]:
            yield Map(shrink(slide.folder / name, room.share(share), _LONGEST_PX), words, name)


def _regions(slide: StoredSlide) -> Iterator[list[str]]:
    """Return name and numbers of each region, those of ``_OF_REGIONS``."""
    for row in slide.regions:
        name = row["region"].removeprefix("'")
        columns = [_COLUMNS[of] for of in _OF_REGIONS]
        values = [(int if c.kind == "int" else float)(row[c.name]) if row[c.name] else None for c in columns]
        yield [shown(name), *(short(value, column) for value, column in zip(values, columns, strict=True))]


def _histograms(slide: StoredSlide) -> Iterator[Histogram]:
    profiles = slide.profiles
    counted = profiles.counted
    lumens = profiles.lumen_area_um2[counted]
    for values, title, its_unit in (
        (profiles.area_um2[counted], "Stained area of vessels", "µm²"),
        (lumens[lumens > 0], "Lumen of vessels that have one", "µm²"),
        (nearest_um(profiles.x_um[counted], profiles.y_um[counted]), "Nearest vessel", "µm"),
    ):
        made = histogram(values, title, its_unit)
        if made:
            yield made


def _facts(cohort: Cohort, row: Row, about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    image, stain, tissue = about["image"], about["stain"], about["tissue"]
    height, width = image["shape_px"]
    yield "Slide", f"{width} × {height} px, {image['vendor']}"
    yield (
        "Pixel size",
        f"{image['mpp']:g} µm/px ({image['mpp_source']}), analysed at {row['analysis_mpp']:g} µm/px",
    )
    if image["magnification"]:
        yield "Objective", f"{image['magnification']:g}×"
    turned = f", DAB {stain['angle_deg']:.1f}° from the preset" if stain["source"] == "fitted" else ""
    yield (
        "Stain",
        f"{stain['source']}{turned}; thresholds {stain['low_od']:.3f} and {stain['high_od']:.3f} OD",
    )
    yield (
        "White point",
        f"{', '.join(f'{v:.0f}' for v in tissue['white_point'])} ({tissue['white_point_source']})",
    )
    if about.get("regions"):
        names = ", ".join(shown(name) for name in about["regions"]["names"])
        yield "Regions", f"{shown(about['regions']['file'])}: {names}"
    own = "" if row["settings_fingerprint"] == cohort.fingerprint else f"; its own: {_own(cohort, about)}"
    yield "Settings", f"{row['settings_fingerprint']}{own}"
    yield "Measured by", f"mvd {row['mvd_version']}"


def _own(cohort: Cohort, about: Mapping[str, Any]) -> str:
    changed = [
        f"{part}.{name} = {value}"
        for part, values in about["settings"].items()
        for name, value in values.items()
        if cohort.settings.get(part, {}).get(name) != value
    ]
    return ", ".join(changed) or "of another version"
