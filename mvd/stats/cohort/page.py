"""A study -> one HTML page that opens from disk and fetches nothing: sentences to quote, figures, tables, settings."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version

from mvd.report.table import format_column
from mvd.stats.cohort.finding import ESTIMATE_COLUMNS, Finding, file_name
from mvd.stats.cohort.study import Study

_LIBRARIES = ("mvd", "numpy", "scipy", "pandas", "statsmodels", "lifelines", "scikit-posthocs", "matplotlib")
_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_CSS = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; font-size: .85rem; margin: .6rem 0; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
blockquote { margin: .6rem 0; padding: .4rem .9rem; border-left: 4px solid #0072B2; background: #f3f7fa; }
.note { color: #7a3b00; } figure { margin: .8rem 0; } figcaption { font-size: .85rem; color: #555; }
svg { max-width: 100%; height: auto; } pre { font-size: .75rem; background: #f6f6f6; padding: .7rem; overflow-x: auto; }
"""
_SHOWN = [column for column in ESTIMATE_COLUMNS if column.name != "analysis"]


def page(study: Study, svgs: Mapping[str, bytes], inputs: Sequence[tuple[str, str]]) -> bytes:
    """Return the page; the same study gives the same bytes.

    Parameters
    ----------
    study : Study
    svgs : mapping
        File name -> SVG, as the figures are written.
    inputs : sequence of (str, str)
        Name and SHA-256 of each file that was read.
    """
    patients, slides = len(study.cohort.patients), len(study.cohort.slides)
    parts = [
        f"<h1>Cohort: {escape(study.settings.join.measure)}</h1>",
        f"<p>{patients} patients, {slides} slides; of several slides of a patient: "
        f"{escape(study.settings.join.several)}. The patient is the unit of every test. Intervals: "
        f"{100 * study.settings.join.confidence:g} %. Research use only.</p>",
        _counts(study),
        *(_section(finding, svgs) for finding in study.findings),
        "<h2>How to get the same numbers</h2>",
        "<table>"
        + "".join(f"<tr><td>{escape(n)}</td><td>SHA-256 {h}</td></tr>" for n, h in inputs)
        + "</table>",
        "<p>" + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES) + "</p>",
        "<p>The settings, also in cohort.toml: <code>mvd cohort DIR CLINICAL.csv --config cohort.toml</code></p>",
        f"<pre>{escape(study.settings.to_toml())}</pre>",
    ]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>mvd cohort</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
    )
    return (head + "\n".join(parts) + "\n</body>\n</html>\n").encode("utf-8", "backslashreplace")


def _counts(study: Study) -> str:
    rows = "".join(
        f'<tr><td>{escape(what)}</td><td class="number">{len(which)}</td><td>{escape(_few(which))}</td></tr>'
        for what, which in study.cohort.counts.items()
    )
    return (
        f"<h2>Missing, tied, censored, left out</h2>\n<table>{rows}</table>"
        if rows
        else "<p>Nothing is missing.</p>"
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f", ... ({len(names) - 8} more: counts.csv)" if len(names) > 8 else "")


def _section(finding: Finding, svgs: Mapping[str, bytes]) -> str:
    parts = [f"<h2>{escape(finding.title)}</h2>"]
    if finding.sentence:
        parts.append(f"<blockquote>{escape(finding.sentence)}</blockquote>")
    parts += [f'<p class="note">{escape(note)}</p>' for note in finding.notes]
    for picture in finding.pictures:
        svg = svgs[f"{file_name(picture.name)}.svg"].decode()
        svg = svg[svg.index("<svg") :]
        parts.append(f"<figure>{svg}<figcaption>{escape(picture.caption)}</figcaption></figure>")
    if finding.estimates:
        parts.append(_table(finding))
    return "\n".join(parts)


def _table(finding: Finding) -> str:
    columns = [format_column([getattr(e, c.name) for e in finding.estimates], c) for c in _SHOWN]
    filled = [(c, cells) for c, cells in zip(_SHOWN, columns, strict=True) if any(cells)]
    head = "".join(f"<th>{escape(column.name)}</th>" for column, _ in filled)
    lines = []
    for i in range(len(finding.estimates)):
        cells = "".join(
            f"<td>{escape(cells[i])}</td>" if column.kind == "text" else f'<td class="number">{cells[i]}</td>'
            for column, cells in filled
        )
        lines.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>\n' + "\n".join(lines) + "\n</table></div>"
