"""run.json -> ``ro-crate-metadata.json``: where the numbers came from, in the words that archives and journals read.

An RO-Crate 1.1 with the profile Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5): the run is an action,
mvd its instrument, slides, regions and settings its objects, tables and slide folders its results. Written as the plain
JSON that it is. Says nothing of persons, machines and folders: whose work it is, and under which licence it may be
used, is for its owner to add.
"""

import shlex
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CRATE_NAME = "ro-crate-metadata.json"
ROCRATE = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
FILES = {
    "summary.csv": ("text/csv", "A row per slide, failed ones included"),
    "hotspots.csv": ("text/csv", "A row per hot spot of every slide"),
    "regions.csv": ("text/csv", "A row per region of every slide"),
    "failed.csv": ("text/csv", "Slides that failed, and what to do"),
    "results.xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "The same tables as a workbook, with the meaning of each column",
    ),
    "data_dictionary.csv": ("text/csv", "Unit and meaning of each column of each table"),
    "mvd_mqc.tsv": ("text/tab-separated-values", "A table for MultiQC"),
    "mvd_density_mqc.png": ("image/png", "The density of all slides, for MultiQC"),
    "import_into_qupath.groovy": ("text/x-groovy", "Script that shows the outlines in QuPath"),
    "report.html": ("text/html", "The report of the run, with pictures"),
    "run.json": ("application/json", "What was run, and what became of each slide"),
    "settings.toml": ("application/toml", "All settings; they run again with mvd run --config"),
    "mvd-error.log": ("text/plain", "Where unexpected errors came from"),
}
"""File of the result folder -> its type and what is in it."""
_INPUTS = {"settings.toml"}
_STATES = {
    "interrupted": "interrupted by the user",
    "terminated": "asked to end by the system",
    "disk_full": "the disk was full",
}

Entity = dict[str, Any]
Record = Mapping[str, Any]


def present_in(out: Path) -> list[str]:
    """Return which of the files of ``FILES`` a result folder has."""
    return [name for name in FILES if (out / name).is_file()]


def crate_of(record: Record, files: Iterable[str]) -> Entity:
    """Return the content of ``ro-crate-metadata.json``.

    Parameters
    ----------
    record : mapping
        Content of run.json.
    files : iterable of str
        Names of the files beside it, of ``FILES``.

    Returns
    -------
    dict
        A new run has a new random ``@id``; all else comes from ``record``.
    """
    told = [_file(name) for name in files]
    folders = [_folder(slide) for slide in record["slides"] if slide["status"] != "failed"]
    slides = [_slide(slide) for slide in record["slides"]]
    regions = {region["@id"]: region for slide in record["slides"] for region in _regions(slide)}
    software = _software(record)
    action = _action(record, [*slides, *regions.values()], told, folders)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": {"@id": PROFILE},
        "name": "Microvessel density",
        "description": _about(record),
        "datePublished": record["ended"],
        "hasPart": _ids([*told, *folders]),
        "mentions": _ids([action, *slides, *regions.values()]),
    }
    metadata = {
        "@id": CRATE_NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": ROCRATE},
        "about": {"@id": "./"},
    }
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    graph = [
        metadata,
        root,
        profile,
        action,
        *software,
        *told,
        *folders,
        *slides,
        *regions.values(),
    ]
    return {
        "@context": [f"{ROCRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"],
        "@graph": graph,
    }


def _about(record: Record) -> str:
    slides = len(record["slides"])
    return (
        f"Microvessel density of {slides} slide{'' if slides == 1 else 's'}, by mvd {record['mvd_version']} with the "
        f"settings {record['settings_fingerprint']}"
    )


def _action(record: Record, inputs: list[Entity], told: list[Entity], folders: list[Entity]) -> Entity:
    """Return the run. What an earlier run had measured is among what this one took, not what it made."""
    kept = {_place(slide) for slide in record["slides"] if slide["resumed"] == "before"}
    taken = [entity for entity in told if entity["@id"] in _INPUTS]
    taken += [entity for entity in folders if entity["@id"] in kept]
    made = [entity for entity in [*told, *folders] if entity not in taken]
    finished = record["state"] == "finished"
    action = {
        "@id": f"urn:uuid:{uuid.uuid4()}",
        "@type": "CreateAction",
        "name": _about(record),
        "description": shlex.join(record["command"]) or "called from Python",
        "startTime": record["started"],
        "endTime": record["ended"],
        "instrument": {"@id": "#mvd"},
        "object": _ids([*inputs, *taken]),
        "result": _ids(made),
        "actionStatus": {"@id": f"http://schema.org/{'Completed' if finished else 'Failed'}ActionStatus"},
    }
    return action if finished else action | {"error": _STATES.get(record["state"], record["state"])}


def _software(record: Record) -> list[Entity]:
    versions = {"Python": record["python"], **record["libraries"]}
    libraries = [
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        for name, version in versions.items()
    ]
    mvd = {
        "@id": "#mvd",
        "@type": "SoftwareApplication",
        "name": "mvd",
        "description": "Microvessel density from CD34- and CD31-stained slides",
        "softwareVersion": record["mvd_version"],
        "softwareRequirements": _ids(libraries),
    }
    return [mvd, *libraries]


def _file(name: str) -> Entity:
    kind, description = FILES[name]
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "description": description,
        "encodingFormat": kind,
    }


def _place(slide: Record) -> str:
    return f"slides/{slide['slide_id']}/"


def _folder(slide: Record) -> Entity:
    return {
        "@id": _place(slide),
        "@type": "Dataset",
        "name": f"{slide['slide']}: tables, outlines and pictures",
        "isBasedOn": {"@id": f"#{slide['slide_id']}"},
    }


def _slide(slide: Record) -> Entity:
    """Return a slide. It lies outside the folder: what it is called and the hash of its content tell which it was."""
    entity = {"@id": f"#{slide['slide_id']}", "@type": "ImageObject", "name": slide["slide"]}
    if slide["sha256"]:
        entity["sha256"] = slide["sha256"]
    if slide["status"] == "failed":
        entity["description"] = f"not measured: {slide['error']}"
    return entity


def _regions(slide: Record) -> list[Entity]:
    if not slide["region_sha256"]:
        return []
    return [
        {
            "@id": f"#regions-{slide['region_sha256'][:16]}",
            "@type": "CreativeWork",
            "name": slide["region_file"],
            "encodingFormat": "application/geo+json",
            "sha256": slide["region_sha256"],
        }
    ]


def _ids(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]
