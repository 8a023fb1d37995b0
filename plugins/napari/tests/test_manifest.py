import importlib
import subprocess
import sys
from pathlib import Path

import npe2
from napari_mvd.reader import result_reader, slide_reader


def test_npe2_finds_the_manifest_valid():
    npe2_command = Path(sys.executable).with_name("npe2")
    answer = subprocess.run(
        [npe2_command, "validate", "napari-mvd"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_command_of_the_manifest_can_be_called():
    manifest = npe2.PluginManifest.from_distribution("napari-mvd")
    for command in manifest.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_other_paths_are_left_to_other_readers(tmp_path):
    assert result_reader(str(tmp_path)) is None
    assert result_reader(str(tmp_path / "slide.svs")) is None
    assert result_reader([str(tmp_path)]) is None
    assert slide_reader(str(tmp_path)) is None
    assert slide_reader([str(tmp_path)]) is None


def test_napari_reads_the_folder_through_the_manifest(slide_folder):
    npe2.PluginManager.instance().discover()
    layers = npe2.read([str(slide_folder)], stack=False, plugin_name="napari-mvd")
    assert [kind for _, _, kind in layers] == [
        "image",
        "image",
        "labels",
        "labels",
        "labels",
        "shapes",
        "points",
    ]


def test_napari_reads_a_result_folder_through_the_manifest(result_folder, slide_folder):
    npe2.PluginManager.instance().discover()
    layers = npe2.read([str(result_folder)], stack=False, plugin_name="napari-mvd")
    assert layers[0][1]["metadata"]["mvd_folder"] == str(slide_folder)


def test_the_sample_is_a_cohort_of_slides():
    npe2.PluginManager.instance().discover()
    ((_, samples),) = [
        each for each in npe2.PluginManager.instance().iter_sample_data() if each[0] == "napari-mvd"
    ]
    layers = samples[0].open()
    assert [keywords["name"] for _, keywords, _ in layers][::5] == ["control_1", "treated_3"]
    for _, keywords, _ in layers:
        keywords["metadata"]["mvd_slide"].close()


def test_napari_reads_a_slide_through_the_manifest(slide_path):
    npe2.PluginManager.instance().discover()
    ((levels, _, kind),) = npe2.read([str(slide_path)], stack=False, plugin_name="napari-mvd")
    assert kind == "image"
    assert levels[0].ndim == 3
