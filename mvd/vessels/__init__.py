"""Components -> vessels.

The way there: ``neighbours`` (which components may be parts of one vessel) -> ``rings`` (broken rings closed,
``bays``: open lumens filled) -> ``touching`` (touching rings split at a ``waist``) -> ``wide`` (wide lumens told from
tissue) -> ``measure`` -> ``table`` (rules with reasons) -> ``contents`` (red cells in a lumen are no vessel). ``plain``
takes what stands alone and needs none of that from runs to measures at once; ``find`` leads.
Below them all lie ``edges``, ``hull``, ``distance`` and ``bounds``, which look at masks.
"""

from mvd.vessels.find import Vessels, find_vessels
from mvd.vessels.outlines import Outline, outlines_of

__all__ = ["Outline", "Vessels", "find_vessels", "outlines_of"]
