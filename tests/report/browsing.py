"""A Chromium without a window, to look at the report as a person does; as a script, the pictures of the README.

python tests/report/browsing.py RESULT_FOLDER docs/images
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mvd.report.pdf import BROWSERS, QUIET, unguarded

SECTIONS = {
    "report": "h1",
    "table": "#table-title",
    "slide": ".slide",
    "hotspots": ".slide h3",
    "maps": ".slide h3:nth-of-type(2)",
    "vessels": ".slide h3:nth-of-type(3)",
}
"""Name of the picture -> what is at its top."""


def why_no_browser() -> str | None:
    """Say what is missing for a browser that can be driven; None when nothing is."""
    if not any(map(shutil.which, BROWSERS)):
        return "no Chromium or Chrome on the PATH (Debian: apt install chromium chromium-driver)"
    if not shutil.which("chromedriver"):
        return "no chromedriver on the PATH (Debian: apt install chromium-driver)"
    return None


@contextmanager
def browser(*flags: str) -> Iterator[object]:
    """Start a browser with a new, empty profile; its ``folder`` takes what is downloaded."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(prefix="mvd-browser-", ignore_cleanup_errors=True) as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = next(path for name in BROWSERS if (path := shutil.which(name)))
        for flag in (
            *QUIET,
            *unguarded(),
            f"--user-data-dir={folder}/user",
            "--window-size=1400,1000",
            *flags,
        ):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {"download.default_directory": folder})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        driver.folder = Path(folder)
        try:
            yield driver
        finally:
            driver.quit()


def requests(driver) -> list[str]:
    """Return the addresses that the page has asked for since it was last asked, data URIs excepted."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith("data:")]


def until(condition, seconds: float = 5.0):
    """Wait for something to be true and return it."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
    return answer


def photograph(report: Path, images: Path) -> None:
    """Write a JPEG of each section of a report."""
    import cv2
    import numpy as np

    with browser() as driver:
        driver.get(report.resolve().as_uri())
        for name, selector in SECTIONS.items():
            driver.execute_script("document.querySelector('.numbers').open = true")
            section = driver.find_element("css selector", selector)
            driver.execute_script("arguments[0].scrollIntoView()", section)
            time.sleep(1)
            pixels = cv2.imdecode(np.frombuffer(driver.get_screenshot_as_png(), np.uint8), cv2.IMREAD_COLOR)
            cv2.imwrite(os.fspath(images / f"{name}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    photograph(Path(sys.argv[1]) / "report.html", Path(sys.argv[2]))
