"""Tables as Markdown, and their place in RESULTS.md: each benchmark owns one section there."""

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Written by the benchmarks themselves (`make bench`); [README.md](README.md) says what each one does.
"""


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table, the first column to the left and the others to the right."""
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine() -> str:
    """Return one line on what the numbers were measured with, without any name of the machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=RESULTS.parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {_processor()}, "
        f"{os.cpu_count()} processors; load average {load}; commit {commit or 'unknown'}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "processor unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "processor unknown"


def section_of(name: str, page: Path = RESULTS) -> str:
    """Return a section of the results as it stands."""
    rest = page.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")[2]
    return rest.partition(f"<!-- end of {name} -->\n")[0]


def write_section(name: str, text: str, page: Path = RESULTS) -> None:
    """Put a section into the results, in place of what it held before; the other sections stay."""
    old = page.read_text(encoding="utf-8") if page.exists() else HEAD
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else ""
    start = before if found else before.rstrip("\n") + "\n\n"
    page.write_text(f"{start}{begin}{text.rstrip()}\n{end}{after}", encoding="utf-8")
