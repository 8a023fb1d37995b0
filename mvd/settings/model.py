"""Defaults < a TOML file < flags -> a frozen ``Settings``, its TOML and its fingerprint."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError

from mvd.errors import SettingsError
from mvd.pinned import sha256_of
from mvd.settings.explain import explain
from mvd.settings.sections import (
    HotspotSettings,
    RegionSettings,
    ReportSettings,
    Section,
    SlideSettings,
    SpatialSettings,
    StainSettings,
    TissueSettings,
    VesselSettings,
)
from mvd.settings.toml import read_toml, toml_of


class Settings(Section):
    """Everything that decides a result, in sections."""

    model_config = ConfigDict(strict=False)  # a section may be a mapping; what is in it is judged strictly

    slide: SlideSettings = SlideSettings()
    tissue: TissueSettings = TissueSettings()
    stain: StainSettings = StainSettings()
    vessel: VesselSettings = VesselSettings()
    region: RegionSettings = RegionSettings()
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
    def from_mapping(
        cls, values: Mapping[str, Any], origin: str = "settings", origins: Mapping[str, str] | None = None
    ) -> "Settings":
        """Make settings from nested mappings; ``origin`` names the source in an error.

        Parameters
        ----------
        values : mapping
        origin : str
        origins : mapping, optional
            ``section.name`` -> where this one value came from, if not from ``origin``.

        Raises
        ------
        SettingsError
            For an unknown key (the nearest key is named), a wrong type, a value out of range, and values that do not
            fit each other.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            key, wrong = explain(error, cls())
            raise SettingsError(f"{(origins or {}).get(key, origin)}: {wrong}") from None

    @classmethod
    def from_toml(cls, path: Path) -> "Settings":
        """Read settings from a TOML file; what it leaves out keeps its default."""
        return cls.from_mapping(read_toml(path), str(path))

    def to_toml(self) -> str:
        """Write all settings as TOML, each with its meaning and unit as a comment."""
        return toml_of(self)


_RULE_SECTIONS = {"hotspot", "spatial", "report"}
_VESSEL_RULES = {
    "join_gap_um",
    "open_lumen_gap_um",
    "own_lumen_um2",
    "residual_weight",
    "max_foreign_part",
    "own_colour_part",
    "min_area_um2",
    "max_wall_um",
    "max_lumen_width_um",
    "cut_by_edge",
}


def is_rule(section: str, name: str) -> bool:
    """Whether a setting applies to what was found stained: if changed, the slide need not be read again."""
    return section in _RULE_SECTIONS or (section == "vessel" and name in _VESSEL_RULES)


def rules_of(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the settings that apply to what was found stained, section -> name -> value."""
    values = settings.model_dump(mode="json")
    return {
        section: {name: value for name, value in given.items() if is_rule(section, name)}
        for section, given in values.items()
    }
