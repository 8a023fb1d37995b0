"""A folder that a scanner writes into -> its slides, analysed as they become complete, and tables that keep up.

Each pass hands over what is new or another than before; what is known of the others goes into the tables as it is. A
slide that was measured stays in the tables when it is moved away, also after the watch was begun anew.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from mvd.batch.arrivals import Arrivals, is_under_way
from mvd.batch.earlier import earlier_result
from mvd.batch.how import BatchOutcome, How, Reporter, state_after
from mvd.batch.lock import held
from mvd.batch.one import FoundFile, SlideOutcome, outcome_before, slide_id
from mvd.batch.run import run_held
from mvd.batch.staging import stage_folder
from mvd.batch.stopping import Stopping, Terminated, heeding_sigterm
from mvd.batch.worker import refuse_in_a_starting_process
from mvd.errors import MvdError
from mvd.settings import Settings
from mvd.slide import find_slides

_CHECK_EVERY_S = 0.2


@dataclass(frozen=True)
class Times:
    """When a watch looks, and when it ends, s.

    Attributes
    ----------
    every_s : float
        Between two looks.
    settled_s : float
        For how long a slide must stay the same to be taken for complete.
    idle_stop_s : float or None
        The watch ends when for so long nothing came and nothing was waited for; None for never.
    """

    every_s: float = 10.0
    settled_s: float = 30.0
    idle_stop_s: float | None = None


@dataclass(frozen=True)
class Given:
    """What is given of single slides: as of ``run``."""

    mpp_of: Mapping[str, float]
    region_of: Mapping[str, Path]


class Host(Protocol):
    """What a watch asks of who began it."""

    def given(self, found: Sequence[FoundFile]) -> Given:
        """Return pixel sizes and regions of slides; asked for at every look, for tables may be added to."""
        ...

    def how(self, slides: int) -> How:
        """Return how a pass over so many slides is done; the folder for copies is that of the first."""
        ...

    def reporter(self, slides: int) -> Reporter:
        """Return who tells of a pass over so many slides."""
        ...

    def passed(self, reporter: Reporter, outcome: BatchOutcome) -> None:
        """Hear that a pass is over."""
        ...

    def say(self, words: str) -> None:
        """Tell the user something."""
        ...


@dataclass(frozen=True)
class _Gone:
    """A slide that was measured and is not there any more."""

    path: Path
    name: str


@dataclass(frozen=True)
class _Known:
    """What became of a slide, and of which files and what else it was made; None: of an earlier run."""

    key: Any
    name: str
    outcome: SlideOutcome


def watch(folder: Path, out: Path, settings: Settings, host: Host, times: Times) -> BatchOutcome:
    """Analyse the slides of a folder as they come, until nothing comes any more or somebody ends it.

    Parameters
    ----------
    folder : Path
        Searched with all below it.
    out : Path
        The result folder, held all the time; what is there already is gone on with.
    settings : Settings
    host : Host
    times : Times

    Returns
    -------
    BatchOutcome
        Of the last pass, with how the watch ended.

    Raises
    ------
    MvdError
        ``out`` is ``folder``, cannot be written, or is another run's.
    """
    refuse_in_a_starting_process()
    if os.path.realpath(folder) == os.path.realpath(out):
        raise MvdError(f"{out}: is the folder that is watched; give another one with --out")
    stage_dir = host.how(1).stage_dir
    with held(out), stage_folder(stage_dir) as stage, heeding_sigterm() as stopping:
        watcher = _Watcher(folder, out, settings, host, times)
        try:
            return watcher.until_idle(stage, stopping)
        except (Terminated, KeyboardInterrupt) as error:
            return replace(watcher.last, state=state_after(error))


class _Watcher:
    def __init__(self, folder: Path, out: Path, settings: Settings, host: Host, times: Times) -> None:
        self._folder, self._out, self._settings = folder, out, settings
        self._host, self._times = host, times
        self._arrivals = Arrivals(times.settled_s)
        self._given = Given({}, {})
        self._known = {known.outcome.slide_id: known for known in _of_before(out, settings)}
        self._trouble = ""
        self.last = BatchOutcome((), "finished")

    def until_idle(self, stage: Path | None, stopping: Stopping) -> BatchOutcome:
        """Look and do passes until nothing came for long enough, or a pass was ended from outside."""
        busy_s = time.monotonic()
        while True:
            found = self._look()
            complete = self._arrivals.look(found)
            keys = {slide.name: self._key(slide, complete) for slide in found if slide.name in complete}
            new = [slide for slide in found if slide.name in keys and self._is_new(slide, keys[slide.name])]
            if new:
                self._do(new, keys, stage)
                if self.last.state != "finished":
                    return self.last
            if new or len(complete) < len(found):
                busy_s = time.monotonic()
            idle_stop_s = self._times.idle_stop_s
            if idle_stop_s is not None and time.monotonic() - busy_s >= idle_stop_s:
                return self.last
            self._wait(stopping)

    def _look(self) -> list[FoundFile]:
        """Return the slides that are there; trouble with the folder or a table is told once, and waited out."""
        try:
            found: list[FoundFile] = [s for s in find_slides([self._folder]) if not is_under_way(s.name)]
            self._given = self._host.given(found)
        except MvdError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._host.say(f"{error}; trying again")
            return []
        self._trouble = ""
        return found

    def _key(self, slide: FoundFile, complete: Mapping[str, Any]) -> Any:
        """Return all that a slide's result is made of: when that is another, it is to be done anew."""
        region = self._given.region_of.get(slide.name)
        return complete[slide.name], self._given.mpp_of.get(slide.name), region, _stat(region)

    def _is_new(self, slide: FoundFile, key: Any) -> bool:
        known = self._known.get(slide_id(slide.name))
        return known is None or known.key != key

    def _do(self, new: Sequence[FoundFile], keys: Mapping[str, Any], stage: Path | None) -> None:
        """Do the new ones, and write the tables of all."""
        ids = {slide_id(slide.name) for slide in new}
        there = {slide_id(name) for name in self._arrivals.names()}
        kept = {
            key: known
            for key, known in self._known.items()
            if key not in ids and (key in there or known.outcome.status != "failed")
        }
        slides = [*new, *(_Gone(self._folder / known.name, known.name) for known in kept.values())]
        slides.sort(key=lambda slide: slide.name)
        how = replace(
            self._host.how(len(new)),
            stage_dir=stage,
            known={key: known.outcome for key, known in kept.items()},
        )
        reporter = self._host.reporter(len(new))
        of_slides = self._given.mpp_of, self._given.region_of
        self.last = run_held(slides, self._out, self._settings, reporter, of_slides, how)
        self._host.passed(reporter, self.last)
        names = {slide_id(slide.name): slide.name for slide in slides}
        self._known = kept | {
            outcome.slide_id: _Known(keys[names[outcome.slide_id]], names[outcome.slide_id], outcome)
            for outcome in self.last.slides
            if outcome.slide_id in ids
        }

    def _wait(self, stopping: Stopping) -> None:
        end_s = time.monotonic() + self._times.every_s
        while (left_s := end_s - time.monotonic()) > 0:
            stopping.check()
            time.sleep(min(left_s, _CHECK_EVERY_S))
        stopping.check()


def _of_before(out: Path, settings: Settings) -> Iterator[_Known]:
    """Yield what earlier runs left whole in the result folder, of the same settings."""
    for path in sorted((out / "slides").glob("*/slide.json")):
        earlier = earlier_result(path.parent)
        if earlier is None or earlier.changes(settings) != {}:
            continue
        outcome = outcome_before(earlier, 0)
        if slide_id(outcome.name) == outcome.slide_id == path.parent.name:
            yield _Known(None, outcome.name, outcome)


def _stat(path: Path | None) -> tuple[int, int] | None:
    try:
        about = path.stat() if path else None
    except OSError:
        return None
    return (about.st_size, about.st_mtime_ns) if about else None
