"""Flags and terminal -> who tells how far a run is."""

from mvd.cli.events import Events
from mvd.cli.progress import Bar, Lines, Silence


def choose(slides: int, *, as_json: bool, quiet: bool) -> Silence:
    """Return who reports: JSON events, nobody, a bar on a terminal, or lines."""
    if as_json:
        return Events(slides)
    if quiet:
        return Silence()
    from rich.console import Console

    console = Console(stderr=True)
    return Bar(slides) if console.is_terminal and not console.is_dumb_terminal else Lines(slides)
