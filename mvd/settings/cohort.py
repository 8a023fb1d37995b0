"""What `mvd cohort` is asked: which columns, which analyses, which rules."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from mvd.settings.asked import AskedSettings, Names, Unmatched
from mvd.settings.sections import Section

Positive = Annotated[float, Field(gt=0)]
Numbers = Annotated[tuple[Positive, ...], Field(strict=False)]

REFUSED_SEARCH = (
    "a cut-off that is searched for the smallest p finds a difference where there is none: its p is 5 to 10 times "
    "too small and its hazard ratio too far from 1 (Altman 1994, Faraggi & Simon 1996); use the continuous "
    "density, a split fixed beforehand (split_value), or search = 'cross_validated', which gives the corrected p"
)


class JoinSettings(Section):
    """How slides become patients."""

    measure: str = Field("mvd_tissue_per_mm2", description="Column of summary.csv to analyse")
    patient: str = Field(
        "patient", description="Column that names the patient; slide: every slide is a patient of its own"
    )
    patient_pattern: str = Field(
        "",
        description="Regular expression whose group finds the patient in the slide's name, as '^(P[0-9]+)_'",
    )
    several: Literal["mean", "median", "max", "min", "area_weighted"] = Field(
        "mean", description="One number from several slides of a patient"
    )
    unmatched: Unmatched = Field(
        "error", description="A slide or patient without its counterpart: stop, or leave out and count"
    )
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="Level of all intervals")


class GroupSettings(Section):
    """Treatment groups."""

    column: str = Field("", description="Column with the group; empty: no comparison")
    reference: str = Field("", description="Group that the others are compared with first; empty: by name")


class MarkerSettings(Section):
    """VEGF or any other number of a patient."""

    columns: Names = Field((), description="Columns to correlate with the density (Spearman)")


class PairedSettings(Section):
    """Slides before and after a therapy."""

    column: str = Field("", description="Column that says which visit a slide is from; empty: no visits")
    before: str = Field("before", description="Its value before")
    after: str = Field("after", description="Its value after")
    others_use: Literal["before", "after", "change"] = Field(
        "before", description="What the other analyses take of a patient with both"
    )


class SurvivalSettings(Section):
    """Time until an event: death, recurrence."""

    time: Names = Field((), description="Columns with the time of follow-up, one for each end point")
    event: Names = Field((), description="Columns with 1 (event) or 0 (censored), in the same order")
    names: Names = Field(
        (), description="What the end points are called, as death; empty: the event's column"
    )
    unit: str = Field("months", description="Unit of the times")
    covariates: Names = Field((), description="Columns that the Cox model adjusts for")
    split: Literal["median", "value", "none"] = Field(
        "median", description="The two curves of the picture: split at the median, or at split_value"
    )
    split_value: float | None = Field(None, description="Split fixed beforehand, in the density's unit")
    search: Literal["no", "cross_validated", "smallest_p"] = Field(
        "no", description="Look for a cut-off; smallest_p is refused"
    )
    at: Numbers = Field((), description="Times at which survival and AUC are given; empty: the median time")
    min_events_per_term: float = Field(
        10, ge=1, description="Fewer events for each term of a model: said, not fitted"
    )
    knots: int = Field(3, ge=3, le=5, description="Knots of the restricted cubic spline")

    @model_validator(mode="after")
    def _fit(self) -> "SurvivalSettings":
        if len(self.time) != len(self.event):
            raise ValueError(
                f"time names {len(self.time)} columns, event {len(self.event)}: give one for each"
            )
        if self.names and len(self.names) != len(self.time):
            raise ValueError(
                f"names has {len(self.names)} end points, time {len(self.time)}: give one for each"
            )
        called = self.names or self.event
        if len(set(called)) < len(called):
            raise ValueError(
                f"two end points are called {max(called, key=called.count)!r}: give names, all different"
            )
        if self.split == "value" and self.split_value is None:
            raise ValueError("split = 'value' needs split_value")
        if self.search == "smallest_p":
            raise ValueError(REFUSED_SEARCH)
        return self


class RocSettings(Section):
    """How well the density tells two outcomes apart."""

    outcome: str = Field("", description="Column with 1 or 0; empty: no ROC curve without times")


class PowerSettings(Section):
    """Sample size for the next study, from the spread of this one."""

    alpha: float = Field(0.05, gt=0, lt=0.5, description="Two-sided level")
    power: float = Field(0.8, gt=0.5, lt=1, description="Wanted power")
    differences: Numbers = Field(
        (0.1, 0.2, 0.3, 0.5), description="Differences to plan for, as a part of the mean density"
    )
    hazard_ratios: Numbers = Field((1.25, 1.5, 2.0), description="Hazard ratios per SD to plan for")


class ResampleSettings(Section):
    """Numbers that rest on chance, and the seed that repeats them."""

    bootstrap: int = Field(200, ge=50, le=10_000, description="Bootstrap samples")
    permutations: int = Field(1999, ge=199, le=100_000, description="Permutations")
    folds: int = Field(5, ge=2, le=20, description="Parts of the cross-validation")
    seed: int = Field(1, ge=0, description="Seed")


class CohortSettings(AskedSettings):
    """Everything that decides the numbers of `mvd cohort`, in sections."""

    template: ClassVar[str] = "mvd cohort --template"

    join: JoinSettings = JoinSettings()
    group: GroupSettings = GroupSettings()
    marker: MarkerSettings = MarkerSettings()
    paired: PairedSettings = PairedSettings()
    survival: SurvivalSettings = SurvivalSettings()
    roc: RocSettings = RocSettings()
    power: PowerSettings = PowerSettings()
    resample: ResampleSettings = ResampleSettings()
