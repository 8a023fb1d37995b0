"""Sections of settings <-> TOML with the meaning of each as a comment. Judges no value: the models do."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mvd.errors import SettingsError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file into nested dicts; a file that is missing or no TOML is a ``SettingsError``."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        # PowerShell's > writes UTF-16, so `mvd config show > mvd.toml` gives such a file there.
        raise SettingsError(f"{path}: not valid TOML: not in UTF-8; save it again as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}; start from `mvd config show`") from None


def toml_of(sections: BaseModel) -> str:
    """Write a model of sections as TOML, each setting with its meaning and unit as a comment."""
    import tomlkit

    document = tomlkit.document()
    for section_name, section in sections:
        table = tomlkit.table()
        values = section.model_dump(mode="json")
        for name, field in type(section).model_fields.items():
            value = values[name]
            table.add(tomlkit.comment(field.description or name))
            if value is None:
                table.add(tomlkit.comment(f"{name} = (not set)"))
            else:
                table.add(name, value)
        document.add(section_name, table)
    return tomlkit.dumps(document)
