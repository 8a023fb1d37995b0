"""The settings as the fields of a form: what a window needs to show each of them, made from the model itself.

Output: plain facts of each setting. A form made of them gives back only what was touched, so that an untouched one
keeps the fingerprint of the defaults.
"""

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mvd.settings.explain import limits_of
from mvd.settings.model import Settings

FieldKind = Literal["number", "whole", "yes_no", "choice", "numbers", "text"]

_ENDS = {"um2": "um2", "mm2": "mm2", "um": "um", "od": "OD", "deg": "degrees", "px": "px", "mpp": "um/px"}


@dataclass(frozen=True)
class FormField:
    """One setting.

    Attributes
    ----------
    section, name : str
        ``Settings().section.name``.
    kind : str
        ``number`` and ``whole`` are one number, ``numbers`` several, such as a colour.
    default : object
        None where it is not set.
    choices : tuple of str
        Of a ``choice``; else empty.
    low, high : float or None
        Range of a number. An end that is itself out of range is in it all the same: the model has the last word.
    unit : str
        Empty where there is none.
    meaning : str
        What it is, with its unit and its range.
    optional : bool
        Whether it may be not set.
    """

    section: str
    name: str
    kind: FieldKind
    default: Any
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    unit: str
    meaning: str
    optional: bool


def form_fields() -> tuple[FormField, ...]:
    """Return every setting, section by section, in the order of the model."""
    return tuple(
        _field(section, name, field)
        for section, model in Settings()
        for name, field in type(model).model_fields.items()
    )


def section_titles() -> dict[str, str]:
    """Return what each section is about, in a few words."""
    return {section: (type(model).__doc__ or "").splitlines()[0].rstrip(".") for section, model in Settings()}


def _field(section: str, name: str, field: FieldInfo) -> FormField:
    annotation, optional = _plain(field.annotation)
    low, high = (_limit(field, names) for names in (("ge", "gt"), ("le", "lt")))
    limits = limits_of(field.metadata)
    meaning = f"{field.description}" + (f" [{limits}]" if limits else "")
    choices = tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()
    return FormField(
        section, name, _kind(annotation), field.default, choices, low, high, _unit(name), meaning, optional
    )


def _plain(annotation: Any) -> tuple[Any, bool]:
    """The type of a value without what may stand round it, and whether it may be None."""
    optional = get_origin(annotation) in (Union, types.UnionType)
    if optional:
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation, optional


def _kind(annotation: Any) -> FieldKind:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "numbers"
    kinds: dict[Any, FieldKind] = {bool: "yes_no", int: "whole", float: "number"}
    return kinds.get(annotation, "text")


def _limit(field: FieldInfo, names: tuple[str, ...]) -> float | None:
    found = [getattr(limit, name) for limit in field.metadata for name in names if hasattr(limit, name)]
    return float(found[0]) if found else None


def _unit(name: str) -> str:
    """The unit that the end of a name says: ``min_area_um2`` is in um2."""
    return _ENDS.get(name.rpartition("_")[2], "")
