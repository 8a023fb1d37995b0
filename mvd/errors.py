"""The one family of errors that mvd raises on purpose.

Every message says what happened and what to do about it, in one line. ``code`` is the short, stable word
that goes into ``failed.csv`` and the ``error`` column of ``summary.csv``.
"""


class MvdError(Exception):
    """Base of all errors whose message is meant for the user."""

    code = "error"


class UnreadableSlide(MvdError):
    """The file is not a slide that any reader can read; the message carries each reader's reason."""

    code = "unreadable"


class UnknownPixelSize(MvdError):
    """No pixel size, or one that cannot be believed."""

    code = "no_mpp"


class UnsupportedPixels(MvdError):
    """Pixels that are not 8-bit RGB brightfield (16 bit, grey, fluorescence, CMYK, float)."""

    code = "unsupported_pixels"


class TooCoarse(MvdError):
    """The slide's finest pixel is too large to see a capillary in."""

    code = "too_coarse"


class StainError(MvdError):
    """The stain cannot be separated (bad vectors, no usable white point)."""

    code = "stain"


class NoTissue(MvdError):
    """Nothing on the slide is tissue, so no density can be given."""

    code = "no_tissue"


class RegionError(MvdError):
    """A file of regions is no GeoJSON, holds something that is no area, or does not fit the slide."""

    code = "region"


class NoRegion(RegionError):
    """Regions were asked for, and there is no file of them for this slide."""

    code = "no_region"


class LabelsError(MvdError):
    """What a classifier is to be trained from cannot be read, or says too little."""

    code = "labels"


class CorrectionsError(MvdError):
    """A file of hand corrections cannot be read, or a correction cannot be made."""

    code = "corrections"


class CohortError(MvdError):
    """Clinical facts cannot be read, or do not fit the slides; the message names row and column."""

    code = "cohort"


class SettingsError(MvdError):
    """A setting is unknown, of the wrong type, or out of range."""

    code = "settings"


class MissingDependency(MvdError):
    """An optional package is needed; the message is the exact pip line."""

    code = "missing_dependency"


class Cancelled(MvdError):
    """Raised inside a ``progress`` callback to stop the run."""

    code = "cancelled"
