"""The report of many slides in a real browser: how soon it can be used, and how soon it answers.

    python benchmarks/report_pages.py [--quick] [--slides N] [--results DIR] [--pictures DIR] [--write]

The slides of sample_images are measured, and their result folders put under so many other names, each with another
density, a few as failed. `mvd report` writes one file of them, and then a page a slide. Chromium without a window opens
it from disk; what is timed ends when the picture of it is drawn, by the page's own clock.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from page import machine, markdown_table, write_section
from renamed import leave_renamed

from mvd.batch import rebuild, slide_id

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, os.fspath(ROOT / "tests" / "report"))
from browsing import browser, requests, until  # noqa: E402

MAIN = "from mvd.cli import main; main()"
DRAWN = """const done = arguments[arguments.length - 1], start = performance.now();
const act = () => { %s };
requestAnimationFrame(() => { const begun = performance.now(); act();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun), 0)); });"""
"""Milliseconds from an act to the frame after it, which is drawn when the script goes on."""
ACTS = {
    "sort by MVD": "document.querySelector('[data-name=mvd_tissue_per_mm2] button').click()",
    "sort by name": "document.querySelector('[data-name=slide] button').click()",
    "a letter in the search box": "const s = document.getElementById('search'); s.value = "
    "s.value ? '' : '7'; s.dispatchEvent(new Event('input', {bubbles: true}))",
    "a column more or less": "document.querySelector('#columns [value=clark_evans]').click()",
}
REPEATS = 7


def main() -> int:
    """Measure, print, and return the exit code."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="mvd_pages_") as folder:
        out = Path(folder) / "out"
        made = options.results or _measured(Path(folder) / "made")
        _multiply(made, out, options.slides)
        text = told(options.slides, *_lived_with(out, options.slides, options.pictures))
    print(text)
    if options.write:
        write_section("report_pages", text)
    return 0


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="20 slides")
    parser.add_argument("--slides", type=int, default=500)
    parser.add_argument("--results", type=Path, help="a result folder of sample_images, if there is one")
    parser.add_argument("--pictures", type=Path, help="where screenshots go, to be looked at")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    options.slides = 20 if options.quick else options.slides
    return options


def _measured(out: Path) -> Path:
    command = [sys.executable, "-c", MAIN, "run", os.fspath(ROOT / "sample_images"), "--out", os.fspath(out)]
    subprocess.run([*command, "--quiet"], check=True)
    return out


def _multiply(made: Path, out: Path, count: int) -> None:
    """Leave a result folder of ``count`` slides, as a run of them would have."""
    record = json.loads((made / "run.json").read_bytes())
    factors = np.random.default_rng(5).lognormal(0.0, 0.4, count)
    slides = []
    for number, factor in enumerate(factors):
        of = record["slides"][number % len(record["slides"])]
        name = f"ward_{number % 7 + 1}/case_{number + 1:04d}.tif"
        slide = of | {"slide_id": slide_id(name), "slide": name}
        if number % 50 == 49:
            slide |= {"status": "failed", "error": "no_mpp", "message": "no pixel size; pass --mpp"}
        else:
            leave_renamed(
                made / "slides" / of["slide_id"],
                out / "slides" / slide["slide_id"],
                (of["slide"], name),
                partial(_denser, factor=float(factor)),
            )
        slides.append(slide)
    (out / "run.json").write_text(json.dumps(record | {"slides": slides}))


def _denser(about: dict[str, Any], factor: float) -> None:
    """Change the density that slide.json tells of."""
    for name in ("mvd_tissue_per_mm2", "mvd_low_per_mm2", "mvd_high_per_mm2"):
        about["summary"][name] = (about["summary"][name] or 0) * factor


def _lived_with(out: Path, count: int, pictures: Path | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was found of one file, and of a page a slide: words -> figure."""
    one: dict[str, str] = {}
    begun = time.perf_counter()
    rebuild(out)
    one["`mvd report`, s"] = f"{time.perf_counter() - begun:.0f}"
    size = (out / "report.html").stat().st_size
    one["report.html, MB"] = f"{size / 1e6:.1f}"
    one["MB a hundred slides (at most 25)"] = f"{size / 1e4 / count:.1f}"
    one |= _in_browser(out / "report.html", pictures and pictures / "one")
    split: dict[str, str] = {}
    begun = time.perf_counter()
    rebuild(out, split=True)
    split["`mvd report --split`, s"] = f"{time.perf_counter() - begun:.0f}"
    pages = [path.stat().st_size for path in (out / "report").glob("*.html")]
    split["report.html, MB"] = f"{(out / 'report.html').stat().st_size / 1e6:.1f}"
    split["pages"] = f"{len(pages)}"
    split["the largest page, MB (at most 2.5)"] = f"{max(pages) / 1e6:.2f}"
    split |= _in_browser(out / "report.html", pictures and pictures / "split")
    return one, split


def _in_browser(report: Path, pictures: Path | None) -> dict[str, str]:
    with browser() as driver:
        driver.set_page_load_timeout(300)
        driver.set_script_timeout(300)
        driver.get("about:blank")
        time.sleep(1)
        requests(driver)  # those of the browser's own first page
        driver.get(report.resolve().as_uri())
        until(lambda: driver.find_elements("css selector", "footer"), 300)
        first = driver.execute_async_script(DRAWN % ACTS["sort by MVD"])
        times = driver.execute_script(
            "const n = performance.getEntriesByType('navigation')[0];"
            "return [n.domInteractive, n.loadEventEnd]"
        )
        found = {
            "parsed, s": f"{times[0] / 1000:.1f}",
            "load event, s": f"{times[1] / 1000:.1f}",
            "first sort, ms": f"{first:.0f}",
        }
        for words, act in ACTS.items():
            spent = [driver.execute_async_script(DRAWN % act) for _ in range(REPEATS)]
            found[f"{words}, ms: median, most"] = f"{statistics.median(spent):.0f}, {max(spent):.0f}"
        _scroll(driver, pictures)
        heap = driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]
        found["JavaScript heap after scrolling through, MB"] = f"{heap / 1e6:.1f}"
        asked = [url for url in requests(driver) if url != report.resolve().as_uri()]
        found["requests that left the file"] = f"{len(asked)}"
        found["console messages"] = f"{len(driver.get_log('browser'))}"
    return found


def _scroll(driver, pictures: Path | None) -> None:
    """Go through the report as a reader does, and take a picture at ten places."""
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    for tenth in range(11):
        driver.execute_script("scrollTo(0, document.body.scrollHeight * arguments[0] / 10)", tenth)
        time.sleep(1)
        if pictures:
            driver.save_screenshot(os.fspath(pictures / f"at_{tenth:02d}.png"))


def told(count: int, one: dict[str, str], split: dict[str, str]) -> str:
    """Return the section for RESULTS.md."""
    names = list(one) + [name for name in split if name not in one]
    rows = [[name, one.get(name, ""), split.get(name, "")] for name in names]
    return "\n\n".join(
        [
            f"## The report of {count} slides",
            "The slides of sample_images, measured once and put under other names, one in fifty as failed. Chromium "
            f"without a window, the file opened from disk. An act ends when it is drawn; {REPEATS} of each, "
            f"after the first. {machine()}",
            markdown_table(["", "one file", "a page a slide"], rows),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
