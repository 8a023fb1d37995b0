"""Agreement of readers, or of mvd with readers, on the same slides or fields.

``readings.py`` CSV files -> ratings · ``icc.py`` intraclass correlations · ``pair.py`` Bland-Altman, proportional bias,
Lin's concordance of two readers · ``table.py`` all of it as CSV.
"""

from mvd.stats.agree.icc import Icc, intraclass
from mvd.stats.agree.pair import Estimate, bland_altman, concordance
from mvd.stats.agree.readings import Readings, read_readings
from mvd.stats.agree.table import agreement_csv

__all__ = [
    "Estimate",
    "Icc",
    "Readings",
    "agreement_csv",
    "bland_altman",
    "concordance",
    "intraclass",
    "read_readings",
]
