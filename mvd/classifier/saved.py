"""A classifier <-> its file: a zip of plain arrays (.npz) and one JSON text. Never a pickle: nothing in it is run.

What a file says is checked before it is believed: its version, its features, and that every tree comes to an end.
"""

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mvd.classifier.features import FEATURES
from mvd.classifier.forest import LEAF, Forest
from mvd.errors import SettingsError
from mvd.pinned import path_of, sha256_of
from mvd.settings import VesselSettings

FORMAT, VERSION = "mvd pixel classifier", 1
NORMALISATION = "milli-OD above the slide's own background of hematoxylin and DAB; haze removed"

_TYPES = {
    "feature": np.int16,
    "threshold": np.int32,
    "left": np.int32,
    "right": np.int32,
    "leaf": np.uint16,
    "roots": np.int32,
}
_MOST_BYTES = 512 * 2**20
_AGAIN = "make it again with `mvd train`"
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    OSError,
    EOFError,
    RecursionError,
    NotImplementedError,
)


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    Attributes
    ----------
    forest : Forest
    mpp : float
        Pixel size that it was trained at, um/px.
    least_od : float
        DAB above the background that a pixel must have to be looked at, OD.
    facts : mapping
        What it was made from and how well it did, as JSON holds it; told, never used.
    """

    forest: Forest
    mpp: float
    least_od: float
    facts: Mapping[str, Any] = field(default_factory=dict)


def classifier_bytes(classifier: Classifier) -> bytes:
    """Return the file of a classifier; the same classifier gives the same bytes."""
    header = {
        "format": FORMAT,
        "version": VERSION,
        "features": list(FEATURES),
        "normalisation": NORMALISATION,
        "mpp": classifier.mpp,
        "least_od": classifier.least_od,
        "facts": dict(classifier.facts),
    }
    text = json.dumps(header, sort_keys=True, indent=1, allow_nan=False).encode()
    arrays = {name: np.asarray(getattr(classifier.forest, name), kind) for name, kind in _TYPES.items()}
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, header=np.frombuffer(text, np.uint8), **arrays)
    return stream.getvalue()


def load_classifier(settings: VesselSettings) -> Classifier:
    """Read the classifier that the settings name.

    Raises
    ------
    SettingsError
        None is named, it cannot be read, is another one than was named, or is none that this version can use. The
        message holds the file's name without its folder.
    """
    if settings.classifier is None:
        raise SettingsError(
            "vessel.method is classifier, but none is given; pass --vessel-classifier FILE, as `mvd train` writes it"
        )
    path = path_of(settings.classifier)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"classifier {path.name}: cannot be read ({error.strerror}); give its path with --vessel-classifier"
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256_of(settings.classifier):
        raise SettingsError(
            f"classifier {path.name}: is not the file that the settings name (its sha256 is another); "
            "give that one with --vessel-classifier"
        )
    try:
        return _checked(*_read(content))
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:200]
        raise SettingsError(f"classifier {path.name}: {reason}; {_AGAIN}") from None


def _read(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays; anything that is wrong with them is one of ``_DAMAGED``."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("is too large for a classifier")
        for entry in archive.infolist():
            _check_size(archive, entry)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        missing = {"header", *_TYPES} - set(file.files)
        if missing:
            raise ValueError(f"is no classifier of mvd: it has no {', '.join(sorted(missing))}")
        header = json.loads(file["header"].tobytes().decode())
        arrays = {name: file[name] for name in _TYPES}
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("is no classifier of mvd")
    return header, arrays


def _check_size(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse an array that says it is larger than its bytes: numpy would take the memory before it reads them."""
    with archive.open(entry) as stream:
        version = npy.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"has {entry.filename} in another format than `mvd train` writes")
        shape, _, kind = npy.read_array_header_1_0(stream)
        if kind.hasobject:
            raise ValueError(f"has {entry.filename} as a pickle (allow_pickle is off)")
        if stream.tell() + math.prod(shape) * kind.itemsize != entry.file_size:
            raise ValueError(f"says that {entry.filename} has another size than it has")


def _checked(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Classifier:
    if header.get("version") != VERSION:
        raise ValueError(f"has version {header.get('version')}, and this mvd reads version {VERSION}")
    if header.get("features") != list(FEATURES) or header.get("normalisation") != NORMALISATION:
        raise ValueError("was trained on other features than this mvd has")
    mpp, least_od = (header.get(name) for name in ("mpp", "least_od"))
    if not (
        isinstance(mpp, float) and 0.05 <= mpp <= 5 and isinstance(least_od, float) and 0 <= least_od <= 2
    ):
        raise ValueError(f"names a pixel size of {mpp} um/px and a least DAB of {least_od} OD")
    for name, kind in _TYPES.items():
        if arrays[name].dtype != kind or arrays[name].ndim != 1:
            raise ValueError(f"has a {name} that is no list of {np.dtype(kind).name}")
    forest = Forest(**arrays)
    _check_trees(forest)
    facts = header.get("facts")
    return Classifier(forest, mpp, least_od, facts if isinstance(facts, dict) else {})


def _check_trees(forest: Forest) -> None:
    """Every node looks at a feature that there is, and leads to a later one: no tree goes round in circles."""
    count = len(forest.left)
    if {len(getattr(forest, name)) for name in ("feature", "threshold", "right", "leaf")} != {count}:
        raise ValueError("has lists of nodes of different lengths")
    inner = forest.left != LEAF
    places = np.arange(count)[inner]
    wrong = ~np.isin(forest.right[~inner], LEAF).all()
    for child in (forest.left[inner], forest.right[inner]):
        wrong |= bool((child <= places).any() or (child >= count).any())
    wrong |= bool((forest.feature[inner] < 0).any() or (forest.feature[inner] >= len(FEATURES)).any())
    wrong |= not len(forest.roots) or bool((forest.roots < 0).any() or (forest.roots >= count).any())
    if wrong:
        raise ValueError("has trees that lead nowhere")
