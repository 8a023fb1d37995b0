"""The result folder of a slide -> the same under another name, as a run would have left it; to have many at no cost."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mvd.batch.content import file_sha256


def leave_renamed(
    made: Path,
    folder: Path,
    names: tuple[str, str],
    change: Callable[[dict[str, Any]], None] = lambda _: None,
) -> None:
    """Leave the result of a slide under another name; files that do not say the name are linked.

    Parameters
    ----------
    made, folder : Path
        ``slides/<slide_id>`` of the slide, and of that which is to be.
    names : (str, str)
        Name of the slide, and of that which is to be.
    change : callable
        Changes the content of ``slide.json``.
    """
    folder.mkdir(parents=True)
    about = json.loads(_renamed((made / "slide.json").read_bytes(), made, folder, names))
    for path in made.iterdir():
        content = b"" if path.name == "slide.json" else path.read_bytes()
        if made.name.encode() in content:
            (folder / path.name).write_bytes(_renamed(content, made, folder, names))
            about["files"][path.name] = file_sha256(folder / path.name)
        elif path.name != "slide.json":
            _link(path, folder / path.name)
    change(about)
    (folder / "slide.json").write_text(json.dumps(about))


def _renamed(content: bytes, made: Path, folder: Path, names: tuple[str, str]) -> bytes:
    content = content.replace(made.name.encode(), folder.name.encode())
    return content.replace(names[0].encode(), names[1].encode())


def _link(path: Path, there: Path) -> None:
    try:
        os.link(path, there)
    except OSError:  # another disk
        shutil.copyfile(path, there)
