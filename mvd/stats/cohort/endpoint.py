"""One end point (death, recurrence) of the patients who have density, time and event: what survival analyses read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mvd.settings.cohort import CohortSettings
from mvd.stats.cohort.patients import VALUE, Cohort

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Endpoint:
    """Patients with all three numbers, sorted by name.

    ``value`` : (n,) density; ``time`` : (n,) >= 0, in ``unit``; ``event`` : (n,) bool, False is censored;
    ``covariates`` : n rows of numbers (categories as 0 and 1 against the first by name), NaN where missing.
    """

    name: str
    unit: str
    measure: str
    value: Array
    time: Array
    event: NDArray[np.bool_]
    covariates: pd.DataFrame

    @property
    def events(self) -> int:
        """How many events there are."""
        return int(self.event.sum())

    @property
    def n(self) -> int:
        """How many patients there are."""
        return len(self.value)


def endpoint(cohort: Cohort, settings: CohortSettings, which: int) -> Endpoint:
    """Choose the patients who have density, time and event of one end point, by its place in the settings."""
    asked = settings.survival
    time, event = asked.time[which], asked.event[which]
    known = cohort.patients.dropna(subset=[VALUE, f"time:{time}", f"event:{event}"])
    columns = {}
    for name in asked.covariates:
        cells = known[f"covariate:{name}"]
        if pd.api.types.is_numeric_dtype(cells):
            columns[name] = cells.to_numpy(float)
            continue
        levels = sorted(set(cells) - {""})
        if len(levels) < 2:
            columns[name] = np.zeros(len(known))  # a term that is the same for all is said, and not fitted
        for level in levels[1:]:
            marked = np.where(cells == "", np.nan, (cells == level).astype(float))
            columns[f"{name} {level} (against {levels[0]})"] = marked
    return Endpoint(
        asked.names[which] if asked.names else event,
        asked.unit,
        settings.join.measure,
        known[VALUE].to_numpy(float),
        known[f"time:{time}"].to_numpy(float),
        known[f"event:{event}"].to_numpy(float) == 1,
        pd.DataFrame(columns, index=range(len(known))),
    )


def too_few(events: int, terms: int, settings: CohortSettings) -> str:
    """Return why a model of so many terms is not fitted; empty when there are events enough."""
    least = settings.survival.min_events_per_term
    if events >= least * terms:
        return ""
    return (
        f"{events} event{'' if events == 1 else 's'} for {terms} term{'' if terms == 1 else 's'}, fewer than "
        f"{least:g} for each (survival.min_events_per_term): not fitted"
    )
