"""What pydantic found wrong -> one line: the key, what is wrong with it, its meaning with the unit, and its range."""

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def explain(error: ValidationError, defaults: BaseModel) -> tuple[str, str]:
    """Return the key (``section.name``) of the first fault, and what to say of it.

    Parameters
    ----------
    error : ValidationError
    defaults : Settings
        For the keys that there are.
    """
    first = error.errors()[0]
    location = tuple(str(part) for part in first["loc"])
    key = ".".join(location[:2])
    if first["type"] == "extra_forbidden":
        nearest = _nearest(location, defaults)
        return key, f"unknown setting {'.'.join(location)!r}{nearest}; `mvd config show` lists them all"
    wrong = first["msg"].removeprefix("Value error, ")
    wrong = f"{'.'.join(location)}: {wrong[0].lower()}{wrong[1:]} (got {first['input']!r})"
    field = _fields(defaults).get(key)
    return key, f"{wrong}; {meaning(field)}" if field else f"{wrong}; `mvd config show` lists all settings"


def meaning(field: FieldInfo) -> str:
    """Return the meaning of a setting, with its unit, and the range of its values."""
    limits = limits_of(field.metadata)
    return f"{field.description}" + (f" [{limits}]" if limits else "")


def limits_of(metadata: Iterable[object]) -> str:
    """Return the limits of a setting such as ``>= 0, <= 5``; empty without."""
    found = [
        f"{sign} {getattr(limit, name):g}"
        for limit in metadata
        for name, sign in _SIGNS.items()
        if hasattr(limit, name)
    ]
    return ", ".join(found)


def _fields(defaults: BaseModel) -> dict[str, FieldInfo]:
    return {
        f"{section}.{name}": field
        for section, model in defaults
        for name, field in type(model).model_fields.items()
    }


def _nearest(location: tuple[str, ...], defaults: BaseModel) -> str:
    """Name the nearest known key, by its own name too: it may stand in the wrong section, or in none."""
    known = {key: key.partition(".")[2] for key in _fields(defaults)}
    wanted = ".".join(location)
    names = list(type(defaults).model_fields) if len(location) == 1 else list(known)
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    last = difflib.get_close_matches(location[-1], known.values(), n=1, cutoff=0.8)
    if last and (not close or close[0].split(".")[-1] != last[0]):
        close = [key for key, name in known.items() if name == last[0]]
    return f", did you mean {close[0]!r}?" if close else ""
