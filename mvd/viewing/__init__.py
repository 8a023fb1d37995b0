"""What a viewer asks of the engine, and nothing that draws.

``shown.py`` a result, fresh or from its folder, and what can be shown of it · ``places.py`` regions between um and the
pixels of QuPath · ``preview.py`` the vessels of what is in view by other settings, before anything is run.
"""

from mvd.viewing.places import region_rings_um, region_um, regions_geojson
from mvd.viewing.preview import Looked, Preview
from mvd.viewing.shown import Shown, StoredSlide, read_shown, shown_result, slides_of_result

__all__ = [
    "Looked",
    "Preview",
    "Shown",
    "StoredSlide",
    "read_shown",
    "region_rings_um",
    "region_um",
    "regions_geojson",
    "shown_result",
    "slides_of_result",
]
