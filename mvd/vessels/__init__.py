"""Components -> vessels.

The way there: ``neighbours`` (which components may be parts of one vessel) -> ``rings`` (broken rings closed) ->
``touching`` (touching rings split) -> ``wide`` (wide lumens told from tissue) -> ``measure`` -> ``find`` (rules with
reasons, the table).
"""

from mvd.vessels.find import Outline, Vessels, find_vessels

__all__ = ["Outline", "Vessels", "find_vessels"]
