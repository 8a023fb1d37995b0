"""Rows of summary.csv and slide.json -> the slides that need a look first, each with the reasons in words."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mvd.report.focus import OUT_OF_FOCUS
from mvd.report.page.folder import Cohort, Row

WIDE_INTERVAL = 0.3
"""An interval of the density wider than this part of it is worth a look. Ours."""

ODD_ANGLE = 0.6
"""A DAB direction farther from the preset than this part of what is allowed is odd. Ours."""

CHANCE = 0.05
URGENT = ("failed", "files missing", "no vessel", "out of focus", "damaged", "odd stain", "uncertain")
"""What is to be looked at first, in this order; then warnings, then what concerns the numbers alone."""

_LAST = ("p > 0.05", "rank unstable")
_FEWEST_TO_RANK = 4
_MOST_PLACES = 0.25  # of the cohort that a slide's rank may move


class Reason(NamedTuple):
    """Why a slide needs a look: a short name for lists, and a sentence."""

    short: str
    words: str


def reasons_to_look(cohort: Cohort) -> dict[str, list[Reason]]:
    """Return slide id -> reasons, the most urgent slide and reason first; only slides that have one."""
    ranks = _rank_ranges(cohort.rows)
    found = {}
    for row in cohort.rows:
        key = str(row["slide_id"])
        if row["status"] == "failed":
            advice = cohort.messages.get(key, "")
            reasons = [Reason("failed", f"failed ({row['error']}): {advice or 'see failed.csv'}")]
        else:
            reasons = [*_of_numbers(row), *_of_slide(cohort.abouts.get(key)), *ranks.get(key, [])]
        if reasons:
            found[key] = sorted(reasons, key=_urgency)
    # The order of the cohort decides between slides of the same urgency and number of reasons.
    order = sorted(found, key=lambda key: (_urgency(found[key][0]), -len(found[key])))
    return {key: found[key] for key in order}


def _urgency(reason: Reason) -> int:
    if reason.short in URGENT:
        return URGENT.index(reason.short)
    return len(URGENT) + (1 + _LAST.index(reason.short) if reason.short in _LAST else 0)


def _of_numbers(row: Row) -> list[Reason]:
    reasons = []
    density, low, high, p = (
        row[name] for name in ("mvd_tissue_per_mm2", "mvd_low_per_mm2", "mvd_high_per_mm2", "hotspot_p")
    )
    if row["status"] == "empty":
        reasons.append(Reason("no vessel", "no vessel was found: is the stain as it should be?"))
    if (
        density
        and low is not None
        and high is not None
        and float(high) - float(low) > WIDE_INTERVAL * float(density)
    ):
        words = (
            f"uncertain: {density:.1f} per mm², but {low:.1f} to {high:.1f} if the threshold or stain is off"
        )
        reasons.append(Reason("uncertain", words))
    if row["vessels"] and _is_smaller_than_the_circle(row):
        words = (
            f"small for a hot spot: {float(row['tissue_area_mm2'] or 0):.2g} mm² of tissue, less than the field of "
            f"{row['hotspot_field_mm2']} mm², so the hot spot is diluted by what is no tissue; choose a smaller field, "
            "or use the density per mm² of tissue"
        )
        reasons.append(Reason("small for a hot spot", words))
    if p is not None and float(p) > CHANCE:
        words = f"the hot spot may be chance: p = {p:.2g} against vessels scattered at random"
        reasons.append(Reason("p > 0.05", words))
    if row["invalid_area_fraction"]:
        part = 100 * float(row["invalid_area_fraction"])
        reasons.append(Reason("damaged", f"{part:.2g} % of the tissue could not be read and is left out"))
    return reasons


def _is_smaller_than_the_circle(row: Row) -> bool:
    tissue, field = row["tissue_area_mm2"], row["hotspot_field_mm2"]
    return tissue is not None and field is not None and float(tissue) < float(field)


def _of_slide(about: Mapping[str, Any] | None) -> list[Reason]:
    if about is None:
        return [Reason("files missing", "slide.json is missing or damaged: run `mvd run` on the slide again")]
    reasons = [Reason(warning.partition(":")[0], warning) for warning in about["warnings"]]
    blurred = [
        rank
        for rank, ratio in enumerate(about.get("sharpness", ()), 1)
        if ratio is not None and ratio < OUT_OF_FOCUS
    ]
    if blurred:
        spots = f"hot spot{'s' if len(blurred) > 1 else ''} {', '.join(map(str, blurred))}"
        words = f"out of focus: {spots} blurred as by 1.3 µm or more, which hides small vessels; scan the slide again"
        reasons.append(Reason("out of focus", words))
    stain, wanted = about["stain"], about["settings"]["stain"]
    if wanted.get("method") != "preset":
        if stain["source"] == "preset":
            reasons.append(
                Reason("odd stain", "odd stain: its own colours could not be found, the preset was taken")
            )
        elif stain["angle_deg"] > ODD_ANGLE * wanted.get("max_angle_deg", 90.0):
            words = f"odd stain: DAB lies {stain['angle_deg']:.1f} degrees from the preset"
            reasons.append(Reason("odd stain", words))
    return reasons


def _rank_ranges(rows: Sequence[Row]) -> dict[str, list[Reason]]:
    """Return the slides that might stand elsewhere in the order of density, were their numbers a little off."""
    known = [
        (str(row["slide_id"]), float(row["mvd_low_per_mm2"]), float(row["mvd_high_per_mm2"]))
        for row in rows
        if row["mvd_low_per_mm2"] is not None and row["mvd_high_per_mm2"] is not None
    ]
    if len(known) < _FEWEST_TO_RANK:
        return {}
    unstable = {}
    for key, low, high in known:
        first = 1 + sum(other_low > high for _, other_low, _ in known)
        last = len(known) - sum(other_high < low for *_, other_high in known)
        if last - first > max(_MOST_PLACES * len(known), 1):
            words = f"rank unstable: anywhere from {first} to {last} of {len(known)} by density"
            unstable[key] = [Reason("rank unstable", words)]
    return unstable
