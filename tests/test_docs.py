"""What the documentation says is true: commands and examples run, links lead somewhere, tables are current."""

import html
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/methods.md",
    "docs/classifier.md",
    "docs/batch.md",
    "docs/cluster.md",
    "docs/cohort.md",
    "docs/agree.md",
    "docs/report.md",
    "docs/corrections.md",
    "docs/columns.md",
    "docs/settings.md",
    "plugins/napari/README.md",
)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of ``language`` in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", (REPO / page).read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """A folder as a reader of the README has it: their slides in ``slides/``."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "slides").mkdir()
    shutil.copy(REPO / "sample_images" / "control_3.tif", folder / "slides" / "case_01.tif")
    return folder


def run(desk: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command at the desk, with this environment's ``mvd`` first on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command, cwd=desk, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


def test_the_commands_of_the_readme_run(desk):
    script = "\n".join(blocks("README.md", "bash"))
    assert script.count("\nmvd ") >= 5
    answer = run(desk, "bash", "-euo", "pipefail", "-c", script)
    assert answer.returncode == 0, answer.stderr
    assert (desk / "results" / "summary.csv").read_bytes() == (desk / "edited" / "summary.csv").read_bytes()


def test_the_commands_of_the_cohort_page_run_and_give_the_sentence_that_it_quotes(tmp_path):
    pytest.importorskip("lifelines")
    (tmp_path / "sample_images").symlink_to(REPO / "sample_images")
    answer = run(tmp_path, "bash", "-euo", "pipefail", "-c", "\n".join(blocks("docs/cohort.md", "bash")))
    assert answer.returncode == 0, answer.stderr
    quoted = re.findall(r"^> (.*)$", _text("docs/cohort.md"), re.M)
    assert f"Groups: {' '.join(quoted)}\n" in answer.stdout
    figure = tmp_path / "results" / "cohort" / "groups.svg"
    assert "treated" in figure.read_text(encoding="utf-8")
    for line in "\n".join(blocks("docs/cohort.md", "bash")).splitlines():
        assert line in _text("README.md")


def test_the_commands_of_the_page_on_agreement_run_and_give_the_sentences_that_it_quotes(tmp_path):
    pytest.importorskip("statsmodels")
    (tmp_path / "sample_images").symlink_to(REPO / "sample_images")
    answer = run(tmp_path, "bash", "-euo", "pipefail", "-c", "\n".join(blocks("docs/agree.md", "bash")))
    assert answer.returncode == 0, answer.stderr
    pages = [
        (tmp_path / name / "agree.html").read_text(encoding="utf-8") for name in ("agreement", "vessels")
    ]
    said = html.unescape("".join(re.findall(r"<blockquote>(.*?)</blockquote>", "".join(pages))))
    quoted = re.findall(r"^((?:> .*\n)+)", _text("docs/agree.md"), re.M)
    assert len(quoted) == 3
    for text in quoted:
        assert " ".join(line.removeprefix("> ") for line in text.splitlines()) in said


def test_the_python_example_of_the_readme_runs(desk):
    (example,) = blocks("README.md", "python")
    answer = run(desk, sys.executable, "-W", "error", "-c", example)
    assert answer.returncode == 0, answer.stderr
    assert float(answer.stdout.split()[0]) > 0


def test_the_parts_of_a_job_are_joined_as_the_page_says(desk):
    shutil.copy(REPO / "sample_images" / "treated_3.tif", desk / "slides" / "case_02.tif")
    answer = run(desk, "bash", "-euo", "pipefail", "-c", "\n".join(blocks("docs/cluster.md", "bash")))
    assert answer.returncode == 0, answer.stderr
    assert len((desk / "joined" / "summary.csv").read_text().splitlines()) == 3


def test_make_has_the_targets_that_the_pages_name():
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    named = {name for page in PAGES for name in re.findall(r"\bmake ([a-z]+)\b(?= |`|$)", _text(page), re.M)}
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page):
    text = (REPO / page).read_text(encoding="utf-8")
    targets = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    missing = [link for link in targets if not ((REPO / page).parent / link).exists()]
    assert not missing


def test_the_generated_pages_are_up_to_date():
    generate = _generator()
    for name, page in (("columns.md", generate.columns_page()), ("settings.md", generate.settings_page())):
        assert (REPO / "docs" / name).read_text(encoding="utf-8") == page, f"docs/{name}: run `make docs`"


def test_every_column_and_setting_has_a_meaning():
    generate = _generator()
    for page in (generate.columns_page(), generate.settings_page()):
        rows = [line for line in page.splitlines() if line.startswith("| `")]
        assert len(rows) > 20
        assert all(row.rstrip("| ").split("|")[-1].strip() for row in rows)


def test_columns_and_settings_that_the_pages_name_exist():
    known = _text("docs/columns.md") + _text("docs/settings.md")
    named = set(
        re.findall(
            r"`([a-z]+(?:_[a-z0-9]+)+)`", "".join(_text(page) for page in ("README.md", "docs/methods.md"))
        )
    )
    reasons = {"too_small", "lumen_too_wide", "thick_wall", "not_dab", "out_of_region"}
    warnings = {"no_background", "tinted_background", "uneven_light", "white_filling"}
    rules = {"leave_out", "two_sides"}
    other = reasons | warnings | rules | {"no_region"}
    assert not {name for name in named - other if name not in known}


def _text(page: str) -> str:
    return (REPO / page).read_text(encoding="utf-8")


def _generator():
    spec = importlib.util.spec_from_file_location("generate", REPO / "docs" / "generate.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
