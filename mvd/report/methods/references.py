"""The papers that a methods text cites, by key."""

REFERENCES = {
    "abrams": "Abrams AM, Kleinman K, Kulldorff M. Gumbel based p-value approximations for spatial scan statistics. "
    "Int J Health Geogr 2010;9:61. doi:10.1186/1476-072X-9-61",
    "chalkley": "Chalkley HW. Method for the quantitative morphologic analysis of tissues. "
    "J Natl Cancer Inst 1943;4:47-53.",
    "clark": "Clark PJ, Evans FC. Distance to nearest neighbor as a measure of spatial relationships in populations. "
    "Ecology 1954;35:445-453. doi:10.2307/1931034",
    "kulldorff": "Kulldorff M. A spatial scan statistic. Commun Stat Theory Methods 1997;26:1481-1496. "
    "doi:10.1080/03610929708831995",
    "marien": "Marien KM, et al. Development and validation of a histological method to measure microvessel density in "
    "whole-slide images of cancer tissue. PLoS One 2016;11:e0161496. doi:10.1371/journal.pone.0161496",
    "qupath": "Bankhead P, et al. QuPath: open source software for digital pathology image analysis. "
    "Sci Rep 2017;7:16878. doi:10.1038/s41598-017-17204-5",
    "remark": "Altman DG, McShane LM, Sauerbrei W, Taube SE. Reporting recommendations for tumor marker prognostic "
    "studies (REMARK): explanation and elaboration. PLoS Med 2012;9:e1001216. doi:10.1371/journal.pmed.1001216",
    "ruifrok": "Ruifrok AC, Johnston DA. Quantification of histochemical staining by color deconvolution. "
    "Anal Quant Cytol Histol 2001;23:291-299.",
    "vermeulen": "Vermeulen PB, et al. Second international consensus on the methodology and criteria of evaluation of "
    "angiogenesis quantification in solid human tumours. Eur J Cancer 2002;38:1564-1579. "
    "doi:10.1016/S0959-8049(02)00094-1",
    "weidner": "Weidner N, Semple JP, Welch WR, Folkman J. Tumor angiogenesis and metastasis: correlation in invasive "
    "breast carcinoma. N Engl J Med 1991;324:1-8. doi:10.1056/NEJM199101033240101",
}


class Citations:
    """Numbers for references, in the order in which they are first cited."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def __call__(self, *keys: str) -> str:
        """Return the numbers of some references, as they stand in a text: ``[1, 2]``."""
        for key in keys:
            if key not in REFERENCES:
                raise KeyError(key)
            if key not in self._keys:
                self._keys.append(key)
        return f"[{', '.join(str(self._keys.index(key) + 1) for key in keys)}]"

    def lines(self) -> list[str]:
        """Return the list of references, those that were cited alone."""
        return [f"{number}. {REFERENCES[key]}" for number, key in enumerate(self._keys, 1)]
