"""A slide and a vessel drawn by hand -> its stains, by the arithmetic that measures what mvd finds."""

from dataclasses import dataclass

import numpy as np

from mvd.corrections.model import Stains
from mvd.corrections.raster import Drawn
from mvd.errors import CorrectionsError
from mvd.found import Found
from mvd.geometry import Rect
from mvd.haze import remove_haze
from mvd.runs import Search, encode
from mvd.runs.encode import HEMATOXYLIN_SUM, OD_MAX, OD_SUM, RESIDUAL_SUM, START, STOP
from mvd.segment import WALL, make_segmenter, smooth_dab
from mvd.settings import Settings
from mvd.slide import AnalysisLevel, Slide, as_analysed


@dataclass(frozen=True)
class StainMeter:
    """What measures the stains of a slide that is at hand."""

    level: AnalysisLevel
    found: Found
    settings: Settings

    @classmethod
    def of(cls, slide: Slide, found: Found, settings: Settings) -> "StainMeter":
        """Look at a slide as it was analysed.

        Raises
        ------
        CorrectionsError
            It is not the slide that the result is of.
        """
        if slide.info.shape_px != found.info.shape_px or slide.info.mpp != found.info.mpp:
            raise CorrectionsError(
                f"{slide.info.path.name}: has another size or pixel size than the slide of the result; open that one"
            )
        _, level = as_analysed(slide, settings.slide)
        return cls(level, found, settings)

    def measure(self, drawn: Drawn) -> Stains:
        """Measure the stained pixels of a vessel; ``UnreadableSlide`` where the slide cannot be read."""
        rows, cols = drawn.stained.shape
        core = Rect(
            drawn.top + 1, drawn.left + 1, rows - 2, cols - 2
        )  # without the pixel of nothing round it
        segmenter = make_segmenter(self.found.stain, self.settings.vessel, self.level.mpp)
        halo = core.grown(segmenter.filters.blur_px // 2).clipped(self.level.shape_px)
        rgb = self.level.read(halo)
        dab = smooth_dab(rgb, segmenter.luts, segmenter.filters)
        remove_haze(dab, self.found.stain.haze, halo, self.level.mpp)
        mask = np.zeros(dab.shape, np.uint8)
        mask[core.slices(halo)] = WALL * drawn.stained[1:-1, 1:-1]
        runs = encode(rgb, dab, mask, segmenter.luts, (core, halo), self._everywhere()).astype(np.int64)
        milli = 1000 * int((runs[:, STOP] - runs[:, START]).sum())
        return Stains(
            mean_dab_od=int(runs[:, OD_SUM].sum()) / milli,
            max_dab_od=int(runs[:, OD_MAX].max()) / 1000,
            hematoxylin_od=int(runs[:, HEMATOXYLIN_SUM].sum()) / milli,
            residual_od=int(runs[:, RESIDUAL_SUM].sum()) / milli,
        )

    def _everywhere(self) -> Search:
        rows, cols = self.level.shape_px
        return Search(np.ones((1, 1), bool), np.zeros(rows, np.int32), np.zeros(cols, np.int32))
