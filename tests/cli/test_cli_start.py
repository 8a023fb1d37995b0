"""Starting: help, version, and that nothing heavy is imported for them."""

import subprocess
import sys

import pytest

from mvd import __version__

COMMANDS = [["run"], ["info"], ["config"], ["config", "show"], ["config", "check"], ["phantom"], ["doctor"]]


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom mvd.cli import cli\n"
        "try: cli(['--help'])\nexcept SystemExit as stop: code = stop.code\n"
        "heavy = {'numpy', 'pandas', 'pydantic', 'cv2', 'rich', 'numba', 'scipy', 'tifffile'} & set(sys.modules)\n"
        "print(sorted(heavy), code, file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr == "[] 0\n"
    assert "mvd run slides --out results" in answer.stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_an_example(mvd, words):
    result = mvd(*words, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"mvd {words[0]}" in result.output


def test_the_list_of_commands_says_what_each_does(mvd):
    listed = mvd("--help").output
    for words in COMMANDS:
        assert f"\n  {words[0]} " in listed


def test_version(mvd):
    assert mvd("--version").output == f"mvd {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [["rnu"], ["run"], ["run", "--out", "x"], ["run", "no/such.tif", "--out", "x"], ["run", "--jobs", "0"]],
)
def test_usage_errors_exit_2(mvd, words):
    assert mvd(*words).exit_code == 2


@pytest.mark.parametrize(
    ("word", "meant"), [("runn", "run"), ("reprot", "report"), ("recuont", "recount"), ("cohorts", "cohort")]
)
def test_a_misspelt_command_names_the_nearest(mvd, word, meant):
    result = mvd(word, "somewhere")
    assert result.exit_code == 2
    assert result.stderr.endswith(f"Error: No such command '{word}'. Did you mean {meant}?\n")


def test_a_command_like_no_other_names_none(mvd):
    result = mvd("zzz")
    assert result.exit_code == 2
    assert "zzz" in result.stderr
    assert "Did you mean" not in result.stderr


@pytest.mark.parametrize(("words", "code", "lines"), [(["config", "show"], 0, 40), (["rnu"], 2, 1)])
def test_the_process_ends_with_the_code_and_all_that_was_said(words, code, lines):
    start = [sys.executable, "-m", "mvd", *words]
    whole = subprocess.run(start, capture_output=True, text=True, check=False)
    assert whole.returncode == code
    assert (whole.stdout + whole.stderr).count("\n") >= lines
    assert whole.stdout.endswith("\n") is (code == 0)


def test_a_closed_stdout_is_no_error():
    command = f'"{sys.executable}" -c "from mvd.cli import main; main()" --version >&-'
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
