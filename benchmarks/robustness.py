"""How far mvd's density moves when the same scene is stained, scanned or packed otherwise.

    python benchmarks/robustness.py [--quick] [--seeds 9100-9101] [--side UM] [--write]

One phantom a seed and difficulty, changed in one way at a time; MVD is counted vessels by area of tissue, beside that
of the unchanged scene. The bar is 5 % either way. Stain strength stands for itself: no bar is set for it.
"""

import argparse
from collections.abc import Callable

import cv2
import numpy as np
from accuracy import _seeds
from numpy.typing import NDArray
from page import machine, markdown_table, write_section

import mvd
from mvd.phantom import LOOKS, Difficulty, PhantomSpec, make_phantom

Rgb = NDArray[np.uint8]
BAR = 0.05
VECTORS = np.array([[0.650, 0.704, 0.286], [0.268, 0.570, 0.776], [0.711, 0.423, 0.562]])


def gain(red: float, green: float, blue: float) -> Callable[[Rgb], Rgb]:
    """Make each channel so many times as bright."""
    return lambda rgb: _bytes(rgb * np.array([red, green, blue]))


def strength(factor: float) -> Callable[[Rgb], Rgb]:
    """Multiply the optical density."""
    return lambda rgb: _bytes(255 * (np.maximum(rgb, 1) / 255.0) ** factor)


def turned(degrees: float) -> Callable[[Rgb], Rgb]:
    """Turn the DAB vector by so many degrees, towards (above 0) or away from hematoxylin."""
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    aside = unit[0] - (unit[0] @ unit[1]) * unit[1]
    angle = np.deg2rad(degrees)
    drifted = unit.copy()
    drifted[1] = np.cos(angle) * unit[1] + np.sin(angle) * aside / np.linalg.norm(aside)
    change = np.linalg.inv(unit) @ drifted
    return lambda rgb: _bytes(255 * 10 ** (np.log10(np.maximum(rgb, 1) / 255.0) @ change))


def blur(sigma_um: float, mpp: float) -> Callable[[Rgb], Rgb]:
    """Blur by a Gaussian."""
    return lambda rgb: cv2.GaussianBlur(rgb, (0, 0), sigma_um / mpp)


def jpeg(quality: int) -> Callable[[Rgb], Rgb]:
    """Pack and unpack."""
    packed = lambda rgb: cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]  # noqa: E731
    return lambda rgb: cv2.imdecode(packed(rgb), 1)[..., ::-1]


def _bytes(values: NDArray[np.float64]) -> Rgb:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def changes(mpp: float) -> dict[str, Callable[[Rgb], Rgb]]:
    """Name -> change at the same pixel size."""
    found = {
        f"white balance: {name} {part:.0%}": gain(*(part if name == own else 1 for own in "RGB"))
        for name in "RGB"
        for part in (0.9, 1.1)
    }
    found |= {f"brightness {part:.0%}": gain(part, part, part) for part in (0.9, 1.1)}
    found |= {f"DAB vector {degrees:+d} degrees": turned(degrees) for degrees in (-5, 5)}
    found |= {f"JPEG quality {quality}": jpeg(quality) for quality in (95, 80, 65, 50)}
    found |= {f"blur, sigma {sigma} um": blur(sigma, mpp) for sigma in (0.35, 0.7)}
    return found | {f"stain strength {part:.0%}": strength(part) for part in (0.7, 1.3)}


def density(rgb: Rgb, mpp: float) -> float:
    """Counted vessels by mm2 of tissue."""
    result = mvd.analyze(rgb, mvd.Settings.from_mapping({"slide": {"mpp": mpp}}), workers=1)
    return float(result.vessels.table["counted"].sum()) / result.tissue.area_mm2


def sweep(seed: int, difficulty: Difficulty, side_um: float, quick: bool) -> dict[str, float]:
    """Name of the change -> relative change of MVD."""
    phantom = make_phantom(PhantomSpec(seed, difficulty, side_um, side_um))
    rgb, mpp = phantom.rgb, phantom.mpp
    usual = density(rgb, mpp)
    asked = changes(mpp)
    if quick:
        asked = {name: asked[name] for name in ("brightness 90%", "JPEG quality 50")}
    found = {
        name: density(np.ascontiguousarray(change(rgb)), mpp) / usual - 1 for name, change in asked.items()
    }
    for other in () if quick else (0.25, 0.35, 0.6):
        scale = mpp / other
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        sized = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=way)
        found[f"{other} um/px"] = density(sized, other) / usual - 1
    return found


def table(seeds: range, difficulty: Difficulty, side_um: float, quick: bool) -> str:
    """One row for each change: the mean over the seeds, the worst, and how many are within the bar."""
    sweeps = [sweep(seed, difficulty, side_um, quick) for seed in seeds]
    rows = []
    for name in sweeps[0]:
        shifts = [one[name] for one in sweeps]
        worst = max(shifts, key=abs)
        within = sum(abs(shift) <= BAR for shift in shifts)
        bar = "none" if name.startswith("stain") else "yes" if abs(np.mean(shifts)) <= BAR else "**no**"
        rows.append((name, f"{np.mean(shifts):+.1%}", f"{worst:+.1%}", f"{within} of {len(shifts)}", bar))
    head = (f"{difficulty}: change", "MVD, mean", "worst seed", "seeds within 5 %", "mean within 5 %")
    return markdown_table(head, rows)


def main() -> None:
    """Print the results; write them too if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one small phantom, two changes")
    parser.add_argument("--seeds", type=_seeds, default=range(9100, 9102), help="seeds, first-last")
    parser.add_argument("--side", type=float, default=1000.0, help="side of a phantom, um")
    parser.add_argument("--write", action="store_true", help="put the results into RESULTS.md")
    args = parser.parse_args()
    seeds, side = (range(9100, 9101), 450.0) if args.quick else (args.seeds, args.side)
    text = "\n\n".join(
        [
            "## Robustness",
            machine(),
            f"Seeds {seeds.start} to {seeds.stop - 1}, {side / 1000:g} mm a side at 0.5 um/px, one change at a time. "
            "One vessel more or less is about 1 to 2 % of a phantom.",
            *(table(seeds, name, side, args.quick) for name in (("typical",) if args.quick else LOOKS)),
        ]
    )
    print(text)
    if args.write:
        write_section("robustness", text)


if __name__ == "__main__":
    main()
