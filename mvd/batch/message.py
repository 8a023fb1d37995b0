"""An error of a slide -> the words that results may hold: on one line, without the folders that the slide lies in."""

import os
import traceback
from pathlib import Path


def without_paths(message: str, path: Path, name: str) -> str:
    """Return a message on one line, without the folders that a slide lies in.

    Parameters
    ----------
    message : str
    path : Path
        The slide, or the copy of it that was read.
    name : str
        What the slide is called in results, which takes the place of its path.
    """
    for place in (path, path.absolute(), Path(os.path.realpath(path))):
        message = message.replace(str(place), name)
        if len(place.parent.parts) > 1:
            message = message.replace(f"{place.parent}{os.sep}", "")
    return " ".join(message.split())


def trace_of(error: BaseException, slide_id: str, path: Path, name: str) -> str:
    """Return where an error came from, one line a call, files by name only; ``path`` and ``name`` as above."""
    calls = traceback.extract_tb(error.__traceback__)
    lines = [f"  {Path(call.filename).name}:{call.lineno} in {call.name}" for call in calls]
    words = without_paths(str(error), path, name)
    return "\n".join([f"{slide_id}:", *lines, f"  {type(error).__name__}: {words}"])
