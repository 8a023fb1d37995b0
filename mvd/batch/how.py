"""How a run is done, who tells of it, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from mvd.batch.one import SlideOutcome, is_disk_full
from mvd.batch.record import now_utc
from mvd.batch.scheduler import Cluster
from mvd.batch.stopping import Terminated
from mvd.errors import Cancelled

State = Literal["finished", "interrupted", "terminated", "disk_full"]


def state_after(error: BaseException) -> State:
    """Return how a run ended that an error stopped; raise the error if it is none that can be gone on from."""
    if isinstance(error, Terminated):
        return "terminated"
    if isinstance(error, KeyboardInterrupt | Cancelled):
        return "interrupted"
    if is_disk_full(error):
        return "disk_full"
    raise error


@dataclass(frozen=True)
class How:
    """How a run is done; none of it changes a result.

    Attributes
    ----------
    jobs : int
        Slides at once.
    workers : int or None
        Threads for each slide; the processors divided by ``jobs`` if None.
    tile_px : int or None
        Side of a tile, px.
    command : sequence of str
        The command line, for run.json.
    fresh : bool
        Do all slides anew, also those that an earlier run has done.
    apart : bool
        Each slide in a process of its own, also with one job: a crash, a hang or too little memory then costs that
        slide only.
    timeout_s, memory_mb : float or None
        Time and memory that a slide may take; only where it has a process of its own.
    shard : (int, int)
        ``(i, n)``: the run has every n-th slide of a list, beginning with the i-th; said in run.json for `mvd merge`.
    stage_dir : Path or None
        Folder on a fast disk: each slide is copied there while the one before it is analysed, and read from there.
    known : mapping
        Slide's id -> what became of it, of slides that are not to be looked at: they only go into the tables.
    cluster : Cluster or None
        The slides are done by its workers, each with its own number of threads if ``workers`` is None; ``jobs``,
        ``apart`` and ``memory_mb`` then mean nothing, and ``stage_dir`` cannot be.
    """

    jobs: int = 1
    workers: int | None = None
    tile_px: int | None = None
    command: Sequence[str] = ()
    fresh: bool = False
    apart: bool = False
    timeout_s: float | None = None
    memory_mb: float | None = None
    shard: tuple[int, int] = (1, 1)
    stage_dir: Path | None = None
    known: Mapping[str, SlideOutcome] = field(default_factory=dict)
    cluster: Cluster | None = None


class Reporter(Protocol):
    """Who tells the user how far the run is; ``number`` is the slide's place in the list, from 0."""

    def slide_started(self, number: int, name: str) -> None:
        """Tell that a slide is begun."""
        ...

    def stage(self, number: int, stage: str, done: int, total: int) -> None:
        """Tell how far a stage of a slide is."""
        ...

    def slide_done(self, outcome: SlideOutcome) -> None:
        """Tell what became of a slide."""
        ...


@dataclass(frozen=True)
class BatchOutcome:
    """What became of a run.

    Attributes
    ----------
    slides : tuple of SlideOutcome
        Those that were finished, in their order.
    state : str
        How it ended.
    stale : tuple of str
        Folders of an earlier run in the result folder, of slides that this run has not: in none of its tables.
    started : str
        When the run began, for run.json.
    notes : tuple of str
        What the user is to know besides, one line each.
    """

    slides: tuple[SlideOutcome, ...]
    state: State
    stale: tuple[str, ...] = ()
    started: str = field(default_factory=now_utc)
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[SlideOutcome, ...]:
        """The slides that failed."""
        return tuple(slide for slide in self.slides if slide.status == "failed")

    @property
    def exit_code(self) -> int:
        """0 all done, 3 some slides failed, 4 stopped but resumable (disk full, time is up), 130 interrupted."""
        if self.state != "finished":
            return {"disk_full": 4, "terminated": 4, "interrupted": 130}[self.state]
        return 3 if self.failed else 0
