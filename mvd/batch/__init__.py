"""Many slides -> a result folder; one bad slide never stops the others.

``one.py`` does a slide and turns whatever goes wrong into its outcome, ``crew.py`` has slides done in processes of
their own, ``worker.py`` is what these do and ``last_words.py`` what they said, ``how.py`` says how a run is done and
what came of it, ``run.py`` does the whole and writes the cohort's tables,
``record.py`` makes run.json and ``crate.py`` the RO-Crate, ``recount.py`` counts a folder again by other rules,
``machine.py`` says what the machine allows and ``groups.py`` what a container does, ``plan.py`` what a run would do and
cost. Going on where a run ended: ``content.py`` hashes a slide, ``earlier.py`` says whether what is there still
holds, ``again.py`` counts it by other rules, ``lock.py`` keeps a second run out, ``stopping.py`` heeds SIGTERM.
Slow storage: ``staging.py`` with ``copying.py`` and ``supply.py`` has the next slide copied meanwhile, ``retry.py``
tries again what failed for a moment. ``watch.py`` with ``arrivals.py`` does the slides of a folder as they come.
``merge.py`` makes one result folder of those of several machines; ``scheduler.py`` connects to a dask cluster,
``cluster.py`` has its workers do slides, and ``errand.py`` is what they do.
"""

from mvd.batch.how import BatchOutcome, How, Reporter
from mvd.batch.machine import free_memory_mb, jobs_for, memory_for, processors
from mvd.batch.merge import merge
from mvd.batch.one import FoundFile, SlideOutcome, collect_seldom, slide_id
from mvd.batch.rebuild import rebuild
from mvd.batch.recount import recount, slides_in
from mvd.batch.run import run
from mvd.batch.scheduler import Cluster

__all__ = [
    "BatchOutcome",
    "Cluster",
    "FoundFile",
    "How",
    "Reporter",
    "SlideOutcome",
    "collect_seldom",
    "free_memory_mb",
    "jobs_for",
    "memory_for",
    "merge",
    "processors",
    "rebuild",
    "recount",
    "run",
    "slide_id",
    "slides_in",
]
