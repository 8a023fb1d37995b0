"""The tools of correcting: each with its key, its button's word, and what its tooltip says.

Data only; ``correct_view.py`` binds the keys, ``correct_panel.py`` makes the buttons.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes
    ----------
    name : str
        Method of ``Correcting`` that does it.
    key : str
        As napari spells keys.
    word, tip : str
        Of the button.
    draw : str
        What is drawn first: ``ring``, ``line``, ``point``; empty if nothing is.
    """

    name: str
    key: str
    word: str
    tip: str
    draw: str = ""


TOOLS = (
    Tool(
        "add", "A", "Add", "Draw round a vessel that was not found: hold the button and go round it.", "ring"
    ),
    Tool("add_point", "P", "Add a point", "Click on a vessel too small to draw; it has no size.", "point"),
    Tool("delete", "D", "Delete", "There is no vessel. Its row stays in vessels.csv, not counted."),
    Tool("count", "C", "Count", "Count the selected vessels, whatever the rules say."),
    Tool("leave_out", "N", "Do not count", "Do not count the selected vessels (reason by_hand)."),
    Tool(
        "outline",
        "O",
        "Outline again",
        "Draw round the selected vessel; its sizes (um) are measured anew.",
        "ring",
    ),
    Tool("merge", "M", "Merge", "Make one vessel of all selected ones (Shift + click selects more)."),
    Tool("split", "S", "Split", "Draw a line right across a vessel, from side to side.", "line"),
)
UNDO = Tool("undo", "Control-Z", "Undo", "Take back the last correction, also of an earlier sitting.")
REDO = Tool("redo", "Control-Shift-Z", "Redo", "Make the correction again that was taken back last.")
CANCEL_KEY, HOTSPOT_KEY, SNAP_KEY, REJECT_KEY = "Escape", "H", "X", "R"

MODES = {"ring": "add_polygon_lasso", "line": "add_line"}
"""Modes of napari's shapes layer to draw in; a point is set with a click."""
