"""``--shard I/N``: which part of the list of slides a run has."""

import re

import click


class Shard(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """``I/N`` as two numbers, I from 1 to N."""

    name = "shard"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return (I, N); a usage error says how it is written."""
        written = re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(value))
        if not written or not 1 <= int(written[1]) <= int(written[2]):
            self.fail(f"{value!r} is no part of a list; write --shard 1/10 for the first of ten", param, ctx)
        return int(written[1]), int(written[2])
