"""What a person corrected of a slide's result: kept, read again, and applied.

The plugin and scripts use ``mvd.Corrections`` (``session.py``), one object for each slide that is open::

    c = mvd.Corrections.open("results/slides/<slide_id>", reader="AB")   # MvdError: one line for the user
    c.vessels.table, c.vessels.outlines   # as corrected; ``by_hand`` says what was done; read again after each change
    c.automatic, c.candidates, c.tissue, c.mpp, c.stored.settings, c.stored.found, c.stored.pictures, c.stored.about
    c.measure_on(slide)  # an open slide: the stains of what is drawn are measured too (else their cells stay empty)
    c.add([outer, lumen, ...]); c.add(point_um=(x, y))    # um from the slide's top left corner, (x, y)
    c.delete(vessel_id); c.count(vessel_id, True / False) # vessel_id as in c.vessels.table now
    c.outline(vessel_id, [outer, ...]); c.merge([id, id, ...]); c.split(vessel_id, line)
    c.move_hotspot(hotspot, x_um, y_um); c.reject_hotspot(hotspot)       # a Hotspot of c.hotspots()
    c.undo(); c.redo(); c.can_undo; c.can_redo; c.edits; c.flagged       # flagged: lines, of what is not applied
    c.summary()                     # vessels, mvd_tissue_per_mm2, and both with automatic_ before; quick
    c.fields                        # HotspotSettings of the fields in use; the first is the headline's
    c.hotspots(field)               # as corrected, best first: about 25 ms for 1e4 vessels, seconds for 1e5
    c.count_at(x_um, y_um, field)   # the count where a field is dragged to, exact, 2 ms for 1e5 vessels
    c.snap(x_um, y_um, reach_um, field)                                  # the exact maximum near there, or None
    mvd.Corrections.open(folder, "CD", apart=True)   # a second reading: second_reader/CD/, shown in no table
    mvd.blinded_order(slide_ids, "CD")               # the same shuffled order each time for a reader
    mvd.write_readings("cd.csv", [c.reading(), c.reading(c.count_at(x_um, y_um), "field 3")])   # for mvd agree

When a call returns, the change is on the disk; when it raises ``CorrectionsError`` (an ``MvdError``), nothing has
changed. There is nothing to save or close.

``model.py`` the types of corrections.json · ``file.py`` reading, journal, writing · ``raster.py``, ``cut.py``,
``made.py``, ``stains.py`` outlines drawn by hand -> measured vessels · ``apply.py``, ``overlap.py`` corrections ->
corrected vessels · ``placed.py`` hot spots · ``opened.py``, ``session.py`` one slide open for correction · ``redo.py``
a slide counted as corrected · ``readings.py`` the CSV of several readers.
"""

from typing import TYPE_CHECKING, Any

from mvd.corrections.file import JOURNAL, NAME, read_state

if TYPE_CHECKING:
    from mvd.corrections.session import Corrections

__all__ = ["JOURNAL", "NAME", "Corrections", "read_state"]


def __getattr__(name: str) -> Any:
    """Import what measures when it is asked for: to look whether there are corrections needs little."""
    if name == "Corrections":
        from mvd.corrections.session import Corrections

        return Corrections
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
