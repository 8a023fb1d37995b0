"""The sections of the settings: every parameter with its default, its range and its unit, and what must fit together.

A new parameter is one line here; flags, TOML and the documentation are made from it.
"""

from math import acos, degrees, hypot
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
)

from mvd.pinned import pinned, without_folder

LEAST_ANGLE_DEG = 10.0
"""Two stains nearer to each other than this cannot be told apart."""

# A TOML array is a list: it is taken for a tuple, but a text in it never for a number.
Number = Annotated[float, Field(strict=True)]
Channel = Annotated[int, Field(ge=1, le=255, strict=True)]
Vector = Annotated[tuple[Number, Number, Number], Field(strict=False)]
Colour = Annotated[tuple[Channel, Channel, Channel], Field(strict=False)]
PinnedFile = Annotated[
    str, AfterValidator(pinned), PlainSerializer(without_folder, when_used="json-unless-none")
]


class Section(BaseModel):
    """Base of the sections: frozen; a misspelt key is an error, and so is a text where a number belongs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class SlideSettings(Section):
    """The pixels that are analysed."""

    mpp: float | None = Field(
        None, ge=0.05, le=5, description="Pixel size of level 0, um/px; overrides the file's own"
    )
    analysis_mpp: float = Field(
        0.5, ge=0.1, le=1, description="Pixel size to analyse at, um/px; coarser finds fewer vessels"
    )
    allow_coarse: bool = Field(False, description="Analyse slides coarser than 1 um/px all the same")
    icc: Literal["ignore", "srgb"] = Field(
        "ignore", description="srgb: convert to sRGB by the ICC profile that the file embeds, if any"
    )


class TissueSettings(Section):
    """What counts as tissue: the denominator of the density."""

    overview_mpp: float = Field(
        8.0, ge=1, le=32, description="Pixel size of the overview the tissue is found in, um/px"
    )
    min_od: float = Field(
        0.02, ge=0.005, le=0.5, description="Least optical density above background that is tissue, OD"
    )
    close_um: float = Field(
        15.0, ge=0, le=200, description="Half the widest gap between cells that belongs to the tissue, um"
    )
    min_area_mm2: float = Field(0.0002, ge=0, description="Smaller islands of tissue are dust, mm2")
    max_hole_mm2: float = Field(
        0.01, ge=0, description="Smaller holes (lumens, clefts) belong to the tissue, mm2"
    )


class StainSettings(Section):
    """How hematoxylin and DAB are told apart."""

    method: Literal["auto", "preset"] = Field(
        "auto", description="auto: fit the vectors to the slide, near the preset only"
    )
    hematoxylin: Vector = Field(
        (0.651, 0.701, 0.290), description="Preset hematoxylin direction, OD of R G B (QuPath H-DAB)"
    )
    dab: Vector = Field(
        (0.269, 0.568, 0.778),
        validate_default=True,
        description="Preset DAB direction, OD of R G B (QuPath H-DAB)",
    )
    max_angle_deg: float = Field(
        12.0, ge=0, le=45, description="A fitted vector farther from its preset is not believed, degrees"
    )
    white_point: Colour | None = Field(
        None, description="Background colour R G B, 1-255; measured when not given"
    )

    @field_validator("hematoxylin", "dab")
    @classmethod
    def _a_direction(cls, vector: Vector) -> Vector:
        if min(vector) < 0 or max(vector) <= 0:
            raise ValueError("a stain vector has no negative part and is not zero")
        return vector

    @field_validator("dab")
    @classmethod
    def _another_direction(cls, vector: Vector, info: ValidationInfo) -> Vector:
        other = info.data.get("hematoxylin")
        if other and _angle_deg(vector, other) < LEAST_ANGLE_DEG:
            raise ValueError(
                f"the directions of DAB and hematoxylin {other} must be {LEAST_ANGLE_DEG:g} degrees apart"
            )
        return vector


class VesselSettings(Section):
    """What one vessel is."""

    method: Literal["threshold", "classifier"] = Field(
        "threshold", description="How wall is told from the rest: by DAB alone, or by a trained classifier"
    )
    classifier: PinnedFile | None = Field(
        None, description="The file that `mvd train` wrote, for method classifier; known by its content"
    )
    wall_probability: float = Field(
        0.7, gt=0, le=1, description="The classifier's wall has at least this probability, within its edge"
    )
    skirt_probability: float = Field(
        0.5,
        gt=0,
        le=1,
        validate_default=True,
        description="What it gives at least this probability holds a vessel together",
    )
    blur_um: float = Field(0.5, ge=0, le=5, description="Sigma of the noise filter, um")
    min_low_od: float = Field(
        0.08, ge=0.01, le=2, description="Outline threshold, at least so far above the background DAB, OD"
    )
    min_high_od: float = Field(
        0.15,
        ge=0.01,
        le=2,
        validate_default=True,
        description="A vessel reaches this far above the background DAB somewhere, OD",
    )
    low_spreads: float = Field(
        2.0, ge=0, le=50, description="Outline threshold, in spreads of the background DAB above it"
    )
    high_spreads: float = Field(
        4.0, ge=0, le=50, description="High threshold, in spreads of the background DAB above it"
    )
    edge_part: float = Field(
        0.5, ge=0, le=1, description="A wall's edge lies at this part of the strongest DAB nearby"
    )
    edge_most_od: float = Field(
        0.30, ge=0, le=2, description="So far above the background DAB it is wall in any case, OD"
    )
    edge_reach_um: float = Field(
        2.0, ge=0, le=10, description="How far away the strongest DAB nearby is looked for, um"
    )
    close_um: float = Field(1.0, ge=0, le=5, description="Gaps in a wall closed before labelling, um")
    join_gap_um: float = Field(
        6.0, ge=0, le=30, description="Widest gap across which arcs of one broken ring are joined, um"
    )
    open_lumen_gap_um: float = Field(
        10.0, ge=0, le=30, description="Widest gap of a wall across which its lumen is filled, um"
    )
    own_lumen_um2: float = Field(
        8.0, ge=0, description="Least lumen that makes a part a vessel of its own, um2"
    )
    residual_weight: float = Field(
        3.0, ge=0, description="A residual colour weighs so much more than hematoxylin in what is foreign"
    )
    max_foreign_part: float = Field(
        0.8, ge=0, description="More hematoxylin and weighed residual than this part of the DAB is pigment"
    )
    own_colour_part: float = Field(
        0.05,
        ge=0,
        description="A residual up to this part of the DAB is never off the colour of the slide's own vessels",
    )
    min_area_um2: float = Field(
        20.0, ge=0, description="Smaller vessels (lumen included) are not counted, um2"
    )
    max_wall_um: float = Field(
        15.0, gt=0, description="Vessels (and brown masses) with a thicker stained wall are not counted, um"
    )
    max_lumen_width_um: float = Field(
        50.0, gt=0, description="Vessels with a wider lumen (about 8 red cells) are not counted, um"
    )
    cut_by_edge: Literal["centroid", "leave_out", "two_sides"] = Field(
        "centroid",
        description="Vessels that the slide's or a region's edge cuts: by centroid, none, or not if cut right or below",
    )

    @field_validator("skirt_probability")
    @classmethod
    def _not_above_the_wall(cls, skirt: float, info: ValidationInfo) -> float:
        wall = info.data.get("wall_probability", skirt)
        if skirt > wall:
            raise ValueError(f"must not be above vessel.wall_probability, which is {wall:g}")
        return skirt

    @field_validator("min_high_od")
    @classmethod
    def _not_below_the_outline(cls, high: float, info: ValidationInfo) -> float:
        low = info.data.get("min_low_od", high)
        if high < low:
            raise ValueError(f"must not be below vessel.min_low_od, which is {low:g}")
        return high


class RegionSettings(Section):
    """What is measured beside the regions that were drawn; each class for itself in any case."""

    margin_um: float = Field(
        0.0,
        ge=0,
        le=5000,
        description="Invasive margin: so far to both sides of the tumour's border, um; 0: none",
    )
    margin_class: str = Field(
        "Tumor", min_length=1, description="Class (or name) of the regions whose border has the margin"
    )


class HotspotSettings(Section):
    """The fields that hot spots are counted in."""

    field_mm2: float = Field(
        0.74, ge=0.001, le=100, description="Area of the field, mm2 (0.74: x200 objective)"
    )
    count: int = Field(10, ge=1, le=100, description="Disjoint hot spots to report")
    shape: Literal["circle", "square"] = Field(
        "circle", description="Shape of the field; squares are upright"
    )
    edge: Literal["allow", "inside"] = Field(
        "allow", description="inside: the whole field lies in the tissue (in the regions, if any)"
    )
    ladder: bool = Field(
        True, description="Also the other field areas in use: 0.74, 0.61, 0.35, 0.196, 0.19, 0.15 mm2"
    )
    nulls: int = Field(
        199, ge=0, le=9999, description="Random patterns that hot spots are compared with; 0: no p-values"
    )
    ladder_nulls: bool = Field(
        False,
        description="A p-value for the hot spots of every field area, not of field_mm2 alone: 5 times the time",
    )
    seed: int = Field(1, ge=0, description="Seed of the random patterns and of the systematic fields")


class SpatialSettings(Section):
    """Where vessels lie in the tissue."""

    bandwidth_um: float = Field(
        150.0, ge=20, le=2000, description="Sigma of the Gaussian kernel of the density map, um"
    )
    ripley_max_um: float = Field(250.0, ge=20, le=1000, description="Largest distance of Ripley's L, um")
    sample_fields: int = Field(
        100, ge=1, le=10000, description="Systematic random fields to lay on the tissue, about"
    )
    sample_field_mm2: float = Field(
        0.15, ge=0.001, le=10, description="Area of one systematic field, a square, mm2"
    )


class ReportSettings(Section):
    """The pictures."""

    overview_px: int = Field(2000, ge=200, le=10000, description="Longest side of overview.png, px")
    hotspot_pictures: int = Field(3, ge=0, le=100, description="Hot spots shown as a picture")
    density_tiff: bool = Field(
        False, description="Write the density map also as density.ome.tif, vessels per mm2"
    )
    labels: bool = Field(
        False, description="Write the vessels also as labels.ome.tif, each pixel of a wall with its vessel_id"
    )
    hotspot_px: int = Field(1400, ge=200, le=6000, description="Side of a hot-spot picture, px")


def _angle_deg(first: Vector, second: Vector) -> float:
    """Angle between two directions, degrees."""
    cosine = sum(a * b for a, b in zip(first, second, strict=True)) / (hypot(*first) * hypot(*second))
    return degrees(acos(min(cosine, 1.0)))
