"""The one settings model: what to measure, never how (tile size, workers and jobs are arguments).

``sections.py`` has every parameter, ``model.py`` puts them together with TOML and a fingerprint, ``explain.py`` says
what is wrong. The CLI's flags and the plugin's form are made from the fields.
"""

from mvd.settings.explain import meaning
from mvd.settings.model import Settings, is_rule, read_toml
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
]
