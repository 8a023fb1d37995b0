"""What `mvd agree` is asked: which columns are compared, where high begins, and how near two points are one vessel."""

from typing import ClassVar, Literal

from pydantic import Field

from mvd.settings.asked import AskedSettings, Names, Unmatched
from mvd.settings.sections import Section


class ReadingSettings(Section):
    """Which readings of which slides or fields."""

    kind: Literal["numbers", "points"] = Field(
        "numbers", description="numbers: a reading a row; points: a vessel a row, with x_um and y_um"
    )
    measure: Names = Field(
        (),
        description="Column with the reading: one for all files or one for each; empty: mvd_tissue_per_mm2, "
        "else vessels_per_mm2",
    )
    key: str = Field("", description="Column with the slide; empty: slide_id, else slide")
    unmatched: Unmatched = Field(
        "error", description="A slide or field that not all readers have: stop, or leave out and count"
    )
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="Level of all intervals")


class SplitSettings(Section):
    """High and low, for kappa."""

    value: float | None = Field(
        None, description="Readings above it are high; not set: the median of the readings of all readers"
    )


class PointSettings(Section):
    """When two readers' points are the same vessel."""

    within_um: float = Field(
        10.0, gt=0, le=1000, description="Greatest distance of two points that are one vessel, um"
    )


class ResampleSettings(Section):
    """Numbers that rest on chance, and the seed that repeats them."""

    draws: int = Field(
        20_000, ge=1000, le=1_000_000, description="Draws for the interval of the choosing error"
    )
    bootstrap: int = Field(
        2000, ge=200, le=100_000, description="Bootstrap samples of slides, for points on ten slides or more"
    )
    seed: int = Field(1, ge=0, description="Seed")


class AgreeSettings(AskedSettings):
    """Everything that decides the numbers of `mvd agree`, in sections."""

    template: ClassVar[str] = "mvd agree --template"

    reading: ReadingSettings = ReadingSettings()
    split: SplitSettings = SplitSettings()
    points: PointSettings = PointSettings()
    resample: ResampleSettings = ResampleSettings()
