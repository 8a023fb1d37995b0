"""The attributes of an OME-Zarr group -> axes, levels and pixel size of its first image, or a refusal by name.

Plain dictionaries, no file. Versions 0.1 to 0.5; of names and other metadata nothing is passed on.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mvd.errors import UnreadableSlide
from mvd.slide.calibration import Claim, from_lengths
from mvd.slide.pixels import unsupported

SOURCE = "ome-zarr"
_OLD_AXES = ("t", "c", "z", "y", "x")
_COLOUR_LABEL = re.compile(r"|r|g|b|red|green|blue|rgb|(c|ch|channel)?[ _:#-]*\d+([ _:-]\d+)?", re.IGNORECASE)
_RGB = ["FF0000", "00FF00", "0000FF"]


@dataclass(frozen=True)
class Multiscale:
    """One image of several levels.

    Attributes
    ----------
    axes : tuple of str
        Names in the order of the arrays: some of ``t c z``, and ``y`` and ``x``.
    paths : tuple of str
        Arrays of the levels inside the group, finest first.
    claims : list of Claim
        What it says of its pixel size.
    """

    axes: tuple[str, ...]
    paths: tuple[str, ...]
    claims: list[Claim]


def ome_attributes(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where OME's keys stand: under ``ome`` from version 0.5 on, at the top before."""
    inner = attributes.get("ome")
    return inner if isinstance(inner, Mapping) else attributes


def refuse_collections(ome: Mapping[str, Any], name: str) -> None:
    """Refuse plates, wells and labels: which of their images is the slide cannot be guessed."""
    if "plate" in ome or "well" in ome:
        kind = "plate" if "plate" in ome else "well"
        raise UnreadableSlide(
            f"{name}: an OME-Zarr {kind} of many images; give the folder of one, such as "
            f"{name}/{'A/1/0' if kind == 'plate' else '0'}"
        )
    if "image-label" in ome or ("labels" in ome and "multiscales" not in ome):
        raise UnreadableSlide(
            f"{name}: OME-Zarr labels, not a slide; give the folder of the image they lie in"
        )


def multiscale(ome: Mapping[str, Any], name: str) -> Multiscale:
    """Read the first of ``multiscales``; ``UnreadableSlide`` where it is not as the format says.

    The first is the one that the specification has readers show unless told otherwise.
    """
    try:
        first = ome["multiscales"][0]
        axes = first.get("axes") or [{"name": axis} for axis in _OLD_AXES]
        axes = [{"name": axis} if isinstance(axis, str) else axis for axis in axes]
        names = tuple(str(axis["name"]).lower() for axis in axes)
        paths = tuple(str(level["path"]) for level in first["datasets"])
        if any(path.startswith("/") or ".." in path.split("/") for path in paths):
            raise ValueError("a level lies outside the group")
        if not paths or len(set(names)) < len(names) or not {"y", "x"} <= set(names) <= set(_OLD_AXES):
            raise ValueError("its axes or levels are none of a picture")
        claim = _claim(first, axes)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableSlide(
            f"{name}: its OME-Zarr metadata cannot be read ({type(error).__name__}); export the slide again"
        ) from error
    return Multiscale(names, paths, [claim] if claim else [])


def check_colours(ome: Mapping[str, Any], name: str) -> None:
    """Refuse three channels that are three stains: named after dyes, or coloured in another order than R, G, B."""
    omero = ome.get("omero")
    channels = omero.get("channels") if isinstance(omero, Mapping) else None
    channels = [c for c in channels if isinstance(c, Mapping)] if isinstance(channels, list) else []
    labels = [str(channel.get("label") or "").strip() for channel in channels]
    colours = [str(channel.get("color") or "").upper().lstrip("#")[:6] for channel in channels]
    named = not all(_COLOUR_LABEL.fullmatch(label) for label in labels)
    if named or (colours != _RGB and sorted(colours) == sorted(_RGB)):
        raise unsupported(name, "uint8", len(channels), "OME-Zarr of separate channels, fluorescence")


def _claim(first: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> Claim | None:
    """Read the scale of level 0 in the units of the axes; no unit is no statement."""
    scale = [1.0] * len(axes)
    stated = False
    for holder in (first["datasets"][0], first):
        for transformation in holder.get("coordinateTransformations") or ():
            if transformation.get("type") == "scale":
                stated = True
                factors = transformation.get("scale")
                if factors is None or len(factors) != len(axes):  # kept in an array of its own, or wrong
                    return None
                scale = [a * float(b) for a, b in zip(scale, factors, strict=True)]
    if not stated:
        return None
    lengths, units = {}, {}
    for axis, length in zip(axes, scale, strict=True):
        lengths[axis["name"]], units[axis["name"]] = length, axis.get("unit")
    known = [unit if unit is None else str(unit) for unit in (units["x"], units["y"])]
    if not all(math.isfinite(length) for length in lengths.values()):
        return Claim(SOURCE, math.nan, math.nan, "scale = no number")
    return from_lengths(SOURCE, "scale", (lengths["x"], lengths["y"]), (known[0], known[1]))
