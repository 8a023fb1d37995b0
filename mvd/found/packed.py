"""``Found`` <-> the bytes of an .npz: plain arrays that numpy opens without running anything.

The same ``Found`` gives the same bytes. No pixel of the slide is in it, and of its path the file name only.
"""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from mvd.errors import UnreadableSlide
from mvd.found.found import Damage, Found
from mvd.haze import Haze
from mvd.region import Drawn, Laid, Region, lay_regions
from mvd.runs import KIND, ROW, START, STOP, Components
from mvd.slide.base import SlideInfo
from mvd.stain import Stain, StainMatrix
from mvd.tissue import Tissue

FOUND_NAME = "candidates.npz"
_VERSION = 1
_SUMS = ("area_px", "od_sum", "hematoxylin_sum", "residual_sum", "od_max")
_LEVELS = ("background_od", "background_hematoxylin_od", "low_od", "high_od")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # no time in the file: the same result gives the same bytes

Arrays = dict[str, NDArray[Any]]


def pack_found(found: Found) -> bytes:
    """Return the bytes of the file."""
    arrays = _component_arrays(found.components) | _mask_arrays(found)
    arrays["haze_milli_od"] = found.stain.haze.milli_od
    arrays["vectors"] = found.stain.matrix.vectors
    arrays["damage_um"] = found.damage.boxes_um
    arrays["about"] = np.frombuffer(json.dumps(_about(found)).encode(), np.uint8)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _LONG_AGO)
            member.compress_type = zipfile.ZIP_DEFLATED
            member._compresslevel = 1  # type: ignore[attr-defined]  # the higher ones take ten times as long
            with archive.open(member, "w") as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return packed.getvalue()


def unpack_found(path: Path) -> Found:
    """Read what ``pack_found`` made.

    Raises
    ------
    UnreadableSlide
        The file is missing, damaged, or of another version of mvd.
    """
    try:
        # From memory: numpy leaves a damaged file open.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as members:
            arrays = {name: members[name] for name in members.files}
        about = json.loads(arrays["about"].tobytes())
        if about["version"] != _VERSION:
            raise ValueError(f"is of version {about['version']}, not {_VERSION}")
        return _found(arrays, about)
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UnreadableSlide(
            f"{path.parent.name}/{path.name}: {reason or 'damaged'}; run `mvd run` on the slide again"
        ) from None


def _about(found: Found) -> dict[str, Any]:
    """Return all that is no large array."""
    tissue, stain, drawn = found.tissue, found.stain, found.laid.drawn if found.laid else None
    return {
        "version": _VERSION,
        "info": asdict(found.info) | {"path": found.info.path.name},
        "analysis_mpp": found.analysis_mpp,
        "tissue": {
            "shape": tissue.mask.shape,
            "mpp": tissue.mpp,
            "white_point": tissue.white_point,
            "white_point_source": tissue.white_point_source,
            "warnings": tissue.warnings,
        },
        "stain": {
            "white_point": stain.white_point,
            "source": stain.matrix.source,
            "angle_deg": stain.matrix.angle_deg,
            "haze_cell_um": stain.haze.cell_um,
            **{name: getattr(stain, name) for name in _LEVELS},
        },
        "damage_reach_um": found.damage.reach_um,
        "regions": drawn
        and {
            "file_name": drawn.file_name,
            "sha256": drawn.sha256,
            "outlines": [
                [region.name, shapely.to_wkb(region.outline, hex=True), region.classification]
                for region in drawn.regions
            ],
        },
    }


def _component_arrays(components: Components) -> Arrays:
    """Rows and columns are told from the box of their own component on: small numbers, which pack well."""
    counts, runs = np.diff(components.first), components.runs
    top, left = (np.repeat(components.boxes[:, side], counts) for side in (0, 1))
    return {
        "runs": _small(counts),
        "run_row": _small(runs[:, ROW] - top),
        "run_col": _small(runs[:, START] - left),
        "run_length": _small(runs[:, STOP] - runs[:, START]),
        "run_kind": runs[:, KIND].astype(np.uint8),
        "boxes": components.boxes,
        **{name: getattr(components, name) for name in _SUMS},
    }


def _mask_arrays(found: Found) -> Arrays:
    tissue = found.tissue
    return {
        "tissue": np.packbits(tissue.mask),
        "bare": np.packbits(tissue.bare),
        "unseen": np.packbits(found.damage.unseen),
    }


def _small(values: NDArray[np.signedinteger]) -> NDArray[Any]:
    """Return the same numbers, none below 0, in the smallest unsigned type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _found(arrays: Arrays, about: dict[str, Any]) -> Found:
    shape = tuple(int(side) for side in about["tissue"].pop("shape"))
    mask, bare, unseen = (
        np.unpackbits(arrays[name], count=shape[0] * shape[1]).reshape(shape).astype(bool)
        for name in ("tissue", "bare", "unseen")
    )
    about["tissue"] |= {
        key: tuple(about["tissue"][key]) for key in ("white_point", "warnings")
    }  # JSON knows no tuples
    info = _info(about["info"])
    return Found(
        info,
        about["analysis_mpp"],
        Tissue(mask=mask, bare=bare, **about["tissue"]),
        _stain(arrays, about["stain"]),
        _components(arrays),
        Damage(arrays["damage_um"], unseen, about["damage_reach_um"]),
        _laid(about["regions"], info),
    )


def _info(fields: dict[str, Any]) -> SlideInfo:
    tuples = {name: tuple(fields.get(name, ())) for name in ("shape_px", "origin_px", "mpp_notes")}
    levels = tuple((height, width) for height, width in fields["level_shapes"])
    return SlideInfo(**fields | tuples | {"path": Path(fields["path"]), "level_shapes": levels})


def _stain(arrays: Arrays, about: dict[str, Any]) -> Stain:
    matrix = StainMatrix(arrays["vectors"], about["source"], about["angle_deg"])
    haze = Haze(arrays["haze_milli_od"], about["haze_cell_um"])
    red, green, blue = about["white_point"]
    background, hematoxylin, low, high = (float(about[name]) for name in _LEVELS)
    return Stain((red, green, blue), matrix, background, hematoxylin, low, high, haze)


def _components(arrays: Arrays) -> Components:
    counts, boxes = arrays["runs"].astype(np.int64), arrays["boxes"]
    runs = np.empty((len(arrays["run_row"]), 4), np.int32)
    runs[:, ROW] = arrays["run_row"] + np.repeat(boxes[:, 0], counts)
    runs[:, START] = arrays["run_col"] + np.repeat(boxes[:, 1], counts)
    runs[:, STOP] = runs[:, START] + arrays["run_length"]
    runs[:, KIND] = arrays["run_kind"]
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Components(runs, first, boxes, *(arrays[name] for name in _SUMS))


def _laid(regions: dict[str, Any] | None, info: SlideInfo) -> Laid | None:
    if regions is None:
        return None
    outlines = tuple(
        Region(name, shapely.from_wkb(wkb), *classification)
        for name, wkb, *classification in regions["outlines"]
    )
    return lay_regions(Drawn(outlines, regions["file_name"], regions["sha256"]), info)
