"""Flags and a TOML file of `mvd agree` and `mvd cohort` -> their settings; and the flag that prints all of them."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def template_option(where: str) -> Callable[[Any], Any]:
    """Return the flag ``--template`` for a model such as ``mvd.settings.cohort:CohortSettings``, read when asked."""

    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            module, _, name = where.partition(":")
            click.echo(getattr(import_module(module), name)().to_toml(), nl=False)
            ctx.exit()

    return click.option(
        "--template",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print all settings as TOML, and end.",
    )


def asked_settings(model: Any, config: Path | None, flags: dict[str, Any]) -> Any:
    """Read settings: those of the file, then the flags (``section__name``), which go before them."""
    from mvd.settings import read_toml

    values: dict[str, Any] = read_toml(config) if config else {}
    if config:
        model.from_mapping(values, config.name)
    for key, value in flags.items():
        if value is None or value == ():
            continue
        section, _, name = key.partition("__")
        values.setdefault(section, {})[name] = list(value) if isinstance(value, tuple) else value
    return model.from_mapping(values)
