"""Labels of either kind -> marks: scribbles in a GeoJSON file, or a corrected result in a folder."""

from pathlib import Path

from mvd.training.corrected import corrected_marks
from mvd.training.marks import Marks
from mvd.training.scribbles import scribbled_marks


def read_marks(labels: Path, slide_name: str) -> Marks:
    """Read scribbles (a GeoJSON file) or a corrected result (a result folder, or a slide's folder in it).

    Parameters
    ----------
    labels : Path
    slide_name : str
        File name of the slide, to find it in a result folder.

    Raises
    ------
    LabelsError
        The message names the file and the line, the feature or the row.
    """
    return corrected_marks(labels, slide_name) if labels.is_dir() else scribbled_marks(labels)
