"""What `mvd agree` and `mvd cohort` are asked: settings with TOML in and out. They decide nothing about a slide.

Kept apart from ``Settings``, whose fingerprint says how slides were measured: the question that is put to results
changes no density.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, ValidationError

from mvd.errors import SettingsError
from mvd.settings.explain import explain
from mvd.settings.sections import Section
from mvd.settings.toml import read_toml, toml_of

Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)]
Unmatched = Literal["error", "leave_out"]


class AskedSettings(Section):
    """Sections of questions; a subclass names them, and the command that prints them all."""

    model_config = ConfigDict(strict=False)

    template: ClassVar[str]
    """The command that prints all settings as TOML."""

    @classmethod
    def from_mapping(cls, values: dict[str, Any], origin: str = "settings") -> Self:
        """Make settings from nested mappings; ``origin`` names the source in an error.

        Raises
        ------
        SettingsError
            For an unknown key (the nearest one is named), a wrong type or a value out of range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            if error.errors()[0]["type"] == "value_error":
                wrong = error.errors()[0]["msg"].removeprefix("Value error, ")
                raise SettingsError(f"{origin}: {error.errors()[0]['loc'][0]}: {wrong}") from None
            wrong = explain(error, cls())[1].replace("mvd config show", cls.template)
            raise SettingsError(f"{origin}: {wrong}") from None

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read settings from a TOML file; what it leaves out keeps its default."""
        return cls.from_mapping(read_toml(path), path.name)

    def to_toml(self) -> str:
        """Write all settings as TOML, each with its meaning as a comment."""
        return toml_of(self)
