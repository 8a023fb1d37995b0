"""Settings on the command line: a flag for each, defaults < TOML < flags, errors that name flag or file."""

import json
import tomllib

import pytest

from mvd.cli.options import flag_of, settings_from
from mvd.errors import SettingsError
from mvd.settings import Settings

KEYS = [f"{section}.{name}" for section, model in Settings() for name in type(model).model_fields]


def test_run_has_a_flag_for_each_setting_with_its_default_and_meaning(mvd):
    words = mvd("run", "--help").output.replace("\n", " ")
    for key in KEYS:
        assert flag_of(key) in words
    assert "[default: 0.269,0.568,0.778]" in " ".join(words.split())
    assert "--mpp, --slide-mpp FLOAT" in words


def test_untouched_flags_leave_the_settings_alone(tmp_path):
    untouched = {key.replace(".", "__"): None for key in KEYS}
    assert settings_from(None, untouched).fingerprint == Settings().fingerprint
    (tmp_path / "mvd.toml").write_text("[vessel]\nmin_area_um2 = 33\n")
    assert settings_from(tmp_path / "mvd.toml", untouched).vessel.min_area_um2 == 33


def test_flags_win_over_toml(tmp_path):
    (tmp_path / "mvd.toml").write_text("[vessel]\nmin_area_um2 = 33\nclose_um = 2\n")
    settings = settings_from(tmp_path / "mvd.toml", {"vessel__min_area_um2": 44.0})
    assert (settings.vessel.min_area_um2, settings.vessel.close_um) == (44, 2)


def test_flags_of_every_kind_reach_the_run(mvd, slides, tmp_path):
    flags = "--vessel-min-area-um2 44 --stain-dab 0.27,0.57,0.78 --slide-allow-coarse --stain-method preset"
    more = ["--stain-white-point", "240 241 242", "--hotspot-count", "3", "--mpp", "0.25", "--quiet"]
    result = mvd("run", slides / "one.tif", "--out", tmp_path, *flags.split(), *more)
    assert result.exit_code == 0
    record = json.loads((tmp_path / "run.json").read_text())
    settings = Settings.from_mapping(record["settings"])
    assert settings.vessel.min_area_um2 == 44
    assert settings.stain.dab == (0.27, 0.57, 0.78)
    assert settings.stain.white_point == (240, 241, 242)
    assert settings.slide.allow_coarse
    assert (settings.stain.method, settings.hotspot.count, settings.slide.mpp) == ("preset", 3, 0.25)
    assert Settings.from_mapping(tomllib.loads(record["settings_toml"])) == settings


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ["--vessel-min-area-um2", "-1"],
            "--vessel-min-area-um2: vessel.min_area_um2: input should be greater",
        ),
        (
            ["--vessel-min-area-um2", "big"],
            "'--vessel-min-area-um2': 'big' is not a valid float; Smaller vessels (lumen included) are not counted, "
            "um2 [>= 0]",
        ),
        (["--vessel-min-area-um2", "-1"], "not counted, um2 [>= 0]"),
        (["--hotspot-count", "2.5"], "'--hotspot-count': '2.5' is not a valid integer; Disjoint hot spots"),
        (
            ["--hotspot-field-mm2", "0.000001"],
            "--hotspot-field-mm2: hotspot.field_mm2: input should be greater",
        ),
        (
            ["--vessel-min-low-od", "0.5"],
            "vessel.min_high_od: must not be below vessel.min_low_od, which is 0.5",
        ),
        (["--vessel-min-high-od", "0.05"], "--vessel-min-high-od: vessel.min_high_od: must not be below"),
        (["--stain-dab", "0.65,0.7,0.29"], "--stain-dab: stain.dab: the directions of DAB and hematoxylin"),
        (["--vessel-min-area-um2", "nan"], "--vessel-min-area-um2: vessel.min_area_um2"),
        (["--stain-dab", "0.2;0.3"], "'--stain-dab': '0.2;0.3' is no list of numbers"),
        (["--stain-dab", "0.2,0.3"], "--stain-dab: stain.dab"),
        (["--stain-white-point", "240,240,300"], "--stain-white-point: stain.white_point"),
        (["--stain-method", "guess"], "'--stain-method': 'guess' is not one of"),
        (["--vessel-min-aera-um2", "5"], "--vessel-min-area-um2"),
        (["--mpp", "250"], "--slide-mpp: slide.mpp"),
    ],
)
def test_a_wrong_flag_is_named_and_nothing_is_written(mvd, slides, tmp_path, words, complaint):
    result = mvd("run", slides, "--out", tmp_path / "out", *words)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert not (tmp_path / "out").exists()


def test_two_flags_that_fit_each_other_are_taken_together(tmp_path):
    settings = settings_from(None, {"vessel__min_low_od": 0.3, "vessel__min_high_od": 0.4})
    assert (settings.vessel.min_low_od, settings.vessel.min_high_od) == (0.3, 0.4)
    (tmp_path / "mvd.toml").write_text("[vessel]\nmin_low_od = 0.3\n")
    assert settings_from(tmp_path / "mvd.toml", {"vessel__min_high_od": 0.4}) == settings
    with pytest.raises(SettingsError, match=r"mvd\.toml: vessel\.min_high_od: must not be below"):
        settings_from(tmp_path / "mvd.toml", {})
    (tmp_path / "mvd.toml").write_text("vessel = 3\n")
    with pytest.raises(SettingsError, match=r"mvd\.toml: vessel"):
        settings_from(tmp_path / "mvd.toml", {"vessel__min_high_od": 0.4})


def test_a_misspelt_key_in_the_toml_names_file_key_and_the_nearest(mvd, slides, tmp_path):
    (tmp_path / "mine.toml").write_text("[vessel]\nmin_aera_um2 = 33\n")
    for words in (
        ["run", slides, "--out", tmp_path / "out", "--config"],
        ["config", "check"],
        ["config", "show", "--config"],
    ):
        result = mvd(*words, tmp_path / "mine.toml")
        assert result.exit_code == 2
        assert result.stderr.startswith("mvd: error: ")
        assert result.stderr.count("\n") == 1
        for word in ("mine.toml", "vessel.min_aera_um2", "'vessel.min_area_um2'"):
            assert word in result.stderr


def test_config_show_is_the_toml_of_the_settings(mvd, tmp_path):
    assert mvd("config").output == mvd("config", "show").output == Settings().to_toml()
    (tmp_path / "a.toml").write_text("[hotspot]\nfield_mm2 = 0.35\n")
    shown = mvd("config", "show", "--config", tmp_path / "a.toml").output
    assert tomllib.loads(shown)["hotspot"]["field_mm2"] == 0.35
    assert Settings().fingerprint not in mvd("config", "check", tmp_path / "a.toml").output


def test_values_that_are_wrong_raise_settings_errors():
    with pytest.raises(SettingsError, match="--hotspot-count"):
        settings_from(None, {"hotspot__count": 0})
