"""What an earlier run left of a slide -> whether it still holds, and the slide's outcome from it.

It holds when ``slide.json`` names the SHA-256 of every other file of the folder, and the slide's content, its regions,
the version of mvd and the settings are those of now. Nothing here reads a slide but for its hash.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mvd import __version__
from mvd.batch.content import file_sha256, remembered_sha256
from mvd.report.stored import rows_of_csv, stored_summary
from mvd.result import HOTSPOT_COLUMNS, REGION_COLUMNS, Cell
from mvd.settings import Settings, is_rule

Changes = dict[str, dict[str, Any]]
_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Earlier:
    """A slide's folder that is whole and of this version of mvd.

    Attributes
    ----------
    folder : Path
        ``slides/<slide_id>``.
    about : mapping
        Content of its ``slide.json``.
    """

    folder: Path
    about: Mapping[str, Any]

    def is_of(self, slide_sha256: str, region: Path | None) -> bool:
        """Whether it was made from a slide of this content, within the regions of this file."""
        drawn = self.about["regions"]
        try:
            same_regions = (drawn["sha256"] if drawn else "") == (file_sha256(region) if region else "")
        except OSError:
            return False
        return bool(slide_sha256) and self.about["sha256"] == slide_sha256 and same_regions

    def changes(self, settings: Settings) -> Changes | None:
        """Return which settings are others now: none, only rules of counting, or None where the slide is needed."""
        if self.about["settings_fingerprint"] == settings.fingerprint:
            return {}
        before, changed = self.about["settings"], Changes()
        for section, values in settings.model_dump(mode="json").items():
            for name, value in values.items():
                if name not in before.get(section, {}) or before[section][name] != value:
                    if not is_rule(section, name):
                        return None
                    changed.setdefault(section, {})[name] = value
        return changed

    def rows(self) -> tuple[dict[str, Cell], tuple[dict[str, Cell], ...], tuple[dict[str, Cell], ...]]:
        """Return its rows of summary.csv, hotspots.csv and regions.csv."""
        hotspots = rows_of_csv((self.folder / "hotspots.csv").read_bytes(), HOTSPOT_COLUMNS)
        regions = []
        if self.about["regions"]:
            regions = rows_of_csv((self.folder / "regions.csv").read_bytes(), REGION_COLUMNS)
        return stored_summary(self.about), tuple(hotspots), tuple(regions)


def earlier_result(folder: Path) -> Earlier | None:
    """Return what an earlier run left in a slide's folder; None if anything of it is missing, altered or older."""
    try:
        about = json.loads((folder / "slide.json").read_bytes())
        whole = all(file_sha256(folder / name) == sha256 for name, sha256 in about["files"].items())
        earlier = Earlier(folder, about)
        if not whole or about["mvd_version"] != __version__ or not about["sha256"]:
            return None
        earlier.rows()
    except _BROKEN:
        return None
    return earlier


def seems_to_hold(folder: Path, slide: Path, memory: Path | None, settings: Settings) -> bool:
    """Whether the slide will not have to be read, by what is quick to look at: ``slide.json`` and the kept hash."""
    sha256 = remembered_sha256(slide, memory)
    try:
        about = json.loads((folder / "slide.json").read_bytes())
        same = sha256 and about["sha256"] == sha256 and about["mvd_version"] == __version__
        return bool(same) and Earlier(folder, about).changes(settings) is not None
    except _BROKEN:
        return False
