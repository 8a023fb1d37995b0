"""The report -> ``report.pdf``, printed by a Chromium without a window. Fetches nothing."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from mvd.errors import MissingDependency, MvdError

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


def print_pdf(write: Callable[[Path], None], pdf: Path) -> None:
    """Print the report.

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
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise MissingDependency(
            "--pdf prints with Chromium or Chrome, and none is on the PATH; install one "
            "(Debian: apt install chromium), or open report.html in any browser and print it there"
        )
    with tempfile.TemporaryDirectory(prefix="mvd-pdf-", ignore_cleanup_errors=True) as folder:
        page, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        write(page)
        command = [browser, *QUIET, *unguarded(), f"--user-data-dir={folder}/user"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri()]
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise MvdError(
                f"{pdf}: {Path(browser).name} took over {_LONGEST_S} s; print report.html by hand"
            ) from None
        if not printed.is_file() or not printed.read_bytes().startswith(b"%PDF"):
            raise MvdError(
                f"{pdf}: {Path(browser).name} printed nothing; open report.html and print it there"
            )
        part = pdf.with_name(f".{pdf.name}.{os.getpid()}.part")
        shutil.copyfile(printed, part)
        os.replace(part, pdf)


def unguarded() -> list[str]:
    """Chromium refuses its sandbox to root, as in a container; the page is our own and fetches nothing."""
    return ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
