"""Many slides -> a result folder; one bad slide never stops the others.

``one.py`` does a slide and turns whatever goes wrong into its outcome, ``crew.py`` does several at once in processes
of their own, ``run.py`` does the whole and writes the cohort's tables, ``record.py`` writes run.json,
``recount.py`` counts a folder again by other rules. Going on where a run ended: ``content.py`` hashes a slide,
``earlier.py`` says whether what is there still holds, ``again.py`` counts it by other rules, ``lock.py`` keeps a
second run out, ``stopping.py`` heeds SIGTERM.
"""

from mvd.batch.machine import free_memory_mb, jobs_for, memory_for, processors
from mvd.batch.one import FoundFile, SlideOutcome, collect_seldom, slide_id
from mvd.batch.recount import recount, slides_in
from mvd.batch.run import BatchOutcome, How, Reporter, run

__all__ = [
    "BatchOutcome",
    "FoundFile",
    "How",
    "Reporter",
    "SlideOutcome",
    "collect_seldom",
    "free_memory_mb",
    "jobs_for",
    "memory_for",
    "processors",
    "recount",
    "run",
    "slide_id",
    "slides_in",
]
