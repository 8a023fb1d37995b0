"""What a phantom is asked to be: its size, seed and difficulty. Nothing is drawn here."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from mvd.errors import SettingsError

Difficulty = Literal["clean", "typical", "hard"]
Range = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """How a slide of one difficulty looks. Densities are per mm2 of tissue, ``_od`` is optical density (base 10).

    Attributes
    ----------
    vessels_per_mm2 : float
        Countable vessels, when the spec does not say.
    faint_fraction : float
        Part of the countable vessels whose wall is faint.
    faint_od, strong_od : (float, float)
        Mean DAB of a wall, drawn uniformly.
    nuclei_per_mm2, nucleus_od, cytoplasm_od : float
        Counterstain.
    haze_od : float
        Most DAB of the diffuse, low-frequency haze.
    specks_per_mm2, undersized_per_mm2, pigment_per_mm2, wide_per_mm2, thick_per_mm2, clefts_per_mm2 : float
        What is present but not countable; ``wide`` and ``thick`` are large vessels.
    drift_deg : float
        Angle by which both stain vectors leave the QuPath preset, degrees.
    blur_um, noise_levels, cast : float
        Optics (Gaussian sigma), sensor noise (grey levels at white) and uneven light (part of the intensity).
    """

    vessels_per_mm2: float = 110.0
    faint_fraction: float = 0.2
    faint_od: Range = (0.22, 0.35)
    strong_od: Range = (0.5, 1.2)
    nuclei_per_mm2: float = 3600.0
    nucleus_od: float = 0.38
    cytoplasm_od: float = 0.06
    haze_od: float = 0.03
    specks_per_mm2: float = 35.0
    undersized_per_mm2: float = 12.0
    pigment_per_mm2: float = 5.0
    wide_per_mm2: float = 1.0
    thick_per_mm2: float = 0.6
    clefts_per_mm2: float = 14.0
    drift_deg: float = 2.0
    blur_um: float = 0.45
    noise_levels: float = 1.6
    cast: float = 0.015


LOOKS: dict[Difficulty, Look] = {
    "clean": Look(
        faint_fraction=0.1,
        faint_od=(0.28, 0.35),
        strong_od=(0.6, 1.3),
        nuclei_per_mm2=2600.0,
        nucleus_od=0.34,
        cytoplasm_od=0.045,
        haze_od=0.0,
        specks_per_mm2=8.0,
        undersized_per_mm2=5.0,
        pigment_per_mm2=1.5,
        drift_deg=0.0,
        blur_um=0.3,
        noise_levels=0.7,
        cast=0.0,
    ),
    "typical": Look(),
    "hard": Look(
        faint_fraction=0.45,
        faint_od=(0.25, 0.36),
        strong_od=(0.45, 1.1),
        nuclei_per_mm2=6500.0,
        nucleus_od=0.5,
        cytoplasm_od=0.13,
        haze_od=0.13,
        specks_per_mm2=120.0,
        undersized_per_mm2=30.0,
        pigment_per_mm2=18.0,
        wide_per_mm2=2.0,
        thick_per_mm2=1.5,
        clefts_per_mm2=22.0,
        drift_deg=5.0,
        blur_um=0.65,
        noise_levels=2.6,
        cast=0.035,
    ),
}


@dataclass(frozen=True)
class PhantomSpec:
    """What one phantom is.

    Attributes
    ----------
    seed : int
        >= 0. The same spec gives the same bytes.
    difficulty : {"clean", "typical", "hard"}
        Which of ``LOOKS``.
    height_um, width_um : float
        Size of the slide, 60 to 20000 um.
    mpp : float
        Pixel size, 0.1 to 1 um/px.
    vessels_per_mm2 : float or None
        Countable vessels per mm2 of tissue, 0 to 600 (dense slides hold somewhat fewer than asked, for want of
        room); None for the difficulty's own. 0 leaves out the large vessels too.
    hotspot_centre_um : (float, float) or None
        (x, y) where vessels are densest; None for a place drawn from the seed.
    hotspot_boost : float
        Density at the hot spot's centre over that far away, >= 1.
    outline : bool
        True: an island of tissue on blank glass. False: tissue over the whole slide.

    Raises
    ------
    SettingsError
        When a value is out of range.
    """

    seed: int
    difficulty: Difficulty = "typical"
    height_um: float = 1500.0
    width_um: float = 1500.0
    mpp: float = 0.5
    vessels_per_mm2: float | None = None
    hotspot_centre_um: tuple[float, float] | None = None
    hotspot_boost: float = 4.0
    outline: bool = True

    def __post_init__(self) -> None:
        if self.difficulty not in LOOKS:
            raise SettingsError(
                f"phantom difficulty {self.difficulty!r} is unknown; choose one of {', '.join(LOOKS)}"
            )
        if self.seed < 0:
            raise SettingsError(f"phantom seed {self.seed} is negative; use 0 or more")
        _check_range("height_um", self.height_um, 60, 20000)
        _check_range("width_um", self.width_um, 60, 20000)
        _check_range("mpp", self.mpp, 0.1, 1)
        _check_range("hotspot_boost", self.hotspot_boost, 1, 100)
        if self.vessels_per_mm2 is not None:
            _check_range("vessels_per_mm2", self.vessels_per_mm2, 0, 600)

    @property
    def shape_px(self) -> tuple[int, int]:
        """Height and width, px."""
        return round(self.height_um / self.mpp), round(self.width_um / self.mpp)

    @property
    def look(self) -> Look:
        """The look of the difficulty."""
        return LOOKS[self.difficulty]

    @property
    def density_per_mm2(self) -> float:
        """Countable vessels asked for per mm2 of tissue."""
        return self.look.vessels_per_mm2 if self.vessels_per_mm2 is None else self.vessels_per_mm2


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not (isfinite(value) and low <= value <= high):
        raise SettingsError(f"phantom {name} is {value}; it must lie between {low} and {high}")
