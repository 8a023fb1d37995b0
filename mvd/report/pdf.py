"""The report -> ``report.pdf``, printed by a Chromium without a window. Fetches nothing.

A PDF says when it was printed, so two prints of one page differ; what was printed is not printed again. Behind its end
a comment, which readers pass over, has the hash of the page.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from mvd.errors import MissingDependency, MvdError
from mvd.report.atomic import write_atomically

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
QUIET = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_LONGEST_S = 600
_PAGE = b"\n%%mvd page sha256 %s\n"


def check_browser() -> str:
    """Return the browser's path; ``MissingDependency`` if there is none."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise MissingDependency(
            "--pdf prints with Chromium or Chrome, and none is on the PATH; install one "
            "(Debian: apt install chromium), or open report.html in any browser and print it there"
        )
    return browser


def print_pdf(write: Callable[[Path], None], pdf: Path) -> None:
    """Print the report, unless the PDF is of the same page already.

    Parameters
    ----------
    write : callable
        Writes the page to be printed, of ``mvd.report.html.write_for_print``.
    pdf : Path
        Written whole or not at all.

    Raises
    ------
    MissingDependency
        No such browser is installed.
    MvdError
        The browser printed nothing.
    """
    browser = check_browser()
    with tempfile.TemporaryDirectory(prefix="mvd-pdf-", ignore_cleanup_errors=True) as folder:
        page, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        write(page)
        end = _PAGE % hashlib.sha256(page.read_bytes()).hexdigest().encode()
        if pdf.is_file() and pdf.read_bytes().endswith(end):
            return
        _print(browser, page, printed)
        if not printed.is_file() or not printed.read_bytes().startswith(b"%PDF"):
            raise MvdError(
                f"{pdf}: {Path(browser).name} printed nothing; open report.html and print it there"
            )
        write_atomically(pdf, (printed.read_bytes(), end))


def _print(browser: str, page: Path, printed: Path) -> None:
    command = [browser, *QUIET, *unguarded(), f"--user-data-dir={page.parent}/user"]
    command += ["--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri()]
    try:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise MvdError(f"{Path(browser).name} took over {_LONGEST_S} s; print report.html by hand") from None


def unguarded() -> list[str]:
    """Chromium refuses its sandbox to root, as in a container; the page is our own and fetches nothing."""
    return ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
