"""matplotlib figures for papers: sizes in inches, text as text in SVG, and the same bytes for the same drawing.

No window, no global state: neither pyplot nor the user's own matplotlibrc has a say.
"""

import io
from typing import Any

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "svg.fonttype": "none",  # text stays text: it can be searched, and edited for the journal
    "svg.hashsalt": "mvd",
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # a $ in a group's name is a $
}
PNG_DPI = 300
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's colours, which colour-blind readers tell apart; orders of dashes help in grey."""


def new_figure(width_in: float, height_in: float) -> Any:
    """Return an empty matplotlib figure of a size in inches."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        with mpl.rc_context(_STYLE):
            return Figure(figsize=(width_in, height_in), layout="constrained")


def svg_and_png(figure: Any) -> tuple[bytes, bytes]:
    """Return a figure as SVG (vector text) and as PNG (300 dpi), without a date or a version in them."""
    import matplotlib as mpl

    written = []
    with mpl.rc_context():
        mpl.rcdefaults()
        with mpl.rc_context(_STYLE):
            for form, metadata in (("svg", {"Date": None, "Creator": None}), ("png", {"Software": None})):
                stream = io.BytesIO()
                figure.savefig(stream, format=form, dpi=PNG_DPI, metadata=metadata)
                written.append(stream.getvalue())
    return written[0], written[1]


def plain(axes: Any) -> None:
    """Take away the frame's upper and right line."""
    axes.spines[["top", "right"]].set_visible(False)
