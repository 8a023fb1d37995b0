"""The settings as flags: one click option for each field, made from the field itself.

An option that is not given is None and leaves defaults and TOML alone, so that a run without flags keeps its
fingerprint.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click

from mvd.settings import Settings, meaning, read_toml

_ALIASES = {"slide.mpp": "--mpp", "slide.allow_coarse": "--allow-coarse"}
_TYPES = {bool: click.BOOL, int: click.INT, float: click.FLOAT}


class NumberOf(click.ParamType):  # type: ignore[type-arg]
    """A number of a setting: what is none is told what it stands for, its unit and its range."""

    def __init__(self, kind: Any, meant: str) -> None:
        self.kind, self.meant, self.name = kind, meant, kind.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        try:
            return self.kind.convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(f"{error.message.rstrip('.')}; {self.meant}", param, ctx)


def numbers(words: str) -> tuple[int | float, ...]:
    """Read numbers with commas or spaces between them; how many is for the settings to say."""
    try:
        return tuple(_number(word) for word in words.replace(",", " ").split())
    except ValueError:
        raise click.BadParameter(f"{words!r} is no list of numbers such as 0.27,0.57,0.78") from None


class SettingOption(click.Option):
    """The flag of one setting."""

    def __init__(self, key: str, field: Any) -> None:
        self.key = key
        flag = flag_of(key)
        kind = _type_of(field.annotation)
        if kind in (click.INT, click.FLOAT):
            kind = NumberOf(kind, meaning(field))
        names = [f"{flag}/--no-{flag[2:]}"] if kind is click.BOOL else [*_alias(key), flag]
        super().__init__(
            [*names, parameter_of(key)],
            type=kind,
            default=None,
            help=f"{field.description}  [default: {_shown(field.default)}]",
            metavar="R,G,B" if kind is numbers else None,
        )


class SettingsCommand(click.Command):
    """A command with a flag for each setting, which its help shows below its own options, section by section."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += list(_options())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups."""
        own = [
            p
            for p in self.get_params(ctx)
            if isinstance(p, click.Option) and not isinstance(p, SettingOption)
        ]
        _write_group(ctx, formatter, "Options", own)
        for section, model in Settings():
            chosen = [
                p for p in self.params if isinstance(p, SettingOption) and p.key.startswith(f"{section}.")
            ]
            what = (type(model).__doc__ or "").splitlines()[0].rstrip(".")
            _write_group(ctx, formatter, f"Settings [{section}], {what[0].lower()}{what[1:]}", chosen)


def _options() -> Iterator[click.Option]:
    for section, model in Settings():
        for name, field in type(model).model_fields.items():
            yield SettingOption(f"{section}.{name}", field)


def flag_of(key: str) -> str:
    """Return the flag of a setting: ``vessel.min_area_um2`` is ``--vessel-min-area-um2``."""
    return "--" + key.replace(".", "-").replace("_", "-")


def parameter_of(key: str) -> str:
    """Return the name under which click hands a setting to the command."""
    return key.replace(".", "__")


def settings_from(config: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Put the settings together: defaults < TOML < flags.

    Parameters
    ----------
    config : Path or None
    flags : mapping
        Parameter name -> value, None where the flag was not given.

    Raises
    ------
    SettingsError
        The message names the file or the flag.
    """
    return Settings.from_mapping(changes_from(config, flags))


def changes_from(config: Path | None, flags: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what TOML and flags say, section by section, checked together; as ``settings_from``."""
    values: dict[str, Any] = read_toml(config) if config else {}
    origin = str(config) if config else "settings"
    if not all(isinstance(section, dict) for section in values.values()):
        Settings.from_mapping(values, origin)
    origins = {}
    for parameter, value in flags.items():
        if value is None:
            continue
        section, _, name = parameter.partition("__")
        values.setdefault(section, {})[name] = value
        origins[f"{section}.{name}"] = flag_of(f"{section}.{name}")
    Settings.from_mapping(values, origin, origins)
    return values


def _type_of(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return click.Choice(get_args(annotation))
    if get_origin(annotation) is tuple:
        return numbers
    return _TYPES.get(annotation, click.STRING)


def _alias(key: str) -> list[str]:
    return [_ALIASES[key]] if key in _ALIASES else []


def _shown(default: Any) -> str:
    if default is None:
        return "not set"
    if isinstance(default, tuple):
        return ",".join(f"{number:g}" for number in default)
    return str(default).lower() if isinstance(default, bool) else f"{default}"


def _number(word: str) -> int | float:
    try:
        return int(word)
    except ValueError:
        return float(word)


def _write_group(
    ctx: click.Context, formatter: click.HelpFormatter, title: str, params: Sequence[click.Parameter]
) -> None:
    records = [record for param in params if (record := param.get_help_record(ctx))]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)
