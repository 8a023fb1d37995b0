"""The trees' vote against scikit-learn's own, and a file that is believed only when it holds together."""

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from mvd.classifier import (
    CERTAIN,
    FEATURES,
    Classifier,
    Forest,
    classifier_bytes,
    feature_values,
    load_classifier,
    sizes_at,
    stacked,
    vessel_probability,
)
from mvd.classifier.features import DAB
from mvd.errors import SettingsError
from mvd.segment import ZERO_MILLI_OD
from mvd.settings import Settings
from mvd.training.learn import forest_of

SHAPE = (90, 100)
ALL = np.ones(SHAPE, bool)
ROWS, COLS = (places.ravel() for places in np.indices(SHAPE))


@pytest.fixture(scope="module")
def stack():
    rng = np.random.default_rng(1)
    planes = rng.normal(ZERO_MILLI_OD + 150, 120, (3, *SHAPE))
    planes[DAB, 30:40] += 300
    return stacked(planes.clip(0, 65535).astype(np.uint16), sizes_at(0.5))


@pytest.fixture(scope="module")
def model(stack):
    """A forest of scikit-learn, with classes of unequal weight."""
    values = feature_values(stack, ROWS, COLS)
    is_vessel = (np.abs(ROWS - 35) < 8) ^ (np.random.default_rng(2).random(len(ROWS)) < 0.1)
    return RandomForestClassifier(15, max_depth=9, class_weight="balanced", random_state=3).fit(
        values, is_vessel
    )


@pytest.fixture(scope="module")
def forest(model):
    return forest_of(model)


def test_the_vote_is_that_of_scikit_learn(stack, model, forest):
    found = vessel_probability(stack, forest, ALL)
    truth = model.predict_proba(feature_values(stack, ROWS, COLS))[:, 1].reshape(SHAPE)
    assert np.abs(found / CERTAIN - truth).max() < 2e-5
    assert truth.std() > 0.2, "else the bound proves nothing"
    np.testing.assert_array_equal(found, vessel_probability(stack, forest, ALL))


def test_a_threshold_between_whole_numbers_parts_them_as_scikit_learn_does(stack, model, forest):
    values = feature_values(stack, ROWS, COLS)
    for number, estimator in enumerate(model.estimators_[:3]):
        leaves = estimator.apply(values.astype(np.float32)) + forest.roots[number]
        node = np.full(len(values), forest.roots[number])
        for _ in range(20):
            right = values[np.arange(len(values)), forest.feature[node]] > forest.threshold[node]
            following = np.where(right, forest.right[node], forest.left[node])
            node = np.where(following < 0, node, following)
        np.testing.assert_array_equal(node, leaves)


@pytest.mark.parametrize("bounds", [(20_000, 50_000), (32_768, 32_768), (1, 65_535)])
def test_to_stop_early_changes_no_answer(stack, forest, bounds):
    exact = vessel_probability(stack, forest, ALL)
    early = vessel_probability(stack, forest, ALL, bounds)
    for least in bounds:
        np.testing.assert_array_equal(exact >= least, early >= least)
    between = (exact >= bounds[0]) & (exact < bounds[1])
    np.testing.assert_array_equal(exact[between], early[between])


def test_only_what_is_wanted_is_judged(stack, forest):
    wanted = np.random.default_rng(4).random(SHAPE) < 0.3
    found = vessel_probability(stack, forest, wanted)
    assert not found[~wanted].any()
    np.testing.assert_array_equal(found[wanted], vessel_probability(stack, forest, ALL)[wanted])


def settings_with(path):
    values = {"vessel": {"method": "classifier", "classifier": str(path)}}
    return Settings.from_mapping(values).vessel


def test_a_saved_classifier_is_the_same_again(tmp_path, forest):
    classifier = Classifier(forest, 0.5, 0.05, {"pixels": [{"vessel": 3, "background": 4}]})
    content = classifier_bytes(classifier)
    assert content == classifier_bytes(classifier), "no time, no chance"
    (tmp_path / "model.npz").write_bytes(content)
    again = load_classifier(settings_with(tmp_path / "model.npz"))
    assert (again.mpp, again.least_od, again.facts) == (0.5, 0.05, classifier.facts)
    for name in ("feature", "threshold", "left", "right", "leaf", "roots"):
        np.testing.assert_array_equal(getattr(again.forest, name), getattr(forest, name))


def spoiled(forest, changes=None, without=(), **arrays):
    """The arrays of a file with something changed."""
    known = {
        name: getattr(forest, name) for name in ("feature", "threshold", "left", "right", "leaf", "roots")
    }
    text = {
        "format": "mvd pixel classifier",
        "version": 1,
        "features": list(FEATURES),
        "normalisation": "milli-OD above the slide's own background of hematoxylin and DAB; haze removed",
        "mpp": 0.5,
        "least_od": 0.05,
        "facts": {},
    }
    known["header"] = np.frombuffer(json.dumps(text | (changes or {})).encode(), np.uint8)
    return {name: value for name, value in (known | arrays).items() if name not in without}


SPOILED = {
    "a later version": ({"header": {"version": 2}}, "has version 2, and this mvd reads version 1"),
    "other features": ({"header": {"features": ["dab"]}}, "trained on other features"),
    "another normalisation": ({"header": {"normalisation": "none"}}, "trained on other features"),
    "another format": ({"header": {"format": "cat"}}, "is no classifier of mvd"),
    "no pixel size": ({"header": {"mpp": "0.5"}}, "pixel size of 0.5"),
    "a pixel size of 0": ({"header": {"mpp": 0.0}}, "pixel size of 0.0"),
    "no leaves": ({"without": ["leaf"]}, "it has no leaf"),
    "no header": ({"without": ["header"]}, "it has no header"),
    "a header that is no JSON": ({"arrays": {"header": np.frombuffer(b"{", np.uint8)}}, ""),
    "leaves of another type": ({"arrays": {"leaf": np.zeros(3)}}, "leaf that is no list of uint16"),
    "leaves for some nodes": ({"arrays": {"leaf": np.zeros(3, np.uint16)}}, "different lengths"),
    "no tree": ({"arrays": {"roots": np.zeros(0, np.int32)}}, "lead nowhere"),
    "a root that is not there": ({"arrays": {"roots": np.array([99_999], np.int32)}}, "lead nowhere"),
    "a pickle": ({"arrays": {"leaf": np.array([{}], object)}}, "allow_pickle"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_file_is_refused_by_name(tmp_path, forest, what):
    changes, words = SPOILED[what]
    arrays = spoiled(forest, changes.get("header"), changes.get("without", ()), **changes.get("arrays", {}))
    np.savez(tmp_path / "model.npz", **arrays)
    refused(tmp_path / "model.npz", words)


@pytest.mark.parametrize(
    ("name", "change"),
    [("left", 0), ("right", 0), ("left", 10**6), ("right", -5), ("feature", len(FEATURES)), ("feature", -1)],
)
def test_a_node_that_leads_astray_is_noticed(tmp_path, forest, name, change):
    nodes = getattr(forest, name).copy()
    nodes[np.flatnonzero(forest.left >= 0)[3]] = change
    np.savez(tmp_path / "model.npz", **spoiled(forest, **{name: nodes}))
    refused(tmp_path / "model.npz", "lead nowhere")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x80\x04\x95 a pickle"])
def test_what_is_no_npz_is_refused(tmp_path, content):
    (tmp_path / "model.npz").write_bytes(content)
    refused(tmp_path / "model.npz", "")


def test_a_file_cut_off_anywhere_is_refused(tmp_path, forest):
    content = classifier_bytes(Classifier(forest, 0.5, 0.05))
    for part in (0.1, 0.5, 0.99):
        (tmp_path / "model.npz").write_bytes(content[: int(part * len(content))])
        refused(tmp_path / "model.npz", "")


@pytest.mark.parametrize("shape", [(10**14,), (10**7, 10**7), (0,)])
def test_an_array_that_says_another_size_than_it_has_takes_no_memory(tmp_path, forest, shape):
    content = io.BytesIO()
    own = io.BytesIO(classifier_bytes(Classifier(forest, 0.5, 0.05)))
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive, zipfile.ZipFile(own) as whole:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name) if name != "left.npy" else lying(shape))
    (tmp_path / "model.npz").write_bytes(content.getvalue())
    tracemalloc.start()
    try:
        refused(tmp_path / "model.npz", "another size than it has")
        assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    finally:
        tracemalloc.stop()


def lying(shape):
    """A .npy of four bytes that says it has another shape."""
    stream = io.BytesIO()
    header = {"descr": "<i4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + bytes(4)


def test_another_file_than_the_settings_name_is_refused(tmp_path, forest):
    path = tmp_path / "model.npz"
    path.write_bytes(classifier_bytes(Classifier(forest, 0.5, 0.05)))
    settings = settings_with(path)
    path.write_bytes(classifier_bytes(Classifier(forest, 0.5, 0.06)))
    with pytest.raises(SettingsError, match=r"model\.npz: is not the file that the settings name"):
        load_classifier(settings)
    path.unlink()
    with pytest.raises(SettingsError, match=r"model\.npz: cannot be read .* --vessel-classifier") as caught:
        load_classifier(settings)
    assert str(tmp_path) not in str(caught.value)


def test_without_a_file_the_error_says_what_makes_one():
    settings = Settings.from_mapping({"vessel": {"method": "classifier"}}).vessel
    with pytest.raises(SettingsError, match="mvd train"):
        load_classifier(settings)


def refused(path, words):
    with pytest.raises(SettingsError) as caught:
        load_classifier(settings_with(path))
    message = str(caught.value)
    assert message.startswith("classifier model.npz: ")
    assert words in message
    assert "make it again with `mvd train`" in message
    assert "\n" not in message
    assert str(path.parent) not in message


def test_one_leaf_alone_is_a_tree():
    zero = np.zeros(1, np.int32)
    none = np.array([-1], np.int32)
    leaf = Forest(zero.astype(np.int16), zero, none, none, np.array([CERTAIN], np.uint16), zero)
    planes = np.full((3, 5, 6), ZERO_MILLI_OD + 100, np.uint16)
    assert (vessel_probability(stacked(planes, sizes_at(0.5)), leaf, np.ones((5, 6), bool)) == CERTAIN).all()
