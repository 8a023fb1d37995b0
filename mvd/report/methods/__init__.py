"""A result folder -> the methods section of the paper: text, references, and what is left to state.

Input: tables, slide.json and run.json; no slide is read. The text holds no name of a slide, a person or a folder, and
is the same for the same results.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvd.report.methods.checklist import checklist
from mvd.report.methods.paragraph import paragraphs
from mvd.report.methods.references import Citations
from mvd.report.methods.used import read_used

_TOP = (
    "Written by mvd from the settings and versions of the run. Read it, shorten it, and check each sentence."
)


def methods_text(out: Path, record: Mapping[str, Any]) -> str:
    """Write the methods section of a result folder.

    Parameters
    ----------
    out : Path
        With the tables of a run that ended.
    record : mapping
        Content of its run.json.

    Returns
    -------
    str
        Markdown: paragraphs with numbered citations, the references, and a list after REMARK.

    Raises
    ------
    MvdError
        ``out`` is no result folder, or of another version.
    """
    used = read_used(out, record)
    cite = Citations()
    text = list(paragraphs(used, cite))
    remark = cite("remark")
    listed = "\n".join(checklist(used))
    references = "\n".join(cite.lines())
    return (
        f"# Methods\n\n<!-- {_TOP} -->\n\n"
        + "\n\n".join(text)
        + f"\n\n## What a paper must state, after REMARK {remark}\n\n"
        f"Ticked is what mvd knows; the rest is for the authors.\n\n{listed}\n\n## References\n\n{references}\n"
    )
