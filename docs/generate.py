"""Write docs/columns.md and docs/settings.md from the code: `make docs`.

Input: the tables of ``mvd.report.exports.dictionary`` and the fields of ``mvd.Settings``. Output: the two pages. A test
compares them with what is committed.
"""

from pathlib import Path

from mvd import Settings
from mvd.report.exports.dictionary import TABLES
from mvd.result import Column

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/generate.py (`make docs`); change the code, not this page. -->"

COLUMNS_TOP = f"""{NOTE}
# The columns of the tables

UTF-8, comma separated, decimal point, empty for missing. A text that begins with `=`, `+`, `-`, `@`, a tab
or a carriage return gets a leading `'`, so that no spreadsheet runs it. Positions are in um from the slide's
top left corner.
"""

SETTINGS_TOP = f"""{NOTE}
# The settings

Defaults < the TOML file of `--config` < flags (`[vessel] min_area_um2` is `--vessel-min-area-um2`).
`mvd config show` prints all of them as TOML, `mvd config check FILE` looks a file over. A key that does not
exist, a wrong type or a value out of range is an error that names the key. Everything here decides the result
and goes into `settings_fingerprint`; `--workers`, `--jobs` and `--tile-px` do not.
"""


def columns_page() -> str:
    """Return docs/columns.md as it should be."""
    parts = [COLUMNS_TOP]
    for name, what, columns in TABLES:
        parts.append(f"\n## {name}\n\n{what}\n\n| column | unit | meaning |\n|---|---|---|\n")
        parts += [_column_row(column) for column in columns]
    return "".join(parts)


def settings_page() -> str:
    """Return docs/settings.md as it should be."""
    parts = [SETTINGS_TOP]
    for name, section in Settings():
        parts.append(f"\n## {name}\n\n{_first_line(section)}\n\n")
        parts.append("| key | default | range | meaning |\n|---|---|---|---|\n")
        for key, field in type(section).model_fields.items():
            bounds = _bounds(field.metadata)
            parts.append(f"| `{key}` | {_shown(getattr(section, key))} | {bounds} | {field.description} |\n")
    return "".join(parts)


def _column_row(column: Column) -> str:
    return f"| `{column.name}` | {column.unit} | {column.meaning} |\n"


def _first_line(section: object) -> str:
    return (type(section).__doc__ or "").strip().splitlines()[0]


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{list(value)}`" if isinstance(value, tuple) else f"`{value}`"


def _bounds(metadata: list[object]) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(m, name)}" for m in metadata for name, sign in signs.items() if hasattr(m, name)
    ]
    return ", ".join(found)


if __name__ == "__main__":
    (HERE / "columns.md").write_text(columns_page(), encoding="utf-8")
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8")
