"""What is read as a claim to a pixel size, from OpenSlide's properties and from lengths with units."""

import contextlib

import pytest

from mvd.errors import UnknownPixelSize
from mvd.slide import open_slide
from mvd.slide.calibration import believed_mpp, from_lengths, from_openslide
from mvd.slide.reduce import at_mpp


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"openslide.mpp-x": "0.2325", "openslide.mpp-y": "0.2325"}, [("openslide", 0.2325)]),
        ({"openslide.vendor": "dicom", "openslide.mpp-x": "0.5", "openslide.mpp-y": "0.5"}, [("dicom", 0.5)]),
        ({"openslide.vendor": "mirax"}, []),
        (
            {
                "openslide.vendor": "aperio",
                "openslide.mpp-x": "0.25",
                "openslide.mpp-y": "0.25",
                "tiff.XResolution": "20000",
                "tiff.YResolution": "20000",
                "tiff.ResolutionUnit": "centimeter",
            },
            [("openslide", 0.25), ("tiff", 0.5)],
        ),
        (
            # A Leica file begins with the picture of the whole glass; its tags are not the slide's.
            {
                "openslide.vendor": "leica",
                "openslide.mpp-x": "0.25",
                "openslide.mpp-y": "0.25",
                "tiff.XResolution": "600",
                "tiff.YResolution": "600",
                "tiff.ResolutionUnit": "centimeter",
            },
            [("openslide", 0.25)],
        ),
    ],
)
def test_openslide_properties(properties, expected):
    assert [(claim.source, claim.mpp) for claim in from_openslide(properties)] == expected


def test_openslide_nonsense_is_refused():
    claims = from_openslide({"openslide.mpp-x": "nan", "openslide.mpp-y": "0.25"})
    with pytest.raises(UnknownPixelSize, match=r"no number x 0\.25 um"):
        believed_mpp("a.bif", claims, None)


@pytest.mark.parametrize(
    ("lengths", "units", "expected"),
    [
        ((0.25, 0.25), ("micrometer", "micrometer"), 0.25),
        ((250.0, 250.0), ("nanometer", "nanometer"), 0.25),
        ((250.0, 0.25), ("nanometer", "micrometre"), 0.25),
        ((1.0, 1.0), (None, None), None),
        ((1.0, 1.0), ("micrometer", None), None),
        ((None, None), ("micrometer", "micrometer"), None),
    ],
)
def test_lengths_with_units(lengths, units, expected):
    claim = from_lengths("zarr", "scale", lengths, units)
    assert (claim and claim.mpp) == expected


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({}, "the file states no pixel size"),
        (
            {"resolution": (72, 72), "resolutionunit": "INCH"},
            "tiff says 72 x 72 px per inch, which is what a screen or printer is told and no pixel size",
        ),
    ],
)
def test_what_was_not_believed_is_said(write_tiff, tags, why):
    path = write_tiff(**tags)
    with (
        contextlib.closing(open_slide(path)) as slide,
        pytest.raises(UnknownPixelSize, match=f"tif: {why}; pass --mpp"),
    ):
        at_mpp(slide, 0.5)
    with contextlib.closing(open_slide(path, 0.25)) as slide:
        assert slide.info.mpp_notes == ()
