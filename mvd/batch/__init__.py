"""Many slides -> a result folder; one bad slide never stops the others.

``one.py`` does a slide and turns whatever goes wrong into its outcome, ``crew.py`` does slides in processes of their
own, ``how.py`` says how a run is done and what came of it, ``run.py`` does the whole and writes the cohort's tables,
``record.py`` writes run.json, ``recount.py`` counts a folder again by other rules, ``machine.py`` says what the machine
allows. Going on where a run ended: ``content.py`` hashes a slide, ``earlier.py`` says whether what is there still
holds, ``again.py`` counts it by other rules, ``lock.py`` keeps a second run out, ``stopping.py`` heeds SIGTERM.
``merge.py`` makes one result folder of those of several machines.
"""

from mvd.batch.how import BatchOutcome, How, Reporter
from mvd.batch.machine import free_memory_mb, jobs_for, memory_for, processors
from mvd.batch.merge import merge
from mvd.batch.one import FoundFile, SlideOutcome, collect_seldom, slide_id
from mvd.batch.recount import recount, slides_in
from mvd.batch.run import run

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
    "merge",
    "processors",
    "recount",
    "run",
    "slide_id",
    "slides_in",
]
