"""Slides and clinical facts -> the statistics that a paper prints, with their intervals.

``tables`` and ``join`` read, ``patients`` makes one row per patient, ``study`` asks the questions (a module each), and
``write`` puts down tables, figures and the page. The patient is the unit. scipy, statsmodels, lifelines and
scikit-posthocs do the statistics; what none of them has says where its formula is from.
"""

from mvd.stats.cohort.study import Study, study_cohort
from mvd.stats.cohort.write import write_study

__all__ = ["Study", "study_cohort", "write_study"]
