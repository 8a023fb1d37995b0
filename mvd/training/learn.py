"""Samples -> a forest, with how well it does on pixels that it has not seen.

Input: ``Samples`` of one slide or more. Output: ``Lesson``. The same samples give the same trees, whatever the threads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvd.classifier import CERTAIN, FEATURES, Classifier, Forest
from mvd.errors import LabelsError, MissingDependency
from mvd.settings import Settings
from mvd.training.drift import MOST_DRIFT, drifted
from mvd.training.sample import LEAST_OD, Samples

TREES, DEEPEST, LEAST_IN_LEAF = 40, 12, 10
LEAST_PIXELS = 50
"""Of vessel and of background each."""
MOST_FOLDS = 5
_SEED = 0


@dataclass(frozen=True)
class Score:
    """How a forest grown on the other places did at one place, at the ``skirt_probability`` of the settings.

    Attributes
    ----------
    place : str
        ``slide 1`` or ``fold 1``: of squares of the slide.
    vessel, background : int
        Pixels of either kind.
    precision, recall, f1 : float
        Of vessel pixels, 0 to 1.
    """

    place: str
    vessel: int
    background: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Lesson:
    """What was learnt.

    Attributes
    ----------
    classifier : Classifier
    pixels : tuple of (int, int)
        Vessel and background pixels of each slide.
    scores : tuple of Score
        Of cross-validation, the last one of all places together; empty where the labels lie in too few places.
    importance : tuple of (str, float)
        Features and their part in telling vessel from background, the largest first; the parts sum up to 1.
    """

    classifier: Classifier
    pixels: tuple[tuple[int, int], ...]
    scores: tuple[Score, ...]
    importance: tuple[tuple[str, float], ...]


def learn(samples: Sequence[Samples], settings: Settings, workers: int | None = None) -> Lesson:
    """Grow a forest on the samples of all slides.

    Parameters
    ----------
    samples : sequence of Samples
        In the order of the slides' numbers.
    settings : Settings
    workers : int, optional
        Threads; never changes a result.

    Raises
    ------
    MissingDependency
        scikit-learn is not installed.
    LabelsError
        Too few pixels of either kind.
    """
    values = np.concatenate([part.values for part in samples])
    is_vessel = np.concatenate([part.is_vessel for part in samples])
    pixels = tuple((int(part.is_vessel.sum()), int((~part.is_vessel).sum())) for part in samples)
    for name, count in zip(("vessel", "background"), np.sum(pixels, axis=0), strict=True):
        if count < LEAST_PIXELS:
            raise LabelsError(
                f"only {count} {name} pixels have enough DAB to learn from, {LEAST_PIXELS} are needed; "
                f"label more {name}, of background best what is brown but no vessel"
            )
    require_scikit_learn()
    groups = _groups(samples)
    scores = tuple(_cross_validate(values, is_vessel, groups, settings, workers))
    model = _grown(values, is_vessel, workers)
    order = np.argsort(-model.feature_importances_, kind="stable")
    importance = tuple((FEATURES[i], float(model.feature_importances_[i])) for i in order)
    mpp = float(np.median([part.mpp for part in samples]))
    classifier = Classifier(forest_of(model), mpp, LEAST_OD, _facts(settings, pixels, scores, importance))
    return Lesson(classifier, pixels, scores, importance)


def forest_of(model: Any) -> Forest:
    """Turn scikit-learn's forest of two classes into plain arrays; the features are whole numbers."""
    nodes: dict[str, list[NDArray[Any]]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "leaf")
    }
    roots, count = [], 0
    for tree in (estimator.tree_ for estimator in model.estimators_):
        inner = tree.children_left >= 0
        part = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
        nodes["feature"].append(np.where(inner, tree.feature, 0))
        # A whole number is at most a threshold if it is at most its floor.
        nodes["threshold"].append(np.where(inner, np.floor(tree.threshold), 0))
        nodes["left"].append(np.where(inner, tree.children_left + count, -1))
        nodes["right"].append(np.where(inner, tree.children_right + count, -1))
        nodes["leaf"].append(np.where(inner, 0, np.rint(part * CERTAIN)))
        roots.append(count)
        count += tree.node_count
    kinds = {"feature": np.int16, "leaf": np.uint16}
    arrays: dict[str, Any] = {
        name: np.concatenate(parts).astype(kinds.get(name, np.int32)) for name, parts in nodes.items()
    }
    return Forest(**arrays, roots=np.array(roots, np.int32))


def require_scikit_learn() -> None:
    """Raise ``MissingDependency``, with the line that installs it, where scikit-learn is missing."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise MissingDependency(
            'training needs scikit-learn; install it with: pip install "mvd[train]"'
        ) from None


def _grown(values: NDArray[np.int32], is_vessel: NDArray[np.bool_], workers: int | None) -> Any:
    """Grow scikit-learn's forest on the samples as they are, and as another staining would show them."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        TREES,
        max_depth=DEEPEST,
        min_samples_leaf=LEAST_IN_LEAF,
        class_weight="balanced",
        random_state=_SEED,
        n_jobs=workers or -1,
    )
    return forest.fit(
        np.concatenate([values, drifted(values, _SEED)]), np.concatenate([is_vessel, is_vessel])
    )


def _groups(samples: Sequence[Samples]) -> tuple[str, NDArray[np.int64]]:
    """Slides, where several have pixels of both kinds; else squares of the slides."""
    if sum(part.is_vessel.any() and not part.is_vessel.all() for part in samples) > 1:
        return "slide", np.concatenate([part.slide for part in samples]).astype(np.int64)
    places = np.concatenate([np.column_stack([part.slide, part.block]) for part in samples])
    return "fold", np.unique(places, axis=0, return_inverse=True)[1].ravel()


def _cross_validate(
    values: NDArray[np.int32],
    is_vessel: NDArray[np.bool_],
    groups: tuple[str, NDArray[np.int64]],
    settings: Settings,
    workers: int | None,
) -> Iterator[Score]:
    """Yield the score of every fold, and of all together."""
    from sklearn.model_selection import StratifiedGroupKFold

    name, group = groups
    folds = min(MOST_FOLDS, *(len(np.unique(group[is_vessel == kind])) for kind in (True, False)))
    if folds < 2:
        return
    found = np.zeros(len(values), bool)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=_SEED)
    held_out = [tested for _, tested in splitter.split(values, is_vessel, group)]
    for number, tested in enumerate(sorted(held_out, key=lambda tested: int(group[tested].min())), 1):
        learnt = np.setdiff1d(np.arange(len(values)), tested)
        if not len(tested) or len(np.unique(is_vessel[learnt])) < 2:
            continue
        model = _grown(values[learnt], is_vessel[learnt], workers)
        found[tested] = model.predict_proba(values[tested])[:, 1] >= settings.vessel.skirt_probability
        inside = np.unique(group[tested]) + 1
        place = f"slide {', '.join(map(str, inside))}" if name == "slide" else f"fold {number}"
        yield _score(place, is_vessel[tested], found[tested])
    yield _score("all", is_vessel, found)


def _score(place: str, is_vessel: NDArray[np.bool_], found: NDArray[np.bool_]) -> Score:
    right = int((is_vessel & found).sum())
    precision, recall = right / max(int(found.sum()), 1), right / max(int(is_vessel.sum()), 1)
    f1 = 2 * right / max(int(found.sum() + is_vessel.sum()), 1)
    return Score(place, int(is_vessel.sum()), int((~is_vessel).sum()), precision, recall, f1)


def _facts(
    settings: Settings,
    pixels: tuple[tuple[int, int], ...],
    scores: tuple[Score, ...],
    importance: tuple[tuple[str, float], ...],
) -> dict[str, Any]:
    """What the file tells of its making: numbers and settings, no name of a slide and no path."""
    from importlib.metadata import version

    from mvd import __version__

    return {
        "mvd_version": __version__,
        "libraries": {name: version(name) for name in ("scikit-learn", "numpy", "opencv-python-headless")},
        "forest": {
            "trees": TREES,
            "deepest": DEEPEST,
            "least_in_leaf": LEAST_IN_LEAF,
            "seed": _SEED,
            "most_drift": MOST_DRIFT,
        },
        "settings": {
            name: getattr(settings, name).model_dump(mode="json") for name in ("slide", "tissue", "stain")
        },
        "pixels": [{"vessel": vessel, "background": background} for vessel, background in pixels],
        "scores": [
            {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(s).items()} for s in scores
        ],
        "importance": {name: round(part, 6) for name, part in importance},
    }
