"""The rules of the code's shape: who may import whom, one home for each third party, short files,
plain names.

A new module of mvd needs a place in ``MAY_IMPORT`` (and in ``STAGES`` when it is a stage).
"""

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import mvd

REPO = Path(__file__).resolve().parents[1]
MAX_LINES = 300

BASE = {"errors", "geometry", "pinned", "settings"}
# In the order that a slide takes; a stage may know the types of the stages before it.
STAGES = (
    "slide",
    "region",
    "tissue",
    "haze",
    "stain",
    "tiles",
    "segment",
    "classifier",
    "runs",
    "vessels",
    "hotspots",
    "chalkley",
    "spatial",
)
MAY_IMPORT = {
    "errors": set(),
    "columns": set(),
    "geometry": set(),
    "pinned": set(),
    "settings": {"errors", "pinned"},
    **{stage: BASE | set(STAGES[:position]) for position, stage in enumerate(STAGES)},
    "found": BASE | set(STAGES),
    "result": BASE | set(STAGES) | {"columns", "found", "measures"},
    "uncertainty": BASE | set(STAGES),
    "measures": BASE | set(STAGES) | {"uncertainty"},
    "summary": BASE | set(STAGES) | {"result", "public", "measures"},
    "fit": BASE | set(STAGES[:9]),
    "walls": BASE | set(STAGES[:8]),
    "scan": BASE | set(STAGES[:9]) | {"walls"},
    "training": BASE | set(STAGES) | {"corrections", "fit", "overview", "public", "report", "walls"},
    "overview": BASE | set(STAGES[:3]) | {"result"},
    "limits": BASE | set(STAGES) | {"found", "measures", "result", "summary"},
    "count": BASE | set(STAGES) | {"found", "limits", "measures", "result", "summary"},
    "pipeline": BASE | set(STAGES) | {"fit", "scan", "found", "result", "overview", "limits", "count"},
    "report": BASE | {"found", "hotspots", "measures", "result"},
    "recount": BASE | set(STAGES) | {"found", "count", "report", "result"},
    "corrections": BASE
    | set(STAGES)
    | {"found", "count", "limits", "measures", "recount", "report"}
    | {"columns", "public", "result"},
    "batch": BASE | {"public", "pipeline", "report", "result", "recount", "slide"} | {"corrections"},
    "viewing": BASE | set(STAGES) | {"corrections", "fit", "overview", "report", "result", "scan"},
    "stats": BASE | {"report", "result"},
    "phantom": BASE | set(STAGES) | {"result"},
    "__main__": {"cli"},
    "compiled": set(),
    "cli": BASE
    | {"public", "batch", "pipeline", "report", "stats", "slide", "result", "phantom"}
    | {"classifier", "training", "region", "compiled"},
}
TYPES_ONLY = {*STAGES, "result"}  # these import types and constants of another stage, never its functions

BORROWED = {("mvd.stain", "stain_luts")}  # the one function that stages share: how a Stain is applied

PLUGIN = "plugins/napari/"
HOMES = {
    "click": ("mvd/cli/",),
    "pydantic": ("mvd/settings/", "mvd/corrections/"),
    "jinja2": ("mvd/report/html.py",),
    "openpyxl": ("mvd/report/exports/workbook.py",),
    "pyarrow": ("mvd/report/exports/parquet.py",),
    "shapely": ("mvd/region/", "mvd/found/", "mvd/corrections/", "mvd/viewing/places.py"),
    "sklearn": ("mvd/training/",),
    "filelock": ("mvd/batch/",),
    "openslide": ("mvd/slide/openslide.py",),
    "tifffile": (
        "mvd/slide/",
        "mvd/phantom",
        "mvd/report/density_tiff.py",
        "mvd/report/label_image.py",
        "plugins/napari/tests/",
    ),
    "zarr": ("mvd/slide/zarr.py",),
    "simplejpeg": ("mvd/slide/", "mvd/phantom"),
    "imagecodecs": ("mvd/slide/", "mvd/phantom"),
    **dict.fromkeys(("dask", "distributed"), ("mvd/batch",)),
    **dict.fromkeys(("napari", "qtpy", "PyQt5", "PyQt6", "PySide6", "magicgui", "vispy"), (PLUGIN,)),
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
HEAVY = ("numpy", "pandas", "scipy", "numba", "cv2", "skimage", "tifffile")


@dataclass(frozen=True)
class Import:
    """One imported module, and the name taken from it where there is one."""

    module: str
    name: str | None

    @property
    def part(self) -> str | None:
        """The part of mvd that the module belongs to; None for a third party."""
        first, _, rest = self.module.partition(".")
        name = rest.split(".")[0]
        return None if first != "mvd" else name or "public"


def imports_of(path: str, source: str) -> list[Import]:
    """Return what the file at ``path`` (relative to the repository, with /) imports anywhere in it."""
    package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
    if not path.endswith("/__init__.py"):
        package = package[:-1]
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            found += [_resolved(module, alias.name) for alias in node.names]
    return found


def _resolved(module: str, name: str) -> Import:
    inner = REPO / module.replace(".", "/") / name
    is_module = module.partition(".")[0] == "mvd" and (inner.is_dir() or inner.with_suffix(".py").exists())
    return Import(f"{module}.{name}", None) if is_module else Import(module, name)


def violations(path: str, source: str) -> list[str]:
    """Return what the file at ``path`` does that the rules forbid, one line each."""
    found = imports_of(path, source)
    wrong = [f"{path}: {line}" for line in _homeless(path, found)]
    if path.startswith("mvd/"):
        wrong += [f"{path}: {line}" for line in _against_the_layers(path, found)]
    if path.startswith(PLUGIN):
        wrong += [f"{path}: {line}" for line in _behind_the_public_names(source, found)]
    if VAGUE & set(Path(path).with_suffix("").parts):
        wrong.append(f"{path}: name the module after the one thing that it does")
    if source.count("\n") > MAX_LINES:
        wrong.append(f"{path}: {source.count(chr(10))} lines, at most {MAX_LINES}")
    return wrong


def _homeless(path: str, found: list[Import]) -> list[str]:
    if not path.startswith(("mvd/", PLUGIN)):
        return []
    homes = {module: HOMES.get(module) for module in sorted({i.module.split(".")[0] for i in found})}
    return [
        f"{module} belongs in {', '.join(home)}"
        for module, home in homes.items()
        if home and not path.startswith(home)
    ]


def _against_the_layers(path: str, found: list[Import]) -> list[str]:
    module = path.removesuffix("/__init__.py").removesuffix(".py").split("/")[1:2]
    if not module:
        return []  # mvd/__init__.py gathers the public names
    own = module[0]
    if own not in MAY_IMPORT:
        return [f"{own} has no place in MAY_IMPORT"]
    others = [i for i in found if i.part and i.part != own]
    wrong = [f"{own} may not import {i.module}" for i in others if i.part not in MAY_IMPORT[own]]
    if own in TYPES_ONLY:
        borrowed = [i for i in others if i.part in STAGES and not _may_be_borrowed(i)]
        wrong += [f"only types of another stage, not {i.module}:{i.name}" for i in borrowed]
    return wrong


def _may_be_borrowed(found: Import) -> bool:
    return (found.name or "")[:1].isupper() or (found.module, found.name) in BORROWED


def _behind_the_public_names(source: str, found: list[Import]) -> list[str]:
    names = {i.name for i in found if i.module == "mvd" and i.name}
    names |= {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mvd"
    }
    wrong = [
        f"mvd.{name} is not public" for name in sorted(names - {"__version__"}) if name not in mvd.__all__
    ]
    return wrong + [f"{i.module} is not public; import mvd" for i in found if i.module.startswith("mvd.")]


def tracked(*patterns: str) -> list[str]:
    """Return the files that git knows or would add, relative to the repository."""
    command = ["git", "-C", str(REPO), "ls-files", "-co", "--exclude-standard", "--", *patterns]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout, so there is no list of files to look at")
    return [path for path in listing.stdout.splitlines() if (REPO / path).is_file()]


def test_every_file_keeps_the_rules():
    files = tracked("*.py")
    assert len(files) > 10
    wrong = [line for path in files for line in violations(path, (REPO / path).read_text(encoding="utf-8"))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("mvd/geometry.py", "from mvd.settings import Settings", "geometry may not import mvd.settings"),
        ("mvd/report/table.py", "from mvd import pipeline", "report may not import mvd.pipeline"),
        ("mvd/report/table.py", "from ..slide.base import Slide", "report may not import mvd.slide.base"),
        (
            "mvd/tissue.py",
            "def f():\n    from mvd.vessels import Vessels",
            "tissue may not import mvd.vessels",
        ),
        ("mvd/vessels.py", "from mvd.tissue import find_tissue", "only types of another stage"),
        ("mvd/vessels.py", "import mvd.tissue", "only types of another stage"),
        ("mvd/novelty.py", "", "novelty has no place in MAY_IMPORT"),
        ("mvd/batch.py", "import click", "click belongs in mvd/cli/"),
        ("mvd/cli/run.py", "from pydantic.fields import FieldInfo", "pydantic belongs in mvd/settings/"),
        ("mvd/report/overlay.py", "from qtpy import QtGui", "qtpy belongs in plugins/napari/"),
        (
            "plugins/napari/src/napari_mvd/a.py",
            "from mvd.pipeline import analyze",
            "mvd.pipeline is not public",
        ),
        ("plugins/napari/src/napari_mvd/a.py", "import mvd\nmvd.runs.encode()", "mvd.runs is not public"),
        ("mvd/slide/utils.py", "", "name the module after"),
        ("tests/helpers/thing.py", "", "name the module after"),
        ("tests/test_long.py", "\n" * (MAX_LINES + 1), "at most 300"),
    ],
)
def test_a_broken_rule_is_noticed(path, source, complaint):
    assert any(complaint in line for line in violations(path, source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "mvd/vessels.py",
            "from mvd.settings import VesselSettings\nfrom mvd.runs import Runs\nimport numpy",
        ),
        (
            "mvd/slide/aperio.py",
            "import tifffile\nfrom mvd.slide.base import SlideInfo\nfrom mvd.errors import MvdError",
        ),
        ("mvd/__init__.py", "from mvd.pipeline import analyze"),
        ("plugins/napari/src/napari_mvd/a.py", "import napari\nimport mvd\nprint(mvd.__version__)"),
        ("tests/test_cli.py", "import click, tifffile\nfrom mvd.runs import encode"),
    ],
)
def test_what_the_rules_allow_passes(path, source):
    assert violations(path, source) == []


def test_the_plugin_folders_do_not_shadow_napari():
    assert not [
        folder for folder in ("plugins", "plugins/napari") if (REPO / folder / "__init__.py").exists()
    ]


def test_no_file_names_a_folder_of_this_machine():
    here = re.compile(rf"(?<![\w.]){re.escape(str(REPO.parent))}/") if len(REPO.parts) > 2 else None
    if here is None:
        pytest.skip("the repository lies at the root of the file system")
    named = [path for path in tracked() if here.search((REPO / path).read_bytes().decode("latin-1"))]
    assert not named


def test_the_command_line_starts_without_the_heavy_imports():
    code = f"import sys, mvd.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_no_script_stands_in_for_a_library():
    """A script's folder comes first on the path, also in the processes that it starts (numba looks for `coverage`)."""
    installed = set(packages_distributions()) | sys.stdlib_module_names
    scripts = {path.stem for folder in ("benchmarks", "tests") for path in (REPO / folder).rglob("*.py")}
    assert scripts.isdisjoint(installed - {"conftest"}), scripts & installed
