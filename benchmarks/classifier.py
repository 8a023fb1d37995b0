"""The trained classifier beside the thresholds, on synthetic slides that it was not trained on.

    python benchmarks/classifier.py [--quick] [--seeds 7000-7007] [--write]

One classifier is trained as `mvd train` does it, on three phantoms (one of each difficulty) with simulated scribbles:
strokes along the walls of 30 vessels each, round half of them, over pigment, and 60 over the tissue between. Then both
methods measure phantoms of other seeds, JPEG TIFFs all of them. The rules of the method were chosen on the seeds 3000
to 3003, and after a look at 5000 to 6007; none of them is among these.

The speed is that of the step in question alone, a tile's candidate mask, on one core.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from page import machine, markdown_table, write_section

import mvd
from mvd.classifier import classifier_bytes
from mvd.fit import fit_stain
from mvd.geometry import Rect
from mvd.haze import remove_haze
from mvd.overview import read_overview
from mvd.phantom import LOOKS, Difficulty, PhantomSpec, Score, make_phantom, score, write_phantom
from mvd.phantom.scribbles import scribble
from mvd.segment import make_segmenter, smooth_dab
from mvd.slide import at_mpp
from mvd.training import Lesson, learn, read_marks, sample_slide
from mvd.walls import make_wall_finder

TRAINING_SEED = 500
LINE_UM = 1.5
REPEATS = 7


@dataclass(frozen=True)
class Answer:
    """Scores of both methods on one phantom, and their speed, Mpx/s."""

    difficulty: str
    scores: dict[str, Score]
    speed: dict[str, float]


def train(folder: Path, side_um: float) -> Lesson:
    """Train on a phantom of each difficulty."""
    samples = []
    for number, difficulty in enumerate(LOOKS):
        phantom = make_phantom(PhantomSpec(TRAINING_SEED + number, difficulty, side_um, side_um))
        slide = write_phantom(phantom, folder, f"training_{difficulty}")
        labels = slide.with_suffix(".geojson")
        labels.write_text(json.dumps(scribble(phantom)), encoding="utf-8")
        marks = read_marks(labels, slide.name)
        samples.append(sample_slide(slide, marks, mvd.Settings(), number=number, line_um=LINE_UM))
    return learn(samples, mvd.Settings())


def compare(
    folder: Path, methods: dict[str, mvd.Settings], difficulty: Difficulty, seed: int, side_um: float
) -> Answer:
    """Measure one phantom by all methods."""
    phantom = make_phantom(PhantomSpec(seed, difficulty, side_um, side_um))
    slide = write_phantom(phantom, folder, f"{difficulty}_{seed}")
    scores = {name: score(mvd.analyze(slide, own).vessels.table, phantom) for name, own in methods.items()}
    return Answer(difficulty, scores, {name: speed(slide, own) for name, own in methods.items()})


def speed(path: Path, settings: mvd.Settings) -> float:
    """Megapixels a second of one core that become a candidate mask; the best of several."""
    cv2.setNumThreads(1)
    with closing(mvd.open_slide(path)) as slide:
        level = at_mpp(slide, settings.slide.analysis_mpp)
        overview = read_overview(slide, level, settings)
        stain = fit_stain(level, overview.picture.rgb, overview.tissue, settings)
        segmenter = make_segmenter(stain, settings.vessel, level.mpp)
        walls = make_wall_finder(stain, segmenter, settings.vessel, level.mpp)
        height, width = level.shape_px
        place = Rect(height // 4, width // 4, height // 2, width // 2)
        rgb = level.read(place)
    dab = smooth_dab(rgb, segmenter.luts, segmenter.filters)
    remove_haze(dab, stain.haze, place, level.mpp)
    seconds = min(_seconds(lambda: walls.find(rgb, dab, place)) for _ in range(REPEATS))
    return place.area_px / seconds / 1e6


def _seconds(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start


def report(lesson: Lesson, answers: list[Answer], size: int) -> Iterator[str]:
    """Yield the paragraphs of the results."""
    pixels = ", ".join(
        f"{name} {vessel} and {rest}" for name, (vessel, rest) in zip(LOOKS, lesson.pixels, strict=True)
    )
    yield (
        f"Trained on seeds {TRAINING_SEED} to {TRAINING_SEED + 2}; pixels of vessel and of background: {pixels}. "
        f"{len(lesson.classifier.forest.roots)} trees, a file of {size / 1024:.0f} KiB."
    )
    places = [(s.place, f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}") for s in lesson.scores]
    yield markdown_table(("labelled pixels of the slide left out", "precision", "recall", "F1"), places)
    rows = []
    for difficulty in LOOKS:
        own = [answer for answer in answers if answer.difficulty == difficulty]
        for method in own[0].scores:
            scores = [answer.scores[method] for answer in own]
            best = max(answer.speed[method] for answer in own)
            rows.append((difficulty, method, *_means(scores), f"{best:.0f}"))
    head = ("phantoms", "method", "precision", "recall", "F1", "worst F1", "count error", "worst", "Mpx/s")
    yield markdown_table(head, rows)


def _means(scores: list[Score]) -> tuple[str, ...]:
    parts = [np.mean([getattr(s, name) for s in scores]) for name in ("precision", "recall", "f1")]
    errors = [s.count_error for s in scores]
    worst = max(errors, key=abs)
    f1 = min(s.f1 for s in scores)
    return (*(f"{part:.3f}" for part in (*parts, f1)), f"{np.mean(errors):+.1%}", f"{worst:+.1%}")


def main() -> None:
    """Print the results; write them too if asked."""
    args = _arguments()
    side_um = 400.0 if args.quick else 1200.0
    lines = ["## Trained classifier", machine()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lesson = train(folder, side_um)
        content = classifier_bytes(lesson.classifier)
        (folder / "model.npz").write_bytes(content)
        values = {"method": "classifier", "classifier": str(folder / "model.npz")}
        methods = {
            "threshold": mvd.Settings(),
            "classifier": mvd.Settings.from_mapping({"vessel": values}),
        }
        answers = [
            compare(folder, methods, difficulty, seed, side_um) for difficulty in LOOKS for seed in args.seeds
        ]
    truth = sum(answer.scores["threshold"].truth for answer in answers)
    lines.append(
        f"Seeds {args.seeds.start} to {args.seeds.stop - 1}, {side_um / 1000:g} x {side_um / 1000:g} mm at 0.5 um/px, "
        f"JPEG; {truth} countable vessels. The phantoms are mvd's own: this tells what labels can teach on what "
        "they show, not how either method does on slides of other laboratories."
    )
    lines += report(lesson, answers, len(content))
    print("\n\n".join(lines))
    if args.write:
        write_section("classifier", "\n\n".join(lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one small phantom of each difficulty")
    parser.add_argument("--seeds", type=_seeds, help="seeds, first-last (default 7000-7007)")
    parser.add_argument("--write", action="store_true", help="put the results into RESULTS.md")
    args = parser.parse_args()
    args.seeds = args.seeds or (range(7000, 7001) if args.quick else range(7000, 7008))
    return args


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    main()
