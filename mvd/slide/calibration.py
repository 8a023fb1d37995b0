"""What a file says about its pixel size -> one pixel size that can be believed, or a refusal.

A density goes with the square of the pixel size, so nothing is guessed: not from the objective, not from a
display resolution. PNG and JPEG densities say how to print a picture and are never used.
"""

import math
from dataclasses import dataclass

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
    "micron": 1.0,
    "microns": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
    "in": UM_PER_INCH,
    "inch": UM_PER_INCH,
}


@dataclass(frozen=True)
class Claim:
    """One place in the file that states a pixel size.

    Attributes
    ----------
    source : str
        ``aperio``, ``ome`` or ``tiff``.
    x_mpp, y_mpp : float
        Width and height of a pixel, um; not a number where the statement cannot be read.
    said : str
        The statement in the file's own words, for a message.
    """

    source: str
    x_mpp: float
    y_mpp: float
    said: str

    @property
    def mpp(self) -> float:
        """Mean of width and height, um/px."""
        return self.x_mpp if self.x_mpp == self.y_mpp else (self.x_mpp + self.y_mpp) / 2


def parse_number(text: str) -> float:
    """Read a number with a decimal point or a single decimal comma; not a number if it is neither."""
    text = text.strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return math.nan


def um_per_unit(unit: str) -> float | None:
    """Return micrometres per ``unit`` (``µm``, ``nm``, ``mm`` ...), None for one that is not a length."""
    return _UM_PER_UNIT.get(unit.strip().replace("\\u00B5", "u").replace("µ", "u").replace("μ", "u"))


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
        None where nothing is stated, or only what a display or printer is told (72 dpi and the like).
    """
    x, y = pixels_per_unit
    x, y = x or y, y or x
    if not x or not y or unit_um is None:
        return None
    dpi = x * UM_PER_INCH / unit_um
    if any(abs(dpi - display) <= 0.005 * display for display in _DISPLAY_DPI):
        return None
    return Claim("tiff", unit_um / x, unit_um / y, f"{x:.6g} x {y:.6g} px per {unit_name}")


def believed_mpp(name: str, claims: list[Claim], user_mpp: float | None) -> tuple[float | None, str]:
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
    (float or None, str)
        um/px and where it came from; ``(None, "none")`` where the file states nothing.

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
        return float(user_mpp), "user"
    for claim in claims:
        _check(name, claim)
    for other in claims[1:]:
        if _differ(claims[0].mpp, other.mpp):
            raise UnknownPixelSize(
                f"{name}: the file contradicts itself: {_named(claims[0])}, {_named(other)}; pass --mpp"
            )
    return (claims[0].mpp, claims[0].source) if claims else (None, "none")


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


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > TOLERANCE * min(a, b)
