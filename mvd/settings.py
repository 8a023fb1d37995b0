"""The one settings model: what to measure, never how (tile size, workers and jobs are arguments).

Input: defaults < a TOML file < flags. Output: a frozen ``Settings``, its TOML and its fingerprint. The CLI's flags
and the plugin's form are made from these fields, so a new parameter is one line here.
"""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
)

from mvd.errors import SettingsError
from mvd.pinned import pinned, sha256_of, without_folder

Vector = tuple[float, float, float]
Channel = Annotated[int, Field(ge=1, le=255)]
PinnedFile = Annotated[
    str, AfterValidator(pinned), PlainSerializer(without_folder, when_used="json-unless-none")
]


class Section(BaseModel):
    """Base of the sections: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
    dab: Vector = Field((0.269, 0.568, 0.778), description="Preset DAB direction, OD of R G B (QuPath H-DAB)")
    max_angle_deg: float = Field(
        12.0, ge=0, le=45, description="A fitted vector farther from its preset is not believed, degrees"
    )
    white_point: tuple[Channel, Channel, Channel] | None = Field(
        None, description="Background colour R G B, 1-255; measured when not given"
    )

    @field_validator("hematoxylin", "dab")
    @classmethod
    def _a_direction(cls, vector: Vector) -> Vector:
        if min(vector) < 0 or max(vector) <= 0:
            raise ValueError("a stain vector has no negative part and is not zero")
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
        0.5, gt=0, le=1, description="What the classifier gives at least so much is wall"
    )
    skirt_probability: float = Field(
        0.25, gt=0, le=1, description="What it gives at least so much holds a vessel together, but is no wall"
    )
    blur_um: float = Field(0.5, ge=0, le=5, description="Sigma of the noise filter, um")
    min_low_od: float = Field(
        0.08, ge=0.01, le=2, description="Outline threshold, at least so far above the background DAB, OD"
    )
    min_high_od: float = Field(
        0.15, ge=0.01, le=2, description="A vessel reaches this far above the background DAB somewhere, OD"
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
    own_lumen_um2: float = Field(
        8.0, ge=0, description="Least lumen that makes a part a vessel of its own, um2"
    )
    residual_weight: float = Field(
        3.0, ge=0, description="A residual colour weighs so much more than hematoxylin in what is foreign"
    )
    max_foreign_part: float = Field(
        0.8, ge=0, description="More hematoxylin and weighed residual than this part of the DAB is pigment"
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


class HotspotSettings(Section):
    """The fields that hot spots are counted in."""

    field_mm2: float = Field(
        0.74, gt=0, le=100, description="Area of the circular field, mm2 (0.74: x200 objective)"
    )
    count: int = Field(10, ge=1, le=100, description="Disjoint hot spots to report")
    nulls: int = Field(
        199, ge=0, le=9999, description="Random patterns that hot spots are compared with; 0: no p-values"
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
        0.15, gt=0, le=10, description="Area of one systematic field, a square, mm2"
    )


class ReportSettings(Section):
    """The pictures."""

    overview_px: int = Field(2000, ge=200, le=10000, description="Longest side of overview.png, px")
    hotspot_pictures: int = Field(3, ge=0, le=100, description="Hot spots shown as a picture")
    hotspot_px: int = Field(1400, ge=200, le=6000, description="Side of a hot-spot picture, px")


class Settings(Section):
    """Everything that decides a result, in sections."""

    slide: SlideSettings = SlideSettings()
    tissue: TissueSettings = TissueSettings()
    stain: StainSettings = StainSettings()
    vessel: VesselSettings = VesselSettings()
    hotspot: HotspotSettings = HotspotSettings()
    spatial: SpatialSettings = SpatialSettings()
    report: ReportSettings = ReportSettings()

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical JSON of all settings."""
        values = self.model_dump(mode="json")
        if self.vessel.classifier:  # what it is, not what its file is called
            values["vessel"]["classifier"] = sha256_of(self.vessel.classifier)
        canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], origin: str = "settings") -> "Settings":
        """Make settings from nested mappings; ``origin`` names the source in an error.

        Raises
        ------
        SettingsError
            For an unknown key (the nearest key is named), a wrong type or a value out of range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(f"{origin}: {_explain(error)}") from None

    @classmethod
    def from_toml(cls, path: Path) -> "Settings":
        """Read settings from a TOML file; what it leaves out keeps its default."""
        return cls.from_mapping(read_toml(path), str(path))

    def to_toml(self) -> str:
        """Write all settings as TOML, each with its meaning and unit as a comment."""
        import tomlkit

        document = tomlkit.document()
        for section_name, section in self:
            table = tomlkit.table()
            values = section.model_dump(mode="json")
            for name, field in type(section).model_fields.items():
                value = values[name]
                table.add(tomlkit.comment(field.description or name))
                if value is None:
                    table.add(tomlkit.comment(f"{name} = (not set)"))
                else:
                    table.add(name, value)
            document.add(section_name, table)
        return tomlkit.dumps(document)


_RULE_SECTIONS = {"hotspot", "spatial", "report"}
_VESSEL_RULES = {
    "join_gap_um",
    "own_lumen_um2",
    "residual_weight",
    "max_foreign_part",
    "min_area_um2",
    "max_wall_um",
    "max_lumen_width_um",
}


def is_rule(section: str, name: str) -> bool:
    """Whether a setting applies to what was found stained: if changed, the slide need not be read again."""
    return section in _RULE_SECTIONS or (section == "vessel" and name in _VESSEL_RULES)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file into nested dicts; a file that is missing or no TOML is a ``SettingsError``."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}; start from `mvd config show`") from None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown setting {key!r}{_nearest(first['loc'])}; `mvd config show` lists them all"
    return f"{key}: {first['msg'].lower()} (got {first['input']!r}); `mvd config show` gives unit and default"


def _nearest(location: tuple[str | int, ...]) -> str:
    """Name the nearest known key, by its own name too: it may stand in the wrong section, or in none."""
    known = {f"{s}.{name}": name for s, section in Settings() for name in type(section).model_fields}
    wanted = ".".join(str(part) for part in location)
    names = list(Settings.model_fields) if len(location) == 1 else list(known)
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    last = difflib.get_close_matches(str(location[-1]), known.values(), n=1, cutoff=0.8)
    if last and (not close or close[0].split(".")[-1] != last[0]):
        close = [key for key, name in known.items() if name == last[0]]
    return f", did you mean {close[0]!r}?" if close else ""
