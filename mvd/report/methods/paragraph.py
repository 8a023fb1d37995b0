"""What was done -> the sentences of a methods section. Each says only what the settings and slides of the run say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mvd.report.methods.references import Citations
from mvd.report.methods.used import Used

_EDGES = {
    "centroid": "counted where their centroid lay inside",
    "leave_out": "not counted",
    "two_sides": "counted unless they were cut by the right or the lower edge",
}


def paragraphs(used: Used, cite: Citations) -> Iterator[str]:
    """Yield the paragraphs: slides and software, vessels, densities, certainty."""
    yield " ".join(_slides(used))
    yield " ".join(_stain(used, cite))
    yield " ".join(_vessels(used, cite))
    yield " ".join(_densities(used, cite))
    yield " ".join(_certainty(used, cite))


def _slides(used: Used) -> Iterator[str]:
    libraries = ", ".join(
        f"{name} {used.libraries[name]}" for name in ("numpy", "scipy") if name in used.libraries
    )
    prints = "settings fingerprint " if len(used.fingerprints) == 1 else "settings fingerprints "
    yield (
        f"Microvessel density was measured on {_slides_of(used.slides)} with mvd {_list(used.versions)} "
        f"(Python {used.python}, {libraries}; {prints}{_list(used.fingerprints)})."
    )
    if used.failed:
        yield f"{_slides_of(used.failed).capitalize()} could not be measured and {_has(used.failed)} no value."
    if used.empty:
        yield f"On {_slides_of(used.empty)} no vessel was found, which is a density of 0."
    yield f"Slides of {_range(used.mpp)} µm/px were analysed at {_range(used.analysis_mpp)} µm/px."
    if used.mpp_by_hand:
        yield f"The pixel size of {_slides_of(used.mpp_by_hand)} was given by the authors, not read from the file."
    if used.damaged:
        yield f"On {_slides_of(used.damaged)} a part could not be read; it was left out of area and count."
    if used.settings["slide"].get("icc") == "srgb":
        yield "Colours were converted to sRGB by the profile that the file embeds."
    rule = used.settings["vessel"]["cut_by_edge"]
    if used.with_regions:
        yield f"The analysis of {_slides_of(used.with_regions)} was limited to regions drawn by hand."
    if used.with_regions or rule != "centroid":
        yield f"Vessels that an edge of the slide or of a region cut were {_EDGES[rule]}."


def _stain(used: Used, cite: Citations) -> Iterator[str]:
    tissue, stain = used.settings["tissue"], used.settings["stain"]
    yield (
        f"Tissue was what is darker than the bare glass of the slide by an optical density of "
        f"{tissue['min_od']:g}, or up to twice that where the glass is uneven, in an overview of "
        f"{tissue['overview_mpp']:g} µm/px; islands below "
        f"{tissue['min_area_mm2']:g} mm² were left out and holes up to {tissue['max_hole_mm2']:g} mm² were "
        "part of it."
    )
    yield f"Hematoxylin and DAB were separated by colour deconvolution {cite('ruifrok')}"
    if stain["method"] == "preset" or not used.fitted:
        yield f"with preset vectors (by default those of QuPath {cite('qupath')})."
    else:
        rest = used.measured - used.fitted
        preset = f"; on {_slides_of(rest)} the preset was taken" if rest else ""
        yield (
            f"with vectors fitted to each slide, within {stain['max_angle_deg']:g}° of a preset (by "
            f"default those of QuPath {cite('qupath')}){preset}."
        )


def _vessels(used: Used, cite: Citations) -> Iterator[str]:
    vessel = used.settings["vessel"]
    if vessel["method"] == "classifier":
        yield (
            "Vessel walls were found by a pixel classifier trained on labelled slides (wall at a "
            f"probability of {vessel['wall_probability']:g} or more)."
        )
    else:
        yield (
            "Thresholds were fitted once per slide: a vessel reaches a DAB density above the background of "
            f"the tissue by {vessel['high_spreads']:g} of its spreads and at least "
            f"{vessel['min_high_od']:g}, and is held together by what is above it by "
            f"{vessel['low_spreads']:g} spreads and at least {vessel['min_low_od']:g}."
        )
    yield from _walls(vessel)
    yield (
        f"Any stained profile clearly separate from its neighbours was one vessel, with or without a lumen "
        f"{cite('weidner', 'vermeulen')}; arcs of one ring up to {vessel['join_gap_um']:g} µm apart were "
        f"joined and rings that touch were split. Not counted were profiles below "
        f"{vessel['min_area_um2']:g} µm² (lumen included), with a lumen wider than "
        f"{vessel['max_lumen_width_um']:g} µm, with a stained wall thicker than {vessel['max_wall_um']:g} "
        "µm, or not of the colour of DAB."
    )
    if used.reviewed:
        yield (
            f"The result of {_slides_of(used.reviewed)} was corrected by hand; numbers before and after "
            "the correction are both reported."
        )
    else:
        yield "No result was corrected by hand."


def _walls(vessel: Mapping[str, Any]) -> Iterator[str]:
    yield "Brown that varies slowly over the slide, on a grid of 50 µm, was taken off the DAB before."
    yield (
        f"The edge of a wall lies where DAB above the background falls to {100 * vessel['edge_part']:g} % of the "
        f"strongest within {vessel['edge_reach_um']:g} µm; what is {vessel['edge_most_od']:g} above it is wall in "
        "any case."
    )


def _densities(used: Used, cite: Citations) -> Iterator[str]:
    hotspot, spatial = used.settings["hotspot"], used.settings["spatial"]
    yield (
        f"Density is given as counted vessels per mm² of tissue {cite('marien')}, and in hot spots: the "
        f"{hotspot['shape']}s of {hotspot['field_mm2']:g} mm² that hold the most vessel centroids over all "
        f"positions, found exactly, up to {hotspot['count']} of them and none overlapping another."
    )
    if hotspot["edge"] == "inside":
        yield "Each of these fields lies wholly in the tissue, of which holes smaller than a field are a part."
    else:
        yield "A field may hang over the edge of the tissue; its density refers to its whole area."
    yield (
        "The Chalkley count is the most of 25 points of a graticule of 0.196 mm², turned about the centre "
        f"of each of the first three hot spots of that area, that lie on vessels "
        f"{cite('chalkley', 'vermeulen')}; their mean is given."
    )
    yield (
        "Distances between nearest vessels were corrected for the edge and compared with those of a random "
        f"pattern {cite('clark')}. The density in systematic random fields of "
        f"{spatial['sample_field_mm2']:g} mm² is given with its coefficient of error."
    )


def _certainty(used: Used, cite: Citations) -> Iterator[str]:
    nulls = used.settings["hotspot"]["nulls"]
    if nulls:
        yield (
            f"The first hot spot was compared with those of {nulls} patterns of as many points scattered "
            f"at random over the same tissue {cite('kulldorff')}, with a Gumbel approximation where none "
            f"reached it {cite('abrams')}."
        )
    yield (
        "The interval of the density shows how far it moves with the threshold 10 % off, the DAB vector 3° "
        "off and the pixel size 2 % off, each judged on the profiles found and put together as independent "
        "errors are; it is no confidence interval."
    )


def _slides_of(number: int) -> str:
    return f"{number} slide{'' if number == 1 else 's'}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _list(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "unknown"


def _range(sizes: Sequence[float]) -> str:
    if not sizes:
        return "unknown"
    first, last = f"{sizes[0]:.4g}", f"{sizes[-1]:.4g}"
    return first if first == last else f"{first} to {last}"
