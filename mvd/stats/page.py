"""Findings -> one HTML page that opens from disk and fetches nothing: sentences to quote, figures, tables, settings."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version

from mvd.report.table import format_column
from mvd.stats.finding import ESTIMATE_COLUMNS, Finding, file_name

_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_CSS = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; font-size: .85rem; margin: .6rem 0; } .wide { overflow-x: auto; }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
th.number { text-align: right; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
blockquote { margin: .6rem 0; padding: .4rem .9rem; border-left: 4px solid #0072B2; background: #f3f7fa; }
.note { color: #7a3b00; } figure { margin: .8rem 0; } figcaption { font-size: .85rem; color: #555; }
svg { max-width: 100%; height: auto; } pre { font-size: .75rem; background: #f6f6f6; padding: .7rem; overflow-x: auto; }
"""
_SHOWN = [column for column in ESTIMATE_COLUMNS if column.name != "analysis"]
_MOST_NAMED = 8


def whole_page(title: str, parts: Sequence[str]) -> bytes:
    """Return the page with its head: no script, nothing fetched, as its policy says."""
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
    )
    return (head + "\n".join(parts) + "\n</body>\n</html>\n").encode("utf-8", "backslashreplace")


def counts_table(counts: Mapping[str, Sequence[str]], heading: str) -> str:
    """Return what is missing, tied or left out, with the first names; a sentence if nothing is."""
    if not counts:
        return "<p>Nothing is missing.</p>"
    rows = "".join(
        f'<tr><td>{escape(what)}</td><td class="number">{len(which)}</td><td>{escape(_few(which))}</td></tr>'
        for what, which in counts.items()
    )
    return f"<h2>{escape(heading)}</h2>\n<table>{rows}</table>"


def _few(names: Sequence[str]) -> str:
    more = f", ... ({len(names) - _MOST_NAMED} more: counts.csv)" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def section(finding: Finding, svgs: Mapping[str, bytes]) -> str:
    """Return one finding: its sentence, notes, figures (SVG by file name) and table."""
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


def how_to_repeat(
    inputs: Sequence[tuple[str, str]], libraries: Sequence[str], command: str, toml: str
) -> list[str]:
    """Return the last section: hashes of what was read, versions, the command and its settings.

    Parameters
    ----------
    inputs : sequence of (str, str)
        Name and SHA-256 of each file that was read.
    libraries : sequence of str
        Distributions whose versions are told.
    command, toml : str
        With the settings in a file beside the page.
    """
    files = "".join(f"<tr><td>{escape(name)}</td><td>SHA-256 {sha}</td></tr>" for name, sha in inputs)
    return [
        "<h2>How to get the same numbers</h2>",
        f"<table>{files}</table>",
        "<p>" + ", ".join(f"{name} {version(name)}" for name in libraries) + "</p>",
        f"<p>The settings are in a file beside this page: <code>{escape(command)}</code></p>",
        f"<pre>{escape(toml)}</pre>",
    ]


def _table(finding: Finding) -> str:
    columns = [format_column([getattr(e, c.name) for e in finding.estimates], c) for c in _SHOWN]
    filled = [(c, cells) for c, cells in zip(_SHOWN, columns, strict=True) if any(cells)]
    head = "".join(f"<th{_side(column.kind)}>{escape(column.name)}</th>" for column, _ in filled)
    lines = []
    for i in range(len(finding.estimates)):
        cells = "".join(f"<td{_side(column.kind)}>{escape(cells[i])}</td>" for column, cells in filled)
        lines.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>\n' + "\n".join(lines) + "\n</table></div>"


def _side(kind: str) -> str:
    return "" if kind == "text" else ' class="number"'
