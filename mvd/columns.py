"""The columns of every table with unit and meaning: the one place they are defined.

Writers, documentation and tests read them from here (or from ``mvd.result``, which has them too).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "bool", "int", "float"]
Cell = str | bool | int | float | None


@dataclass(frozen=True)
class Column:
    """One column of a table: its fixed name, its unit, what it means, and how it is written.

    A float has so many ``decimals``; or, where ``significant`` is not 0, so many significant digits.
    """

    name: str
    unit: str
    meaning: str
    kind: Kind = "float"
    decimals: int = 3
    significant: int = 0


P_DIGITS = 4
"""A p-value is small rather than nought: the Gumbel tail of a strong hot spot lies far below any fixed decimal."""

SUMMARY_COLUMNS = (
    Column("slide_id", "", "relative path as a slug plus 8 hex digits of its hash", "text"),
    Column("slide", "", "path of the slide relative to the folder that was given", "text"),
    Column("status", "", "ok, empty (tissue without vessels: MVD 0) or failed (no number at all)", "text"),
    Column("error", "", "short code of what went wrong; empty unless failed", "text"),
    Column("mpp", "um/px", "pixel size of level 0", decimals=6),
    Column("mpp_source", "", "where the pixel size came from", "text"),
    Column("analysis_mpp", "um/px", "pixel size that was analysed", decimals=6),
    Column(
        "tissue_area_mm2",
        "mm2",
        "area of tissue (in the regions, if any), with lumens and clefts",
        decimals=6,
    ),
    Column("invalid_area_fraction", "", "part of the tissue not decoded; it is in no area", decimals=6),
    Column("candidates", "", "stained profiles found, or made by hand; counted or not", "int"),
    Column("vessels", "", "counted vessels", "int"),
    Column("mvd_tissue_per_mm2", "1/mm2", "counted vessels / tissue area"),
    Column("vessel_area_fraction", "", "filled area of counted vessels / tissue area", decimals=6),
    Column("lumen_area_fraction", "", "lumen area of counted vessels / tissue area", decimals=6),
    Column("hotspot_field_mm2", "mm2", "area of the hot-spot field (hotspot.shape)"),
    Column(
        "hotspot_max_vessels", "", "most counted vessels in one field, over all centres in the plane", "int"
    ),
    Column("hotspot_max_per_mm2", "1/mm2", "that count / field area"),
    *(
        Column(
            f"hotspot_mean{n}_per_mm2", "1/mm2", f"mean of the first {n} disjoint hot spots; empty if fewer"
        )
        for n in (3, 5, 10)
    ),
    Column("hotspot_expected_max_vessels", "", "expected maximum for vessels scattered at random"),
    Column("hotspot_p", "", "chance of such a maximum for vessels scattered at random", significant=P_DIGITS),
    Column(
        "chalkley_mean3",
        "",
        "mean Chalkley count of the first 3 hot spots of 0.196 mm2; empty if there are fewer",
    ),
    Column("mean_vessel_area_um2", "um2", "mean stained area (wall, lumen excluded) of counted vessels"),
    Column("mean_perimeter_um", "um", "mean outer perimeter of counted vessels"),
    Column("mean_solidity", "", "mean filled area / convex area of counted vessels", decimals=4),
    Column(
        "nearest_neighbour_um", "um", "mean distance to the nearest counted vessel, corrected for the edge"
    ),
    Column("far_tissue_fraction", "", "part of the tissue farther than 100 um from a vessel", decimals=6),
    Column(
        "mvd_low_per_mm2",
        "1/mm2",
        "lower end of the MVD with threshold, stain vector and pixel size a little off",
    ),
    Column(
        "mvd_high_per_mm2",
        "1/mm2",
        "upper end of the MVD with threshold, stain vector and pixel size a little off",
    ),
    Column("reviewed", "", "true when a person has corrected the vessels", "bool"),
    Column("settings_fingerprint", "", "hash of all settings", "text"),
    Column("mvd_version", "", "version of mvd that made the row", "text"),
    Column("far50_tissue_fraction", "", "part of the tissue farther than 50 um from a vessel", decimals=6),
    Column("far150_tissue_fraction", "", "part of the tissue farther than 150 um from a vessel", decimals=6),
    Column(
        "clark_evans",
        "",
        "nearest neighbour / that of vessels scattered at random: < 1 clustered",
        decimals=4,
    ),
    Column(
        "ripley_p",
        "",
        "chance that vessels scattered at random leave Ripley's L as far",
        significant=P_DIGITS,
    ),
    Column("sampled_mvd_per_mm2", "1/mm2", "MVD in systematic random fields"),
    Column("sampled_mvd_ce", "", "coefficient of error of sampled_mvd_per_mm2", decimals=4),
    Column("automatic_vessels", "", "vessels before correction by hand; empty if not reviewed", "int"),
    Column(
        "automatic_mvd_tissue_per_mm2",
        "1/mm2",
        "mvd_tissue_per_mm2 before correction by hand; empty if not reviewed",
    ),
    Column(
        "automatic_hotspot_max_vessels",
        "",
        "hotspot_max_vessels before correction by hand; empty if not reviewed",
        "int",
    ),
    Column(
        "automatic_hotspot_max_per_mm2",
        "1/mm2",
        "hotspot_max_per_mm2 before correction by hand; empty if not reviewed",
    ),
    Column("automatic_chalkley_mean3", "", "chalkley_mean3 before correction by hand; empty if not reviewed"),
    Column("reader", "", "who corrected; several are parted by ;", "text"),
    Column("corrections", "", "corrections by hand that are in force; empty if not reviewed", "int"),
    Column(
        "corrections_not_applied",
        "",
        "corrections that do not fit this result: kept, and named among the warnings",
        "int",
    ),
)
BESIDE = tuple(
    column.name.removeprefix("automatic_")
    for column in SUMMARY_COLUMNS
    if column.name.startswith("automatic_")
)
"""Numbers that tables give as corrected by hand and, as ``automatic_...``, as they were."""

BY_HAND_COLUMNS = (
    Column(
        "by_hand",
        "",
        "what a person did: added, deleted, counted, not_counted, outlined, merged, split; empty if nothing",
        "text",
    ),
    Column(
        "automatic_counted",
        "",
        "counted before correction by hand; empty if made by hand, or nobody corrected",
        "bool",
    ),
    Column(
        "automatic_reason",
        "",
        "reason before correction by hand; empty if made by hand, or nobody corrected",
        "text",
    ),
)

VESSEL_COLUMNS = (
    Column("slide_id", "", "see summary.csv", "text"),
    Column("vessel_id", "", "1, 2, ... from top to bottom", "int"),
    Column("x_um", "um", "centroid of the filled vessel from the slide's left edge"),
    Column("y_um", "um", "centroid of the filled vessel from the slide's top edge"),
    Column("counted", "", "whether it is one of the vessels", "bool"),
    Column("reason", "", "why it is counted or not", "text"),
    Column("area_um2", "um2", "stained area, lumen excluded"),
    Column("lumen_area_um2", "um2", "area enclosed by the wall; a wide hole that holds tissue is none"),
    Column("filled_area_um2", "um2", "stained area + lumen"),
    Column("perimeter_um", "um", "length of the outer outline"),
    Column("major_axis_um", "um", "long axis of the ellipse of equal second moments"),
    Column("minor_axis_um", "um", "short axis of the ellipse of equal second moments"),
    Column("max_feret_um", "um", "largest distance between two points of the outline"),
    Column("lumen_width_um", "um", "diameter of the largest circle inside the lumen; 0 without one"),
    Column("wall_um", "um", "mean thickness of the stained wall: 2 x area / (outer + inner perimeter)"),
    Column("solidity", "", "filled area / convex area", decimals=4),
    Column("eccentricity", "", "of the ellipse of equal second moments: 0 circle, 1 line", decimals=4),
    Column(
        "mean_dab_od",
        "OD",
        "mean DAB of the stained area, haze taken off; not an amount of antigen",
        decimals=3,
    ),
    Column("max_dab_od", "OD", "largest (smoothed) DAB of the stained area, haze taken off", decimals=3),
    Column("parts", "", "stained parts joined into this vessel", "int"),
    Column(
        "hotspot_rank", "", "rank of the hot spot (of hotspot.field_mm2) it lies in; empty if in none", "int"
    ),
    Column("hematoxylin_od", "OD", "mean hematoxylin of the stained area"),
    Column("residual_od", "OD", "mean of what neither stain explains, of the stained area"),
    *BY_HAND_COLUMNS,
)

HOTSPOT_COLUMNS = (
    Column("slide_id", "", "see summary.csv", "text"),
    Column(
        "rank", "", "1 holds the most vessels of its field_mm2; centres are at least 2 radii apart", "int"
    ),
    Column("field_mm2", "mm2", "area of the field; hotspot.field_mm2 first, then the other areas in use"),
    Column("x_um", "um", "centre of the circle from the slide's left edge"),
    Column("y_um", "um", "centre of the circle from the slide's top edge"),
    Column("radius_um", "um", "radius of the circle, or half the side of the square"),
    Column("vessels", "", "counted vessels with their centroid in the circle", "int"),
    Column("vessels_per_mm2", "1/mm2", "vessels / field area"),
    Column("tissue_fraction", "", "part of the circle that is tissue", decimals=4),
    Column("vessels_per_mm2_tissue", "1/mm2", "vessels / tissue area inside the circle"),
    Column("chalkley", "", "Chalkley count (0.196 mm2) about the centre", "int"),
    Column(
        "p",
        "",
        "chance of such a hot spot for vessels scattered at random; of the other areas only with hotspot.ladder_nulls",
        significant=P_DIGITS,
    ),
    Column("shape", "", "circle or square", "text"),
    Column("by_hand", "", "true where a person placed it", "bool"),
    Column(
        "automatic_vessels", "", "vessels in it before correction by hand; empty if nobody corrected", "int"
    ),
)

_NOT_OF_A_REGION = {"slide", "status", "error", "mpp", "mpp_source", "analysis_mpp", "reviewed"}
_NOT_OF_A_REGION |= {"reader", "corrections", "corrections_not_applied"}
_NOT_OF_A_REGION |= {"candidates", "settings_fingerprint", "mvd_version"}

REGION_COLUMNS = (
    Column("slide_id", "", "see summary.csv", "text"),
    Column("region", "", "name of the region as drawn, in brackets what was made of regions", "text"),
    Column(
        "kind",
        "",
        "drawn; class: all of one class; margin: the band round a border, _inside, _outside; core: inside of it; all",
        "text",
    ),
    Column("classification", "", "class given in QuPath; empty without one, and of all", "text"),
    *(column for column in SUMMARY_COLUMNS[1:] if column.name not in _NOT_OF_A_REGION),
)

FAILED_COLUMNS = (
    Column("slide", "", "path of the slide relative to the folder that was given", "text"),
    Column("error", "", "short code", "text"),
    Column("what_to_do", "", "one line", "text"),
)
