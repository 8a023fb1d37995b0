"""corrections.json and its journal: read, judged, and written so that nothing that was done is ever lost.

Each event (done, taken back, made again) is a line that is put behind ``corrections.journal`` and flushed to the disk
before anything else; it is never rewritten. corrections.json, the state after all of them, is replaced whole. Whatever
a crash leaves, the state is read back from the two.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mvd.corrections.model import Basis, Correction, Edit, Event, after
from mvd.errors import CorrectionsError
from mvd.report.atomic import write_atomically

NAME = "corrections.json"
JOURNAL = "corrections.journal"
_MOST_BYTES = 100_000_000


def read_state(folder: Path) -> Correction | None:
    """Read the corrections of a slide, with what only the journal has; None if there are none.

    Parameters
    ----------
    folder : Path
        ``slides/<slide_id>``.

    Raises
    ------
    CorrectionsError
        A file cannot be read or is damaged: it is named, with the line; nothing is changed.
    """
    path = folder / NAME
    state = _state(path) if path.exists() else None
    for number, event in _events(folder / JOURNAL):
        if state is None:
            state = Correction(basis=event.basis)
        if event.number > state.events:
            try:
                state = after(state, event)
            except ValueError as error:
                raise _damaged(folder / JOURNAL, number, str(error)) from None
    return state


def new_state(basis: Basis) -> Correction:
    """Return the state of a slide that nobody has corrected."""
    return Correction(basis=basis)


def append_event(folder: Path, event: Event, *, after_bytes: int) -> int:
    """Put an event behind the journal, flushed to the disk.

    Parameters
    ----------
    folder : Path
    event : Event
    after_bytes : int
        Length of the journal as it was read, whole lines only; what is longer was written by somebody else.

    Returns
    -------
    int
        Length of the journal now.

    Raises
    ------
    CorrectionsError
        The journal has changed since it was read, or cannot be written.
    """
    path, line = folder / JOURNAL, event.model_dump_json(exclude_none=True).encode() + b"\n"
    try:
        with path.open("ab") as stream:
            if whole_length(path) != after_bytes:
                raise CorrectionsError(
                    f"{folder.name}: was corrected elsewhere at the same time; close this and open it again"
                )
            if stream.tell() != after_bytes:  # half a line that a crash left
                stream.truncate(after_bytes)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise CorrectionsError(
            f"{folder.name}/{JOURNAL}: cannot be written ({error.strerror}); make room, or see to its rights"
        ) from None
    return after_bytes + len(line)


def write_state(folder: Path, state: Correction) -> None:
    """Replace corrections.json, whole; one correction a line.

    Raises
    ------
    CorrectionsError
        It cannot be written; the journal has everything.
    """
    head = state.model_dump(mode="json", exclude={"edits", "undone"})
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    for name, edits in (("edits", state.edits), ("undone", state.undone)):
        rows = ",\n".join(f"  {edit.model_dump_json(exclude_none=True)}" for edit in edits)
        lines.append(f' "{name}": [\n{rows}\n ]' if rows else f' "{name}": []')
    try:
        write_atomically(folder / NAME, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    except OSError as error:
        raise CorrectionsError(
            f"{folder.name}/{NAME}: cannot be written ({error.strerror}); nothing is lost, {JOURNAL} has it"
        ) from None


def shows_corrections(folder: Path, about: Mapping[str, Any]) -> bool:
    """Whether a slide's tables show the corrections that are there now; ``about`` is its slide.json.

    Raises
    ------
    CorrectionsError
        The corrections cannot be read.
    """
    state = read_state(folder)
    told = about.get("corrections") or {}
    return bool(told.get("sha256", "") == sha256_of_edits(state.edits if state else ()))


def sha256_of_edits(edits: tuple[Edit, ...]) -> str:
    """Return the SHA-256 of the corrections in force, hex; empty without any."""
    if not edits:
        return ""
    return hashlib.sha256("\n".join(edit.model_dump_json() for edit in edits).encode()).hexdigest()


def whole_length(path: Path) -> int:
    """Bytes of a journal up to the end of its last whole line; 0 without one."""
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            while end:
                start = max(end - 65536, 0)
                stream.seek(start)
                found = stream.read(end - start).rfind(b"\n")
                if found >= 0:
                    return start + found + 1
                end = start
    except FileNotFoundError:
        pass
    return 0


def _state(path: Path) -> Correction:
    content = _content(path)
    try:
        json.loads(content)
        return Correction.model_validate_json(content)
    except UnicodeDecodeError:
        raise _damaged(path, 1, "is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise _damaged(path, error.lineno, f"is no JSON ({error.msg})") from None
    except ValidationError as error:
        where, why = _first(error)
        raise _damaged(path, _line_of(content, error), f"{where}: {why}") from None


def _events(path: Path) -> Iterator[tuple[int, Event]]:
    """Yield the lines of a journal with their numbers; half a line at the end is what a crash left."""
    if not path.exists():
        return
    *lines, _ = _content(path).split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            yield number, Event.model_validate_json(line)
        except ValidationError as error:
            where, why = _first(error)
            raise _damaged(path, number, f"{where}: {why}") from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CorrectionsError(
            f"{path.parent.name}/{path.name}: cannot be read ({error.strerror}); see to its rights"
        ) from None
    if len(content) > _MOST_BYTES:
        raise _damaged(path, 1, "is far too large for corrections")
    return content


def _first(error: ValidationError) -> tuple[str, str]:
    """Where the first fault is, and what it is, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return where, " ".join(str(first["msg"]).split())


def _line_of(content: bytes, error: ValidationError) -> int:
    """The line of the correction that is wrong, which has a line of its own in a file that mvd wrote."""
    place = error.errors(include_url=False, include_input=False)[0]["loc"]
    if len(place) < 2 or not isinstance(place[1], int):
        return 1
    try:
        mark = json.dumps(json.loads(content)[place[0]][place[1]]["seq"])
    except (KeyError, TypeError, IndexError):
        return 1
    for number, line in enumerate(content.split(b"\n"), 1):
        if b'"seq":' + mark.encode() + b"," in line.replace(b" ", b""):
            return number
    return 1


def _damaged(path: Path, line: int, why: str) -> CorrectionsError:
    return CorrectionsError(
        f"{path.parent.name}/{path.name}, line {line}: {why}; mend or remove it (nothing was changed)"
    )
