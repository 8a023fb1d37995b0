"""``--json``: a run -> one JSON object a line on stdout, and nothing else there; docs/batch.md has the fields."""

import json
import math
import time
from typing import Any

from mvd import __version__
from mvd.batch import BatchOutcome, SlideOutcome
from mvd.cli.group import COULD_NOT_START, INTERRUPTED, USAGE
from mvd.cli.progress import Silence, say
from mvd.errors import Cancelled, MvdError, SettingsError

_PROGRESS_EVERY_S = 0.5


def say_json(**fields: Any) -> None:
    """Write one object on stdout; what is no number is null."""
    known = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in fields.items()
    }
    say(json.dumps(known, allow_nan=False))


class Events(Silence):
    """The reporter of ``--json``."""

    def __init__(self, slides: int) -> None:
        self._names: dict[int, str] = {}
        self._last_s = 0.0
        self._say("started", slides=slides, mvd_version=__version__)

    def slide_started(self, number: int, name: str) -> None:
        """Write ``slide_started``."""
        self._names[number] = name
        self._say("slide_started", number=number, slide=name)

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        """Write ``progress``: the end of each stage, and not too often between."""
        now_s = time.monotonic()
        if done == total or now_s - self._last_s >= _PROGRESS_EVERY_S:
            self._last_s = now_s
            name = self._names[number]
            self._say("progress", number=number, slide=name, stage=stage, done=done, total=total)

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Write ``slide_done`` or ``slide_failed``, with its row of summary.csv."""
        about = {
            "message": outcome.message,
            "warnings": outcome.warnings,
            "seconds": round(outcome.seconds, 3),
            "resumed": outcome.resumed,
        }
        event = "slide_failed" if outcome.status == "failed" else "slide_done"
        self._say(event, number=outcome.number, **outcome.row, **about)

    def finished(self, outcome: BatchOutcome) -> None:
        """Write ``finished``."""
        failed, slides = len(outcome.failed), len(outcome.slides)
        ended = {"state": outcome.state, "exit_code": outcome.exit_code, "error": "", "message": ""}
        self._say("finished", **ended, done=slides - failed, failed=failed)

    def stopped(self, error: BaseException) -> None:
        """Write ``finished`` of a run that could not go on; the message is the one on stderr."""
        state, exit_code, code = "could_not_run", COULD_NOT_START, "internal"
        if isinstance(error, (Cancelled, KeyboardInterrupt)):
            state, exit_code, code = "interrupted", INTERRUPTED, "cancelled"
        elif isinstance(error, MvdError):
            code, exit_code = error.code, USAGE if isinstance(error, SettingsError) else COULD_NOT_START
        told = {"error": code, "message": " ".join(str(error).split())}
        self._say("finished", state=state, exit_code=exit_code, **told, done=None, failed=None)

    @staticmethod
    def _say(event: str, **fields: Any) -> None:
        say_json(event=event, **fields)
