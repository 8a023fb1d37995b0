"""What a file says about its pixel size -> one pixel size that can be believed, or a refusal.

A density goes with the square of the pixel size, so nothing is guessed: not from the objective, not from a
display resolution. PNG, JPEG and WebP densities say how to print a picture and are never used. Of a statement that
is no number a message says only that: its words may be anything, a name among them.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mvd.errors import UnknownPixelSize

MIN_MPP, MAX_MPP = 0.05, 5.0
TOLERANCE = 0.02
UM_PER_INCH, UM_PER_CM = 25_400.0, 10_000.0
_DISPLAY_DPI = (1, 72, 96, 100, 120, 144, 150, 180, 200, 240, 250, 300, 350, 360, 400, 600, 720, 1200, 2400)
_UM_PER_UNIT = {
    "pm": 1e-6,
    "Å": 1e-4,
    "nm": 1e-3,
    "um": 1.0,
    "mm": 1e3,
    "cm": UM_PER_CM,
    "m": 1e6,
    "in": UM_PER_INCH,
    "inch": UM_PER_INCH,
    "micron": 1.0,
    "microns": 1.0,
    "picometer": 1e-6,
    "angstrom": 1e-4,
    "nanometer": 1e-3,
    "micrometer": 1.0,
    "millimeter": 1e3,
    "centimeter": UM_PER_CM,
    "meter": 1e6,
}
_NOT_A_LENGTH = ("", "pixel", "reference frame")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_TAGS_OF_LEVEL_0 = ("aperio", "generic-tiff", "trestle")
"""Vendors whose TIFF tags, as OpenSlide gives them, are those of the slide; elsewhere they are the label's."""


@dataclass(frozen=True)
class Claim:
    """One place in the file that states a pixel size.

    Attributes
    ----------
    source : str
        ``aperio``, ``ome``, ``tiff``, ``openslide``, ``dicom`` or ``zarr``.
    x_mpp, y_mpp : float
        Width and height of a pixel, um; not a number where the statement cannot be read.
    said : str
        The statement, for a message.
    is_of_display : bool
        It is what a screen or printer is told (72 dpi and the like): never believed, and never a contradiction.
    """

    source: str
    x_mpp: float
    y_mpp: float
    said: str
    is_of_display: bool = False

    @property
    def mpp(self) -> float:
        """Mean of width and height, um/px."""
        return self.x_mpp if self.x_mpp == self.y_mpp else (self.x_mpp + self.y_mpp) / 2


class Believed(NamedTuple):
    """A pixel size, where it came from, and what is to be known of it.

    Attributes
    ----------
    mpp : float or None
        um/px; None where the file states nothing that can be believed.
    source : str
        As in ``SlideInfo.mpp_source``.
    notes : tuple of str
        As in ``SlideInfo.mpp_notes``.
    """

    mpp: float | None
    source: str
    notes: tuple[str, ...] = ()


def parse_number(text: str) -> float:
    """Read a number with a decimal point or a single decimal comma; not a number if it is neither.

    A comma can only be a decimal one, for no pixel is a thousand micrometres wide; two commas, or a comma and a
    point, are nothing that can be read for sure.
    """
    text = text.strip().removesuffix("\x00")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def um_per_unit(unit: str) -> float | None:
    """Return micrometres per ``unit`` (``µm``, ``nm``, ``micrometer`` ...), None for one that is no known length."""
    unit = unit.strip().replace("\\u00B5", "u").replace("µ", "u").replace("μ", "u")
    return _UM_PER_UNIT.get(unit) or _UM_PER_UNIT.get(re.sub("metre$", "meter", unit.lower()))


def from_lengths(
    source: str,
    what: str,
    lengths: tuple[str | float | None, str | float | None],
    units: tuple[str | None, str | None] = ("um", "um"),
) -> Claim | None:
    """Read a width and a height with their units: Aperio's MPP, OME-XML, OpenSlide, Zarr.

    Parameters
    ----------
    source : str
        As in ``Claim``.
    what : str
        Name of the field, for a message.
    lengths : (str or float or None, str or float or None)
        Width and height of a pixel; where one is missing, the other and its unit stand for both.
    units : (str or None, str or None)
        None where the file names none.

    Returns
    -------
    Claim or None
        None where nothing is stated, or no unit, or one that is no length (``pixel``). A number or a unit that
        cannot be read is a claim all the same, one that is refused.
    """
    stated = [(length, unit) for length, unit in zip(lengths, units, strict=True) if length is not None]
    if not stated or any(unit is None or unit.strip() in _NOT_A_LENGTH for _, unit in stated):
        return None
    mpp = [_number(length) * (um_per_unit(unit or "") or math.nan) for length, unit in stated]
    words = [_words(length, unit or "") for length, unit in stated]
    said = words[0] if len(set(words)) == 1 else " x ".join(words)
    return Claim(source, mpp[0], mpp[-1], f"{what} = {said}")


def from_openslide(properties: Mapping[str, str]) -> list[Claim]:
    """Read the properties that OpenSlide gives: its own pixel size, and TIFF tags where they are the slide's."""
    vendor = properties.get("openslide.vendor", "")
    sizes = properties.get("openslide.mpp-x"), properties.get("openslide.mpp-y")
    claims = [from_lengths("dicom" if vendor == "dicom" else "openslide", "pixel size", sizes)]
    if vendor in _TAGS_OF_LEVEL_0:
        x, y = (parse_number(properties.get(f"tiff.{axis}Resolution", "")) for axis in "XY")
        unit = properties.get("tiff.ResolutionUnit", "inch")
        pixels_per_unit = (None if math.isnan(x) else x, None if math.isnan(y) else y)
        claims.append(from_resolution(pixels_per_unit, um_per_unit(unit), unit))
    return [claim for claim in claims if claim is not None]


def _number(length: str | float) -> float:
    return parse_number(length) if isinstance(length, str) else float(length)


def _words(length: str | float, unit: str) -> str:
    if math.isnan(_number(length)):
        return "no number"
    text = length.strip()[:24] if isinstance(length, str) else f"{length:g}"
    return f"{text} {unit.strip() if um_per_unit(unit) else 'of an unknown unit'}"


def from_resolution(
    pixels_per_unit: tuple[float | None, float | None], unit_um: float | None, unit_name: str
) -> Claim | None:
    """Read TIFF resolution tags.

    Parameters
    ----------
    pixels_per_unit : (float or None, float or None)
        XResolution and YResolution; None where absent, zero over zero included.
    unit_um : float or None
        Length of the unit, um; None for no unit.
    unit_name : str
        The unit, for a message.

    Returns
    -------
    Claim or None
        None where nothing is stated.
    """
    x, y = pixels_per_unit
    x, y = x or y, y or x
    if not x or not y or unit_um is None:
        return None
    dpi = x * UM_PER_INCH / unit_um
    is_of_display = any(abs(dpi - display) <= 0.005 * display for display in _DISPLAY_DPI)
    said = f"{x:.6g} x {y:.6g} px per {unit_name}"
    return Claim("tiff", unit_um / x, unit_um / y, said, is_of_display)


def believed_mpp(name: str, claims: list[Claim], user_mpp: float | None) -> Believed:
    """Choose the pixel size of level 0.

    Parameters
    ----------
    name : str
        The slide, for a message.
    claims : list of Claim
        In order of preference.
    user_mpp : float or None
        The user's own value, um/px; wins over everything.

    Returns
    -------
    Believed
        ``(None, "none")`` where the file states nothing.

    Raises
    ------
    UnknownPixelSize
        For a value outside 0.05 to 5 um/px, pixels that are not square, or statements more than 2 % apart.
    """
    if user_mpp is not None:
        if not MIN_MPP <= user_mpp <= MAX_MPP:
            raise UnknownPixelSize(
                f"{name}: --mpp {user_mpp:g} um/px is outside {MIN_MPP} to {MAX_MPP:g}; "
                "pass --mpp in micrometres per pixel of the full resolution"
            )
        return Believed(float(user_mpp), "user", _overridden(claims, user_mpp))
    of_slide = [claim for claim in claims if not claim.is_of_display]
    for claim in of_slide:
        _check(name, claim)
    for other in of_slide[1:]:
        if _differ(of_slide[0].mpp, other.mpp):
            raise UnknownPixelSize(
                f"{name}: the file contradicts itself: {_named(of_slide[0])}, {_named(other)}; pass --mpp"
            )
    if not of_slide:
        return Believed(None, "none", tuple(_disbelieved(claim) for claim in claims))
    return Believed(of_slide[0].mpp, of_slide[0].source)


def _overridden(claims: list[Claim], user_mpp: float) -> tuple[str, ...]:
    """Say which statements of the file the user's value is not within 2 % of; nothing where it is of all."""
    others = [
        _named(claim) for claim in claims if not claim.is_of_display and not _agree(claim.mpp, user_mpp)
    ]
    if not others:
        return ()
    return (f"mpp_overridden: {user_mpp:g} um/px was given and is used, but {', '.join(others)}",)


def _disbelieved(claim: Claim) -> str:
    return f"{claim.source} says {claim.said}, which is what a screen or printer is told and no pixel size"


def _check(name: str, claim: Claim) -> None:
    if not (MIN_MPP <= claim.x_mpp <= MAX_MPP and MIN_MPP <= claim.y_mpp <= MAX_MPP):
        raise UnknownPixelSize(
            f"{name}: {_named(claim)} cannot be a pixel size ({MIN_MPP} to {MAX_MPP:g} um is); pass --mpp"
        )
    if _differ(claim.x_mpp, claim.y_mpp):
        raise UnknownPixelSize(
            f"{name}: pixels are not square: {_named(claim)}; resample the slide or pass --mpp"
        )


def _named(claim: Claim) -> str:
    if math.isnan(claim.x_mpp) or math.isnan(claim.y_mpp):
        return f"{claim.source} says {claim.said}"
    return f"{claim.source} says {claim.said} ({claim.x_mpp:.4g} x {claim.y_mpp:.4g} um/px)"


def _agree(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * min(a, b)  # never of what is no number


def _differ(a: float, b: float) -> bool:
    return not _agree(a, b)
