"""Components -> vessels: lumen, joining, rules with reasons, measures. (types first; the work follows)"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ring = NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """The outline of one vessel: (n, 2) rings of (x, y) in um from the slide's top left corner, not closed."""

    outer: tuple[Ring, ...]
    lumens: tuple[Ring, ...]


@dataclass(frozen=True)
class Vessels:
    """Every candidate of a slide, counted or not.

    Attributes
    ----------
    table : DataFrame
        The columns of vessels.csv without ``slide_id``, one row a candidate, in the order of ``vessel_id``.
    outlines : tuple of Outline
        One for each row of ``table``.
    """

    table: pd.DataFrame
    outlines: tuple[Outline, ...]

    @property
    def counted(self) -> pd.DataFrame:
        """The rows that are counted."""
        return self.table[self.table["counted"]]
