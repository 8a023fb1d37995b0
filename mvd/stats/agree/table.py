"""Readings -> every measure of agreement as one CSV table."""

from itertools import combinations

from mvd.report.table import csv_of_rows
from mvd.result import Column
from mvd.stats.agree.icc import intraclass
from mvd.stats.agree.pair import bland_altman, concordance
from mvd.stats.agree.readings import Readings

AGREEMENT_COLUMNS = (
    Column("readers", "", "who is compared; of two, differences are the second's less the first's", "text"),
    Column("measure", "", "which measure of agreement", "text"),
    Column("n", "", "slides or fields", "int"),
    Column("value", "", "the estimate", decimals=4),
    Column("low", "", "lower end of its 95 % interval", decimals=4),
    Column("high", "", "upper end of its 95 % interval", decimals=4),
)


def agreement_csv(readings: Readings) -> bytes:
    """Return the intraclass correlations of all readers, then bias, limits and concordance of each two.

    Raises
    ------
    CohortError
        Fewer than three slides or fields, or readings that do not differ.
    """
    rows = [
        _row(readings.readers, readings, icc.form, (icc.estimate, icc.low, icc.high))
        for icc in intraclass(readings.ratings)
    ]
    for i, j in combinations(range(len(readings.readers)), 2):
        first, second = readings.ratings[:, i], readings.ratings[:, j]
        for found in (*bland_altman(first, second), concordance(first, second)):
            pair = readings.readers[i], readings.readers[j]
            rows.append(_row(pair, readings, found.name, (found.value, found.low, found.high)))
    return csv_of_rows(rows, AGREEMENT_COLUMNS)


def _row(
    readers: tuple[str, ...], readings: Readings, measure: str, values: tuple[float, float, float]
) -> dict[str, str | int | float | None]:
    numbers = dict(zip(("value", "low", "high"), values, strict=True))
    return {"readers": ", ".join(readers), "measure": measure, "n": len(readings.keys), **numbers}
