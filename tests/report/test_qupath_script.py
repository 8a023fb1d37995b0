"""The script for QuPath, run by a real Groovy on a stand-in for the few functions of QuPath that it calls."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mvd.report.page.place import QUPATH

GROOVY, JAVA = shutil.which("groovy"), shutil.which("java")
LIBRARIES = {
    "qupath/lib/scripting/ScriptAttributes.groovy": """
package qupath.lib.scripting
class ScriptAttributes { static final String FILE_PATH = 'qupath.script.file' }
""",
    "qupath/lib/io/GsonTools.groovy": """
package qupath.lib.io
class GsonTools {
    static getInstance() { new GsonTools() }
    def fromJson(String text, Class kind) { new groovy.json.JsonSlurper().parseText(text) }
}
""",
    "qupath/lib/io/Thing.groovy": """
package qupath.lib.io
class Thing {
    def feature
    def getID() { feature.id }
    def getPathClass() { feature.properties.classification.name }
}
""",
    "qupath/lib/io/PathIO.groovy": """
package qupath.lib.io
class PathIO {
    static readObjects(File file) {
        new groovy.json.JsonSlurper().parse(file, 'UTF-8').features.collect { new Thing(feature: it) }
    }
}
""",
}
RUNNER = """
import org.codehaus.groovy.control.CompilerConfiguration
abstract class Viewer extends Script {
    static objects = []
    def getCurrentServer() { getProperty('server') }
    def getAllObjects(boolean root) { objects }
    def removeObjects(gone, boolean keep) { objects.removeAll(gone) }
    def addObjects(more) { objects.addAll(more) }
    def fireHierarchyUpdate() { }
}
def told = new groovy.json.JsonSlurper().parse(new File(args[0]), 'UTF-8')
def settings = new CompilerConfiguration(scriptBaseClass: Viewer.name)
for (each in told) {
    def size = each.size
    def server = [getURIs: { -> [new URI(each.uri)] }, getHeight: { -> size[0] }, getWidth: { -> size[1] }]
    def binding = new Binding(server: new Expando(server))
    if (each.script) binding.setVariable('qupath.script.file', each.script)
    new GroovyShell(this.class.classLoader, binding, settings).evaluate(new File(each.text))
    println "now ${Viewer.objects.size()}"
}
"""


@pytest.fixture(scope="module")
def run_script(tmp_path_factory):
    """Run the script on images, (uri, height, width, whether it lies in the folder), one after the other."""
    if GROOVY is None or JAVA is None:
        pytest.skip("groovy and java are not installed")
    # Debian's groovy looks for a default Java, which need not be there.
    surroundings = os.environ | {"JAVA_HOME": str(Path(JAVA).resolve().parents[1])}
    folder = tmp_path_factory.mktemp("groovy")
    for name, text in LIBRARIES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "runner.groovy").write_text(RUNNER)

    def run(out: Path, images: list[tuple]) -> list[str]:
        script = str(out / QUPATH)
        told = [
            {"uri": uri, "size": [height, width], "script": script if is_there else "", "text": script}
            for uri, height, width, is_there in images
        ]
        (folder / "told.json").write_text(json.dumps(told))
        command = [GROOVY, "-cp", str(folder), str(folder / "runner.groovy"), str(folder / "told.json")]
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, env=surroundings
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.splitlines()

    return run


def test_outlines_reach_the_right_slide(measured, tmp_path, run_script):
    out = Path(shutil.copytree(measured, tmp_path / "out"))
    record = json.loads((out / "run.json").read_text())
    slide = next(slide for slide in record["slides"] if "img" in slide["slide"])
    folder = out / "slides" / slide["slide_id"]
    features = len(json.loads((folder / "vessels.geojson").read_text())["features"])
    about = json.loads((folder / "slide.json").read_text())
    height, width = about["image"]["shape_px"]
    about["image"]["origin_px"] = [10, 20]
    (folder / "slide.json").write_text(json.dumps(about))
    file = Path("/somewhere/else", slide["slide"]).as_uri()
    twins = [slide | {"slide": f"{ward}/case.svs"} for ward in ("a", "b")]
    (out / "run.json").write_text(json.dumps(record | {"slides": record["slides"] + twins}))
    lines = run_script(
        out,
        [
            (file, height - 20, width - 10, True),
            (file, height - 20, width - 10, True),  # again: replaced, not twice
            (file, height, width, True),
            ("file:///elsewhere/broken.tif", 5, 5, True),
            ("file:///elsewhere/unknown.tif", 5, 5, True),
            ("file:///elsewhere/case.svs", 5, 5, True),
            ("file:///elsewhere/b/case.svs", height - 20, width - 10, True),
            (file, height, width, False),
        ],
    )
    said = [line for line in lines if not line.startswith("now ")]
    assert said[0] == said[1] == f"mvd: {features} objects of {slide['slide']}"
    assert [line for line in lines if line.startswith("now ")] == [f"now {features}"] * 8
    for line, words in zip(
        said[2:],
        (
            "OpenSlide reader",
            "nothing was measured",
            "not in these",
            "several slides",
            "objects of b/",
            "save this",
        ),
        strict=True,
    ):
        assert words in line


def test_it_names_no_slide_and_no_folder(measured):
    text = (measured / QUPATH).read_text()
    record = json.loads((measured / "run.json").read_text())
    assert not [slide["slide"] for slide in record["slides"] if slide["slide"] in text]
    assert str(measured) not in text
    assert not re.search(r"new File\(['\"]", text)
