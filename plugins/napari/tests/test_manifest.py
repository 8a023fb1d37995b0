import subprocess
import sys
from pathlib import Path

import npe2
from napari_mvd.reader import result_reader


def test_npe2_finds_the_manifest_valid():
    npe2_command = Path(sys.executable).with_name("npe2")
    answer = subprocess.run(
        [npe2_command, "validate", "napari-mvd"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_command_of_the_manifest_can_be_called():
    manifest = npe2.PluginManifest.from_distribution("napari-mvd")
    assert all(
        callable(command.python_name and npe2_import(command.python_name))
        for command in manifest.contributions.commands
    )


def npe2_import(python_name):
    module, name = python_name.split(":")
    return getattr(__import__(module, fromlist=[name]), name)


def test_other_paths_are_left_to_other_readers(tmp_path):
    assert result_reader(str(tmp_path)) is None
    assert result_reader(str(tmp_path / "slide.svs")) is None
    assert result_reader([str(tmp_path)]) is None


def test_napari_reads_the_folder_through_the_manifest(slide_folder):
    npe2.PluginManager.instance().discover()
    layers = npe2.read([str(slide_folder)], stack=False, plugin_name="napari-mvd")
    assert [kind for _, _, kind in layers] == ["image", "shapes", "points"]
