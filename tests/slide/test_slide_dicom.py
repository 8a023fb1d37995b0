"""DICOM whole slides in each coding, with levels, holes, labels and patients: the picture they were made of."""

import json
from contextlib import closing

import dicom_slides
import numpy as np
import pandas as pd
import pydicom
import pytest
import tifffile
import vendor_slides
from click.testing import CliRunner
from dicom_slides import CODINGS, new_series, write_level
from pydicom.uid import RLELossless, generate_uid

import mvd
from mvd.cli import cli
from mvd.errors import MvdError, UnreadableSlide, UnsupportedPixels
from mvd.geometry import Rect
from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.slide import find_slides, open_slide
from mvd.slide.dicom import read_header

pytest.importorskip("openslide", reason="OpenSlide is not installed")

CANARY = "CANARY"
LOSSLESS = ("raw", "j2k-rgb", "j2k-rct")
SIDE_PX = 64


@pytest.fixture(scope="module")
def picture(picture):
    """(300, 410, 3): 5 x 7 tiles of 64 px, those at two edges not whole."""
    return np.ascontiguousarray(picture[:300, :410])


def whole(slide, level=0):
    return Rect(0, 0, *slide.info.level_shapes[level])


def refusal(path, error_class):
    with pytest.raises(error_class) as caught:
        open_slide(path)
    message = str(caught.value)
    assert message.startswith(path.name)
    assert CANARY not in message
    assert str(path.parent) not in message
    return message


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("skip", [None, (2, 12)], ids=["full", "sparse"])
def test_every_coding_has_the_same_colours(tmp_path, picture, coding, skip):
    path = write_level(tmp_path / "a.dcm", picture, new_series(), coding=coding, skip=skip, um_per_px=0.31)
    with closing(open_slide(path)) as slide:
        assert (slide.info.vendor, slide.info.mpp_source) == ("dicom", "dicom")
        assert slide.info.mpp == pytest.approx(0.31)
        got, scanned = slide.read(whole(slide)), slide.scanned(whole(slide))
    expected = np.ones(picture.shape[:2], bool)
    for number in skip or ():
        row, col = divmod(number, 7)
        expected[row * SIDE_PX : (row + 1) * SIDE_PX, col * SIDE_PX : (col + 1) * SIDE_PX] = False
    np.testing.assert_array_equal(scanned, expected)
    assert (got[~scanned] == 255).all()
    off = got.astype(int) - picture
    if coding in LOSSLESS:
        assert not off[scanned].any()
    else:
        assert np.abs(off[scanned].mean(axis=0)).max() < 0.1
        assert np.abs(off[scanned]).mean() < 2


@pytest.fixture
def series(tmp_path, picture):
    """A folder: two levels, label, overview and thumbnail of one slide, and a level of another."""
    ours, other = new_series(), new_series()
    folder = tmp_path / "study"
    folder.mkdir()
    half = vendor_slides.halved(picture)
    small = np.full((64, 64, 3), 90, np.uint8)
    write_level(folder / "1_label.dcm", small, ours, kind="LABEL")
    write_level(folder / "2_overview", small, ours, kind="OVERVIEW")
    write_level(folder / "3_half.dcm", half, ours, um_per_px=1.0, coding="j2k-rgb")
    write_level(folder / "4_full", picture, ours, coding="j2k-rgb")
    write_level(folder / "5_other.dcm", half, other)
    write_level(folder / "6_ct.dcm", half, new_series())
    ct = pydicom.dcmread(folder / "6_ct.dcm")
    ct.SOPClassUID = ct.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    ct.save_as(folder / "6_ct.dcm", enforce_file_format=True)
    return folder


def test_a_series_is_one_slide_whichever_file_is_given(series, picture):
    for name in ("1_label.dcm", "2_overview", "3_half.dcm", "4_full"):
        with closing(open_slide(series / name)) as slide:
            assert slide.info.level_shapes == (picture.shape[:2], (150, 205))
            assert slide.info.mpp == pytest.approx(0.5)
            np.testing.assert_array_equal(slide.read(whole(slide)), picture)
            np.testing.assert_array_equal(slide.read(whole(slide, 1), 1), vendor_slides.halved(picture))


def test_a_folder_is_searched_for_series_not_for_files(series):
    assert [slide.name for slide in find_slides([series])] == ["3_half.dcm", "5_other.dcm"]
    assert [slide.name for slide in find_slides([series.parent])] == ["study/3_half.dcm", "study/5_other.dcm"]


def test_files_given_one_by_one_are_one_slide_too(series):
    files = [path for path in sorted(series.iterdir()) if path.name != "6_ct.dcm"]
    assert [slide.name for slide in find_slides(files)] == ["3_half.dcm", "5_other.dcm"]
    assert [slide.name for slide in find_slides([series / "1_label.dcm"])] == ["1_label.dcm"]


def test_the_folder_of_one_series_opens(series, picture):
    assert "give the slide file" in refusal(series, UnreadableSlide)
    (series / "5_other.dcm").unlink()
    with closing(open_slide(series)) as slide:
        assert slide.info.shape_px == picture.shape[:2]


def test_the_patient_is_in_no_answer(series):
    for path in (series / "4_full", series / "6_ct.dcm"):
        for extra in ([], ["--json"]):
            answer = CliRunner().invoke(cli, ["info", str(path), *extra])
            assert CANARY not in answer.output
    assert CANARY not in repr(read_header(series / "4_full"))


@pytest.mark.parametrize("layout", ["TILED_SPARSE", "TILED_FULL"])
def test_levels_of_one_concatenation_are_one_level(tmp_path, picture, layout):
    """Large levels are stored in several files; each holds some of the frames."""
    name, source = new_series(), generate_uid()
    together = {
        "SOPInstanceUIDOfConcatenationSource": source,
        "ConcatenationUID": generate_uid(),
        "DimensionOrganizationType": layout,
        **({"PerFrameFunctionalGroupsSequence": []} if layout == "TILED_FULL" else {}),
    }
    first = [number for number in range(35) if number < 20]
    last = [number for number in range(35) if number >= 20]
    for number, skip in enumerate((last, first), 1):
        offset = {"InConcatenationNumber": number, "ConcatenationFrameOffsetNumber": 20 * (number - 1)}
        total = {"InConcatenationTotalNumber": 2}
        write_level(tmp_path / f"{number}.dcm", picture, name, skip=skip, **together, **offset, **total)
    with closing(open_slide(tmp_path / "2.dcm")) as slide:
        np.testing.assert_array_equal(slide.read(whole(slide)), picture)
    assert len(find_slides([tmp_path])) == 1
    (tmp_path / "1.dcm").unlink()
    assert "copy the slide again with all its files" in refusal(tmp_path / "2.dcm", UnreadableSlide)


@pytest.mark.parametrize(
    ("changes", "error_class", "named"),
    [
        (
            {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"},
            UnsupportedPixels,
            "MONOCHROME2",
        ),
        ({"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}, UnsupportedPixels, "uint16"),
        ({"NumberOfOpticalPaths": 3}, UnsupportedPixels, "3 optical paths"),
        ({"TotalPixelMatrixFocalPlanes": 5}, UnsupportedPixels, "5 focal planes"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, UnreadableSlide, "DICOM whole slide"),
        ({"ImageType": ["DERIVED", "PRIMARY", "LABEL", "NONE"]}, UnreadableSlide, "DICOM whole slide"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path, picture, changes, error_class, named):
    path = write_level(tmp_path / "a.dcm", picture, new_series(), **changes)
    assert named in refusal(path, error_class)


def test_a_coding_that_openslide_does_not_read_is_named(tmp_path, picture):
    path = write_level(tmp_path / "a.dcm", picture, new_series(), coding="j2k-rgb")
    file = pydicom.dcmread(path)
    file.file_meta.TransferSyntaxUID = RLELossless
    file.save_as(path, enforce_file_format=True)
    assert "RLE" in refusal(path, UnreadableSlide)


def test_dicom_of_another_kind_is_refused_by_name(series):
    assert "no whole slide" in refusal(series / "6_ct.dcm", UnreadableSlide)


def test_no_pixel_size_is_no_error_and_absurd_ones_are(tmp_path, picture):
    path = write_level(tmp_path / "a.dcm", picture, new_series(), um_per_px=500)
    with pytest.raises(MvdError, match="pass --mpp"):
        open_slide(path)
    path = write_level(tmp_path / "b.dcm", picture, new_series(), SharedFunctionalGroupsSequence=[])
    with closing(open_slide(path)) as slide:
        assert (slide.info.mpp, slide.info.mpp_source) == (None, "none")
    with closing(open_slide(path, mpp=0.4)) as slide:
        assert (slide.info.mpp, slide.info.mpp_source) == (0.4, "user")


def test_a_bad_frame_is_white_and_told_and_the_rest_is_right(tmp_path, picture):
    path = write_level(tmp_path / "a.dcm", picture, new_series(), coding="jpeg-rgb")
    content = bytearray(path.read_bytes())
    starts = [at for at in range(len(content)) if content[at : at + 3] == b"\xff\xd8\xff"]
    content[starts[9] : starts[9] + 60] = bytes(60)
    path.write_bytes(content)
    bad = Rect(SIDE_PX, 2 * SIDE_PX, SIDE_PX, SIDE_PX)
    with closing(open_slide(path)) as slide:
        got = slide.read(whole(slide))
        assert slide.damage() == (bad,)
        scanned = slide.scanned(whole(slide))
    assert (got[bad.slices()] == 255).all()
    assert (~scanned).sum() == bad.area_px
    assert np.abs(got.astype(int) - picture)[scanned].max() <= 2


@pytest.mark.parametrize("explicit", [True, False])
def test_the_header_is_read_like_pydicom_reads_it(tmp_path, picture, explicit):
    path = write_level(tmp_path / "a.dcm", picture, new_series(), side=128)
    file = pydicom.dcmread(path)
    nested = pydicom.Dataset()
    nested.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    nested["SharedFunctionalGroupsSequence"].is_undefined_length = True
    nested.is_undefined_length_sequence_item = True
    file.ReferencedSeriesSequence = [nested, pydicom.Dataset()]
    file["ReferencedSeriesSequence"].is_undefined_length = True
    if not explicit:
        file.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    file.save_as(path, enforce_file_format=True, implicit_vr=not explicit, little_endian=True)
    header = read_header(path)
    assert header.series == file.SeriesInstanceUID
    assert header.image_type == tuple(file.ImageType)
    assert (header.samples, header.bits, header.photometric) == (3, 8, "RGB")
    assert header.is_volume
    if not explicit:
        assert "implicit" in refusal(path, UnreadableSlide)


def test_random_damage_never_escapes_as_another_error(tmp_path, picture):
    """Patched and cut headers: a refusal or a picture, nothing else, and the file stays in the list."""
    path = write_level(tmp_path / "a.dcm", picture[:64, :64], new_series(), coding="jpeg")
    content = path.read_bytes()
    header_bytes = content.index(b"\xff\xd8\xff")
    rng = np.random.default_rng(17)
    refusals = []
    for _ in range(100):
        damaged = bytearray(content)
        for at in rng.integers(132, header_bytes, 3):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged[: rng.integers(132, 2 * len(content))])
        try:
            with closing(open_slide(path)) as slide:
                slide.read(whole(slide).clipped((64, 64)))
        except MvdError as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    assert not [words for words in refusals if CANARY in words or str(tmp_path) in words]


def test_an_analysis_does_not_depend_on_the_format_or_the_tiles(tmp_path):
    scene = make_phantom(
        PhantomSpec(7, "clean", height_um=300, width_um=300, vessels_per_mm2=200, outline=False)
    )
    with closing(open_slide(write_phantom(scene, tmp_path, "a"))) as slide:
        pixels, mpp = slide.read(whole(slide)), slide.info.mpp
    pixel_size = (1e4 / mpp, 1e4 / mpp)
    tags = {"photometric": "rgb", "resolution": pixel_size, "resolutionunit": "CENTIMETER", "metadata": None}
    tifffile.imwrite(tmp_path / "flat.tif", pixels, tile=(128, 128), **tags)
    dicom = write_level(tmp_path / "a.dcm", pixels, new_series(), um_per_px=mpp, side=96, coding="j2k-rct")
    expected = mvd.analyze(tmp_path / "flat.tif").vessels.table
    assert len(expected) > 5
    for tile_px, workers in ((200, 1), (512, 2)):
        table = mvd.analyze(dicom, tile_px=tile_px, workers=workers).vessels.table
        pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_a_cut_off_file_stays_in_the_list_and_is_refused(tmp_path, picture):
    path = write_level(tmp_path / "a.dcm", picture, new_series())
    path.write_bytes(path.read_bytes()[:600])
    assert [slide.name for slide in find_slides([tmp_path])] == ["a.dcm"]
    assert "copy" in refusal(path, UnreadableSlide)


def test_the_real_dicom_slide(real_slide):
    path = real_slide("formats/sm_image.dcm")
    expected = pydicom.dcmread(path)
    answer = CliRunner().invoke(cli, ["info", str(path), "--json"])
    known = json.loads(answer.stdout)
    assert (known["width_px"], known["mpp_source"]) == (50, "dicom")
    assert known["mpp"] == pytest.approx(0.499)
    assert str(expected.PatientName) not in answer.output
    frames = expected.pixel_array.reshape(5, 5, 10, 10, 3).swapaxes(1, 2).reshape(50, 50, 3)
    with closing(open_slide(path)) as slide:
        np.testing.assert_array_equal(slide.read(whole(slide)), frames)


def test_the_writer_makes_what_pydicom_reads(tmp_path, picture):
    """The tests' own writer held to another reader."""
    path = write_level(tmp_path / "a.dcm", picture, new_series())
    frames = pydicom.dcmread(path).pixel_array
    expected = [tile for _, _, tile in dicom_slides.tiles_of(picture, SIDE_PX)]
    np.testing.assert_array_equal(frames, expected)
