"""``mvd train``, and ``mvd run`` with what it wrote."""

import csv
import json

import numpy as np
import pytest

from mvd.phantom import PhantomSpec, make_phantom, write_phantom
from mvd.phantom.scribbles import scribble


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A folder with two slides and their scribbles."""
    folder = tmp_path_factory.mktemp("labelled")
    for seed in (51, 52):
        spec = PhantomSpec(seed, "typical", height_um=300, width_um=320, vessels_per_mm2=260, outline=False)
        phantom = make_phantom(spec)
        write_phantom(phantom, folder, f"s{seed}")
        (folder / f"s{seed}.geojson").write_text(json.dumps(scribble(phantom)), encoding="utf-8")
    return folder


def words_of(folder, *seeds):
    pairs = [word for seed in seeds for word in ("--labels", folder / f"s{seed}.geojson")]
    return ["train", *(folder / f"s{seed}.tif" for seed in seeds), *pairs]


def test_what_was_learnt_is_told_and_used(mvd, labelled, tmp_path):
    model = tmp_path / "deep" / "model.npz"
    model.parent.mkdir()
    answer = mvd(*words_of(labelled, 51, 52), "--out", model)
    assert answer.exit_code == 0, answer.output
    lines = [line.split() for line in answer.stdout.splitlines() if line]
    assert lines[0] == ["labelled", "pixels", "vessel", "background"]
    assert [line[:3] for line in lines[1:3]] == [["slide", "1:", "s51.tif"], ["slide", "2:", "s52.tif"]]
    (both,) = [line for line in lines if line[0] == "all"]
    assert int(both[1]) == sum(int(line[3]) for line in lines[1:3])
    assert all(float(score) > 0.8 for score in both[2:])
    assert sum(line[-1].endswith("%") for line in lines) == 8
    assert "--vessel-method classifier" in answer.stderr

    run = mvd(
        *("run", labelled / "s51.tif", "--out", tmp_path / "out", "--quiet", "--workers", "1"),
        *("--vessel-method", "classifier", "--vessel-classifier", model, "--report-hotspot-pictures", "0"),
    )
    assert run.exit_code == 0, run.output
    text = (tmp_path / "out" / "run.json").read_text(encoding="utf-8")
    known = json.loads(text)
    assert known["settings"]["vessel"]["method"] == "classifier"
    name = known["settings"]["vessel"]["classifier"]
    assert name.startswith("model.npz@sha256:")
    assert name in known["settings_toml"]
    assert "deep" not in text
    with (tmp_path / "out" / "summary.csv").open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["status"] == "ok"
    assert int(row["vessels"]) > 10
    assert row["settings_fingerprint"] == known["settings_fingerprint"]

    corrected = mvd(
        "train", labelled / "s51.tif", "--labels", tmp_path / "out", "--out", tmp_path / "again.npz"
    )
    assert corrected.exit_code == 0, corrected.output
    assert (tmp_path / "again.npz").read_bytes() != model.read_bytes()


def test_the_same_labels_write_the_same_file(mvd, labelled, tmp_path):
    for name, workers in (("a.npz", 1), ("b.npz", 2)):
        words = ("--out", tmp_path / name, "--workers", workers)
        assert mvd(*words_of(labelled, 51), *words).exit_code == 0
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_slide_without_labels_exits_2(mvd, labelled, tmp_path):
    words = [labelled / "s51.tif", labelled / "s52.tif", "--labels", labelled / "s51.geojson"]
    answer = mvd("train", *words, "--out", tmp_path / "m.npz")
    assert answer.exit_code == 2
    assert "2 slides but 1 --labels" in answer.stderr


def test_labels_that_say_nothing_exit_1_and_nothing_is_written(mvd, labelled, tmp_path):
    (tmp_path / "a.geojson").write_text("{", encoding="utf-8")
    answer = mvd(
        "train", labelled / "s51.tif", "--labels", tmp_path / "a.geojson", "--out", tmp_path / "m.npz"
    )
    assert answer.exit_code == 1
    assert answer.stderr.startswith("mvd: error: a.geojson: line 1: is no JSON")
    assert [path.name for path in tmp_path.iterdir()] == ["a.geojson"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "none is given; pass --vessel-classifier"),
        (["--vessel-classifier", "none.npz"], "cannot be read"),
        (["--vessel-classifier", "other.npz"], "classifier other.npz: is no classifier of mvd"),
    ],
)
def test_a_run_whose_classifier_cannot_be_used_does_not_begin(
    mvd, labelled, tmp_path, monkeypatch, words, told
):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    answer = mvd("run", labelled / "s51.tif", "--out", "out", "--vessel-method", "classifier", *words)
    assert answer.exit_code == 2
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_training_without_scikit_learn_says_what_to_install(mvd, labelled, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    answer = mvd(*words_of(labelled, 51), "--out", tmp_path / "m.npz")
    assert answer.exit_code == 1
    assert 'pip install "mvd[train]"' in answer.stderr
