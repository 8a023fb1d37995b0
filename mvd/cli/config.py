"""``mvd config``: the settings as TOML, and whether a TOML file is right."""

from pathlib import Path

import click

from mvd.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True)
@click.pass_context
def config(ctx: click.Context) -> None:
    """Show or check the settings, with units and defaults.

    \b
    Example:
      mvd config show > mvd.toml
      mvd config check mvd.toml
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@config.command()
@click.option("--config", "path", type=_FILE, help="A TOML file; what it leaves out keeps its default.")
def show(path: Path | None = None) -> None:
    """Print all settings as TOML, each with its meaning and unit.

    \b
    Example:
      mvd config show > mvd.toml
    """
    click.echo((Settings.from_toml(path) if path else Settings()).to_toml(), nl=False)


@config.command()
@click.argument("path", metavar="FILE", type=_FILE)
def check(path: Path) -> None:
    """Check a TOML file: every key known, every value of the right type and in range.

    \b
    Example:
      mvd config check mvd.toml
    """
    settings = Settings.from_toml(path)
    click.echo(f"{path}: fine; settings_fingerprint {settings.fingerprint}")
