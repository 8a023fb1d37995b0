"""``--mpp-table``: which slide is meant, and lines that are wrong."""

from pathlib import Path

import pytest

from mvd.cli.mpp_table import read_mpp_table
from mvd.errors import SettingsError
from mvd.slide import FoundSlide

SLIDES = [FoundSlide(Path(name), name) for name in ("a/one.svs", "b/one.svs", "b/two.svs", "three.tif")]


@pytest.fixture
def table(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "sizes.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("called", ["b/two.svs", "two.svs", "two", "./b/two.svs", "b\\two.svs"])
def test_a_slide_is_found_by_path_name_or_stem(table, called):
    assert read_mpp_table(table(f"slide,mpp\n{called},0.25\n"), SLIDES) == ({"b/two.svs": 0.25}, [])


def test_a_decimal_comma_in_quotes_is_read(table):
    assert read_mpp_table(table('slide,mpp\ntwo,"0,25"\n'), SLIDES)[0] == {"b/two.svs": 0.25}


def test_byte_order_mark_other_columns_and_blank_lines_are_fine_and_an_absent_slide_is_named(table):
    text = b"\xef\xbb\xbfscanner,slide,mpp\r\nx,three,0.5\r\n\r\ny,absent,0.25\r\n"
    sizes, (warning,) = read_mpp_table(table(text), SLIDES)
    assert sizes == {"three.tif": 0.5}
    assert "line 4" in warning
    assert "'absent'" in warning


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slide,mpp\ntwo,0.25\none.svs,0.25\n", ["line 3", "a/one.svs, b/one.svs", "relative path"]),
        ("slide,mpp\ntwo,0,25\n", ["line 2"]),
        ("slide,mpp\ntwo,abc\n", ["line 2", "'abc'"]),
        ("slide,mpp\ntwo,250\n", ["line 2", "250"]),
        ("slide,mpp\ntwo,nan\n", ["line 2"]),
        ("slide,mpp\ntwo,-0.5\n", ["line 2"]),
        ("slide,mpp\ntwo,0_5\n", ["line 2", "'0_5'"]),
        ('slide,mpp\ntwo,"0,2,5"\n', ["line 2", "'0,2,5'"]),
        ("slide,mpp\ntwo,\n", ["line 2"]),
        ("slide,mpp\ntwo\n", ["line 2"]),
        ("slide,mpp\n,0.5\n", ["line 2"]),
        ("slide,mpp\ntwo,0.5\ntwo.svs,0.25\n", ["line 3", "b/two.svs"]),
        ("slide;mpp\ntwo;0.5\n", ["line 1", "slide,mpp"]),
        ("", ["line 1"]),
        (b"slide,mpp\n\xff\xfe,0.5\n", ["UTF-8"]),
        ('slide,mpp\n"two,0.5\n', ["sizes.csv"]),
    ],
)
def test_a_wrong_line_is_named(table, text, words):
    with pytest.raises(SettingsError) as caught:
        read_mpp_table(table(text), SLIDES)
    assert "\n" not in str(caught.value)
    for word in ["sizes.csv", *words]:
        assert word in str(caught.value)
