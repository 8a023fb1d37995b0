"""Real fields, where they are at hand: counts beside what one careful reader allows."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from accuracy_pictures import draw
from page import markdown_table
from peers import Peer

import mvd
from mvd.geometry import Rect

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
GLIOMA_MPP, KATHER_MPP = 0.35, 0.5
IHC_MPP = 0.5  # nobody states it: only the size of the nuclei speaks for it


@dataclass(frozen=True)
class Field:
    """One real picture; ``least`` and ``most`` are None where nobody has counted."""

    name: str
    path: Path
    mpp: float | None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Counts:
    """What each method counts in a field, or the code of mvd's refusal."""

    field: Field
    by_method: dict[str, int | str]

    def cell(self, method: str) -> str:
        """The count; bold with the range in question where it lies outside."""
        count, field = self.by_method[method], self.field
        if field.least is None or field.most is None or self.fits(method):
            return str(count)
        return f"**{count}**"

    def fits(self, method: str) -> bool:
        """Whether the count lies in the range."""
        count, field = self.by_method[method], self.field
        return isinstance(count, int) and (field.least or 0) <= count <= (field.most or 0)


def count(field: Field, peers: Mapping[str, Peer], pictures: Path | None) -> Counts:
    """Let all methods count one field."""
    settings = mvd.Settings.from_mapping({"slide": {"mpp": field.mpp}} if field.mpp else {})
    with closing(mvd.open_slide(field.path, mpp=field.mpp)) as slide:
        rgb = slide.read(Rect(0, 0, *slide.info.shape_px))
        mpp = float(slide.info.mpp or 0)
    by_method: dict[str, int | str] = {}
    try:
        result = mvd.analyze(field.path, settings, workers=1)
    except mvd.MvdError as error:
        by_method["mvd"] = f"refused: {error.code}"
    else:
        by_method["mvd"] = int(result.vessels.table["counted"].sum())
        if pictures:
            draw(pictures / f"real_{field.path.stem}.png", rgb, mpp, result.vessels)
    by_method |= {name: int(peer(rgb, mpp).max()) for name, peer in peers.items()}
    return Counts(field, by_method)


def real_tables(peers: Mapping[str, Peer], pictures: Path | None, quick: bool) -> Iterator[str]:
    """Yield the paragraphs of the results on real pictures.

    Parameters
    ----------
    peers : mapping
        Name -> method.
    pictures : Path or None
        Where to draw what was found.
    quick : bool
        Only the first fields.
    """
    yield (
        "### Real fields\n\nThese pictures are not part of the repository; what is not here is skipped. In bold: "
        'outside of what one careful reader allows. Good for "0 stays 0 and 1 stays 1", no claim of accuracy.'
    )
    fields = glioma_fields()
    if fields:
        counts = [count(field, peers, pictures) for field in (fields[:6:5] if quick else fields)]
        yield _glioma_table(counts, ("mvd", *peers))
    else:
        yield "Glioma fields (CD34): skipped, not here."
    if not quick:
        yield from _others(peers, pictures)


def glioma_fields() -> list[Field]:
    """The fields of 256 px with their ranges; empty where they are not at hand."""
    folder = REAL / "cd34_glioma"
    if not (folder / "counts.csv").exists():
        return []
    with (folder / "counts.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        Field(row["field"], folder / f"{row['field']}.png", GLIOMA_MPP, int(row["min"]), int(row["max"]))
        for row in rows
    ]


def _glioma_table(counts: list[Counts], methods: tuple[str, ...]) -> str:
    rows = [(c.field.name, _range(c.field), *(c.cell(method) for method in methods)) for c in counts]
    fitting = [sum(c.fits(method) for c in counts) for method in methods]
    rows.append(("in range", "", *(f"{n} of {len(counts)}" for n in fitting)))
    head = (f"CD34, glioma, {GLIOMA_MPP} um/px", "reader", *methods)
    return markdown_table(head, rows)


def _range(field: Field) -> str:
    return str(field.least) if field.least == field.most else f"{field.least} to {field.most}"


def _others(peers: Mapping[str, Peer], pictures: Path | None) -> Iterator[str]:
    others = [
        (
            Field("CD31, glandular tumour, 801 x 899 px", REAL / "cd31" / "kather_tumour.png", KATHER_MPP),
            "unknown: no reader has counted it",
        ),
        (
            Field("H&E, CMU-1-Small-Region.svs", REAL / "formats" / "CMU-1-Small-Region.svs", None, 0, 0),
            "0: there is no DAB on it",
        ),
        (
            Field("scikit-image's `immunohistochemistry()`", _ihc(), IHC_MPP),
            "none: FHL2 is no marker of vessels",
        ),
    ]
    rows = []
    for field, right in others:
        if field.path.exists():
            found = count(field, peers, pictures)
            rows.append((field.name, right, *(found.cell(method) for method in ("mvd", *peers))))
        else:
            rows.append((field.name, right, "skipped: not here", *[""] * len(peers)))
    yield markdown_table(("other pictures", "right answer", "mvd", *peers), rows)


def _ihc() -> Path:
    """Return where the picture lies in the installed scikit-image: it comes with the package, nothing is fetched."""
    import skimage

    return Path(skimage.__file__).parent / "data" / "ihc.png"
