"""The jobs of a run, in their order -> handed out one by one to whoever does them."""

from collections import deque
from collections.abc import Sequence

from mvd.batch.one import SlideJob


class Supply:
    """Jobs that wait to be done, all of them ready at once."""

    def __init__(self, jobs: Sequence[SlideJob]) -> None:
        self._waiting = deque(jobs)

    def __len__(self) -> int:
        """Return how many are not taken yet."""
        return len(self._waiting)

    def first(self) -> SlideJob | None:
        """Return the next job, which stays until it is taken; None while there is none, or none ready."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> None:
        """Take the job that ``first`` returned off the list."""
        self._waiting.popleft()

    def done(self, number: int) -> None:
        """Hear that the slide of this place in the list is finished."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user is to know of how the slides were handed out, one line each."""
        return ()
