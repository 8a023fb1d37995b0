"""The one settings model: what to measure, never how (tile size, workers and jobs are arguments).

``sections.py`` has every parameter, ``model.py`` puts them together with a fingerprint, ``toml.py`` reads and writes
them, ``explain.py`` says what is wrong. The CLI's flags and the plugin's form are made from the fields.
"""

from mvd.settings.explain import meaning
from mvd.settings.model import Settings, is_rule, rules_of
from mvd.settings.sections import (
    HotspotSettings,
    RegionSettings,
    ReportSettings,
    SlideSettings,
    SpatialSettings,
    StainSettings,
    TissueSettings,
    VesselSettings,
)
from mvd.settings.toml import read_toml

__all__ = [
    "HotspotSettings",
    "RegionSettings",
    "ReportSettings",
    "Settings",
    "SlideSettings",
    "SpatialSettings",
    "StainSettings",
    "TissueSettings",
    "VesselSettings",
    "is_rule",
    "meaning",
    "read_toml",
    "rules_of",
]
