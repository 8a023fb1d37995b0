"""A click group that imports a command when it is called, and ends every error in one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from mvd.errors import Cancelled, MvdError, SettingsError

COULD_NOT_START, USAGE, INTERRUPTED = 1, 2, 130


class LazyGroup(click.Group):
    """Commands by name, as ``"module:attribute"`` with their line of help.

    Exit codes: 2 for usage and settings, 130 when interrupted, 1 for anything else that stops a command.
    """

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = dict(commands_at)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which a user meets them."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name not in self._commands_at:
            return None
        module, _, attribute = self._commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name, command and the rest of the words; of a name that is none, the error says the nearest."""
        if args[0] not in self._commands_at:
            import difflib

            near = difflib.get_close_matches(args[0], self._commands_at, n=1)
            if near:
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._commands_at.items()])

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run, and exit with the code of the command."""
        kwargs["standalone_mode"] = False
        try:
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            error.show()
            if isinstance(error, click.NoSuchOption):
                _hint(kwargs.get("args") or (args[0] if args else None) or sys.argv[1:])
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt, Cancelled):
            click.echo("mvd: interrupted", err=True)
            sys.exit(INTERRUPTED)
        except MvdError as error:
            _say(str(error))
            sys.exit(USAGE if isinstance(error, SettingsError) else COULD_NOT_START)
        except Exception as error:  # the last line of defence: a user never meets a traceback
            _say(f"unexpected {type(error).__name__}: {error}; please report it, with `mvd doctor`")
            sys.exit(COULD_NOT_START)
        sys.exit(code if isinstance(code, int) else 0)


def _hint(words: Sequence[str]) -> None:
    """Say how a file is given whose name begins with a dash, where there is one."""
    for word in words:
        if word.startswith("-") and os.path.lexists(word):
            name = "".join(c if c.isprintable() else "?" for c in word)
            click.echo(
                f"{name} is a file: write ./{name}, or put -- before it and all that follows", err=True
            )


def _say(message: str) -> None:
    click.echo(f"mvd: error: {' '.join(message.split())}", err=True)
