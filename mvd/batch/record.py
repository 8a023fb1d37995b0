"""run.json: what was run with which settings and versions, and what became of each slide. No absolute paths."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mvd import __version__
from mvd.batch.one import SlideOutcome
from mvd.settings import Settings

SETTINGS_NAME = "settings.toml"
LIBRARIES = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "scikit-image",
    "tifffile",
    "imagecodecs",
    "simplejpeg",
    "numba",
    "pandas",
    "shapely",
    "pydantic",
)


def now_utc() -> str:
    """Return the time as it is written into run.json: ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_record(
    settings: Settings,
    command: Sequence[str],
    state: str,
    outcomes: Sequence[SlideOutcome],
    times: tuple[str, str | None],
) -> dict[str, Any]:
    """Return the content of run.json.

    Parameters
    ----------
    settings : Settings
        Of the run; a slide of ``--mpp-table`` has its own fingerprint in summary.csv.
    command : sequence of str
        The command line; paths are reduced to names.
    state : str
        ``running``, ``finished``, ``interrupted``, ``terminated`` or ``disk_full``.
    outcomes : sequence of SlideOutcome
        In the order of the slides.
    times : (str, str or None)
        When the run began, and when it ended, of ``now_utc``; None while it is running.
    """
    return {
        "state": state,
        "started": times[0],
        "ended": times[1],
        "mvd_version": __version__,
        "command": [without_folders(word) for word in command],
        "settings_fingerprint": settings.fingerprint,
        "settings": settings.model_dump(mode="json"),
        "settings_toml": settings.to_toml(),
        "python": platform.python_version(),
        "libraries": library_versions(),
        "slides": [
            {
                "slide_id": outcome.slide_id,
                "slide": outcome.name,
                "status": outcome.status,
                "error": outcome.error,
                "message": outcome.message,
                "sha256": outcome.sha256,
                "region_file": outcome.region_file,
                "region_sha256": outcome.region_sha256,
                "resumed": outcome.resumed,
                "seconds": round(outcome.seconds, 3),
            }
            for outcome in outcomes
        ],
    }


def settings_file(settings: Settings) -> bytes:
    """Return the content of settings.toml: all settings, and how to run with them again."""
    top = (
        f"# The settings of this folder (mvd {__version__}, fingerprint {settings.fingerprint}). The same slides give\n"
        f"# the same tables again with: mvd run SLIDES --config {SETTINGS_NAME} --out DIR\n\n"
    )
    return (top + settings.to_toml()).encode()


def library_versions() -> dict[str, str]:
    """Return the installed versions of the libraries that decide a result."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def without_folders(word: str) -> str:
    """Return a word of a command line with the folders of a path in it removed: ``--out=/a/b`` is ``--out=b``."""
    word = word.encode("utf-8", "backslashreplace").decode()  # a name that is no UTF-8, as in every table
    flag, equals, path = word.partition("=") if word.startswith("--") else ("", "", word)
    for separator in {os.sep, os.altsep or os.sep, "/"}:
        path = path.rstrip(separator).rpartition(separator)[2]
    return f"{flag}{equals}{path}"
