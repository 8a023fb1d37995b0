"""How a slide is called in a message: its file name, on one line, without the folders above it."""

from pathlib import Path


def shown_name(path: Path) -> str:
    """Return the file name with control characters and line ends escaped."""
    return printable(path.name)


def printable(text: str) -> str:
    """Return ``text`` with control characters and line ends escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(reason: object) -> str:
    """Return a decoder's own words on one line, at most 160 characters."""
    words = printable(" ".join(str(reason).split())) or type(reason).__name__
    return words if len(words) <= 160 else words[:157] + "..."
