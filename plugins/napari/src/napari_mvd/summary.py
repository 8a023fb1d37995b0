"""What the panel says of a result, and what it says where nothing is open."""

from html import escape

import mvd

HINT = """<p><b>Begin here</b></p>
<p>1. Drop a slide (.svs, .tif, .ndpi ...) on the picture, or press <b>Slide ...</b></p>
<p>2. Drop the result folder of <code>mvd run</code> on it too, or press <b>Result ...</b></p>
<p>3. No result yet? The panel <b>Measure</b> counts the vessels of the slide.</p>
<p>No slide at hand? <b>Sample</b> makes six small synthetic ones.</p>
<p>For research use only.</p>"""


def summary_text(shown: mvd.Shown) -> str:
    """Return the numbers of a slide as rich text, each with its unit."""
    summary = shown.result.summary
    rows = [
        ("Vessels", _number(summary["vessels"], ".0f")),
        ("Tissue", _number(summary["tissue_area_mm2"], ".2f", "mm2")),
        ("In the tissue", _number(summary["mvd_tissue_per_mm2"], ".1f", "per mm2")),
        ("Best hot spot", _hotspot(shown)),
        ("Chalkley, mean of 3", _number(summary["chalkley_mean3"], ".2f")),
    ]
    cells = "".join(f"<tr><td>{words}&nbsp;&nbsp;</td><td><b>{value}</b></td></tr>" for words, value in rows)
    by_hand = "<p>Corrected by hand.</p>" if summary.get("reviewed") else ""
    warnings = "".join(f"<p>{escape(warning)}</p>" for warning in shown.result.warnings)
    return f"<p><b>{escape(shown.name)}</b></p><table>{cells}</table>{by_hand}{warnings}"


def _hotspot(shown: mvd.Shown) -> str:
    if not shown.result.hotspots:
        return "none"
    best = shown.result.hotspots[0]
    return f"{best.vessels} in {best.field_mm2:g} mm2"


def _number(value: object, spec: str, unit: str = "") -> str:
    if not isinstance(value, (int, float)):
        return "-"
    return f"{value:{spec}} {unit}".strip()
