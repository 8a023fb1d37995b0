"""One settings model: TOML in and out, a fingerprint that notices everything, errors that name the key."""

import hashlib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvd.errors import SettingsError
from mvd.settings import Settings, read_toml

PINNED = "model.npz@sha256:" + "0123456789abcdef" * 4
OTHERS = {
    ("hotspot", "shape"): "square",
    ("hotspot", "edge"): "inside",
    ("slide", "icc"): "srgb",
    ("vessel", "method"): "classifier",
    ("vessel", "cut_by_edge"): "two_sides",
    ("vessel", "classifier"): PINNED,
}
EVERY_KEY = [(section, name) for section, model in Settings() for name in type(model).model_fields]


def changed(section, name):
    """Settings that differ from the defaults in one key only."""
    value = getattr(getattr(Settings(), section), name)
    field = type(getattr(Settings(), section)).model_fields[name]
    if (section, name) in OTHERS:
        new = OTHERS[section, name]
    elif isinstance(value, bool):
        new = not value
    elif isinstance(value, str):
        new = "preset"
    elif isinstance(value, tuple):
        new = [0.5, 0.5, 0.5]
    elif value is None:
        new = [200, 201, 202] if "white" in name else 0.3
    else:
        top = next((m.le for m in field.metadata if hasattr(m, "le")), value + 2)
        new = type(value)(value + (top - value) / 100) if type(value) is float else value + 1
    return {section: {name: new}}


@pytest.mark.parametrize(("section", "name"), EVERY_KEY)
def test_every_setting_survives_toml_and_moves_the_fingerprint(tmp_path, section, name):
    settings = Settings.from_mapping(changed(section, name))
    assert settings != Settings()
    assert settings.fingerprint != Settings().fingerprint
    (tmp_path / "mvd.toml").write_text(settings.to_toml(), encoding="utf-8")
    again = Settings.from_toml(tmp_path / "mvd.toml")
    assert again == settings
    assert again.fingerprint == settings.fingerprint


def test_every_setting_has_its_meaning_in_the_toml():
    text = Settings().to_toml()
    for section, name in EVERY_KEY:
        assert type(getattr(Settings(), section)).model_fields[name].description in text
        assert name in text
    assert set(tomllib.loads(text)) == {section for section, _ in EVERY_KEY}


def test_the_fingerprint_does_not_depend_on_how_a_number_is_written():
    whole = Settings.from_mapping({"vessel": {"min_area_um2": 20}})
    fraction = Settings.from_mapping({"vessel": {"min_area_um2": 20.0}})
    assert whole.fingerprint == fraction.fingerprint == Settings().fingerprint
    assert len(whole.fingerprint) == 16


@given(st.floats(0, 1e4, allow_nan=False))
def test_different_numbers_have_different_fingerprints(area_um2):
    settings = Settings.from_mapping({"vessel": {"min_area_um2": area_um2}})
    assert (settings.fingerprint == Settings().fingerprint) == (area_um2 == Settings().vessel.min_area_um2)


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Settings().vessel.min_area_um2 = 3.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"vessel": {"min_aera_um2": 5}}, ["vessel.min_aera_um2", "did you mean 'vessel.min_area_um2'"]),
        ({"vessels": {"min_area_um2": 5}}, ["'vessels'", "did you mean 'vessel'"]),
        ({"min_area_um2": 5}, ["'min_area_um2'", "did you mean 'vessel.min_area_um2'"]),
        ({"hotspot": {"min_area_um2": 5}}, ["'hotspot.min_area_um2'", "did you mean 'vessel.min_area_um2'"]),
        ({"xyzzy": {"plugh": 5}}, ["unknown setting 'xyzzy'"]),
        ({"vessel": {"min_area_um2": -1}}, ["vessel.min_area_um2", "greater than or equal to 0", "-1"]),
        ({"vessel": {"min_area_um2": "12 um2"}}, ["vessel.min_area_um2", "number", "12 um2"]),
        ({"vessel": {"min_area_um2": float("nan")}}, ["vessel.min_area_um2", "finite"]),
        ({"vessel": 5}, ["vessel"]),
        ({"stain": {"method": "guess"}}, ["stain.method", "'auto'"]),
        ({"stain": {"dab": [0.2, 0.5]}}, ["stain.dab"]),
        ({"stain": {"dab": [0.2, -0.5, 0.1]}}, ["stain.dab", "no negative part"]),
        ({"stain": {"dab": [0, 0, 0]}}, ["stain.dab", "not zero"]),
        ({"stain": {"white_point": [240, 240, 300]}}, ["stain.white_point", "255"]),
        ({"slide": {"mpp": 250}}, ["slide.mpp", "5"]),
        ({"slide": {"mpp": "0,25"}}, ["slide.mpp", "0,25"]),
        ({"hotspot": {"count": 2.5}}, ["hotspot.count", "2.5"]),
        ({"hotspot": {"count": 3.0}}, ["hotspot.count", "integer"]),
        ({"hotspot": {"count": True}}, ["hotspot.count", "integer"]),
        ({"vessel": {"min_area_um2": "20.0"}}, ["vessel.min_area_um2", "'20.0'", "um2 [>= 0]"]),
        ({"slide": {"allow_coarse": "yes"}}, ["slide.allow_coarse", "boolean"]),
        ({"stain": {"dab": [0.2, "0.5", 0.1]}}, ["stain.dab.1", "number", "'0.5'"]),
        ({"stain": {"white_point": [240, 240, 240.0]}}, ["stain.white_point", "integer"]),
        ({"stain": {"dab": [0.65, 0.7, 0.3]}}, ["stain.dab", "10 degrees apart"]),
        ({"stain": {"hematoxylin": [0.269, 0.568, 0.778]}}, ["stain.dab", "10 degrees apart"]),
        ({"vessel": {"min_low_od": 0.3}}, ["vessel.min_high_od", "below vessel.min_low_od, which is 0.3"]),
        ({"vessel": {"min_high_od": 0.05}}, ["vessel.min_high_od", "0.05", ", OD [>= 0.01, <= 2]"]),
        ({"vessel": {"wall_probability": 0.2}}, ["vessel.skirt_probability", "which is 0.2"]),
        ({"hotspot": {"field_mm2": 0.000001}}, ["hotspot.field_mm2", "mm2", ">= 0.001, <= 100"]),
    ],
)
def test_an_error_names_the_source_the_key_and_what_is_wrong(values, words):
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping(values, "mvd.toml")
    message = str(caught.value)
    assert message.startswith("mvd.toml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("content", [b"[vessel\nmin = 3", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_named(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.toml: not valid TOML"):
        read_toml(path)


def test_a_toml_of_powershell_is_told_to_be_saved_as_utf_8(tmp_path):
    path = tmp_path / "utf16.toml"
    path.write_text(Settings().to_toml(), encoding="utf-16")
    with pytest.raises(SettingsError, match="save it again as UTF-8"):
        read_toml(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        Settings.from_toml(tmp_path / "none.toml")


def test_a_toml_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf[vessel]\r\nmin_area_um2 = 33\r\n")
    assert Settings.from_toml(path).vessel.min_area_um2 == 33


def with_classifier(file):
    return Settings.from_mapping({"vessel": {"method": "classifier", "classifier": str(file)}}, "mvd.toml")


def test_a_classifier_is_known_by_its_content_not_by_where_it_lies(tmp_path):
    (tmp_path / "ward").mkdir()
    files = [tmp_path / "model.npz", tmp_path / "ward" / "other name.npz", tmp_path / "ward" / "model.npz"]
    for file, content in zip(files, (b"one", b"one", b"two"), strict=True):
        file.write_bytes(content)
    one, renamed, other = map(with_classifier, files)
    assert one.fingerprint == renamed.fingerprint != other.fingerprint
    sha256 = hashlib.sha256(b"one").hexdigest()
    assert one.model_dump(mode="json")["vessel"]["classifier"] == f"model.npz@sha256:{sha256}"
    assert str(tmp_path) not in one.to_toml() + one.model_dump_json()
    again = Settings.from_mapping(tomllib.loads(one.to_toml()))
    assert again.fingerprint == one.fingerprint, "the settings of a result can be read without the file"
    files[0].write_bytes(b"changed")
    assert with_classifier(one.vessel.classifier) == one, "a pinned file is not read again"


@pytest.mark.parametrize("file", ["none.npz", "model.npz@sha256:abc", "", "a\0b"])
def test_a_classifier_that_cannot_be_read_is_named(file):
    with pytest.raises(SettingsError, match=r"mvd\.toml: vessel\.classifier: .*cannot be read"):
        with_classifier(file)
