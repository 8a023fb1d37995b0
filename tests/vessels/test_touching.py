"""Touching rings are cut at their waist; a tube with a pinched lumen is not cut."""

from concurrent.futures import ThreadPoolExecutor
from math import pi

import numpy as np
import pytest
from drawn import MPP, Inside, disc, drawn, rectangle, ring, stadium, together, without

from mvd.vessels.edges import filled
from mvd.vessels.pieces import Limits, Piece
from mvd.vessels.touching import split_touching

SIDE = 200
LIMITS = Limits(gap_px=round(6 / MPP), own_lumen_px=8 / MPP**2)
ANGLES = [0.0, 0.35, 0.8, 1.6]


def piece_of(shape: Inside) -> Piece:
    stained = drawn(shape, (SIDE, SIDE))
    return Piece(stained, filled(stained), 3, 5, (1, 4), was_split=False)


def rings(centres: list[tuple[float, float]], outer: float, inner: float) -> Inside:
    """Rings whose walls are one where they touch, all lumens open."""
    return without(
        together(*(disc(row, col, outer) for row, col in centres)),
        *(disc(row, col, inner) for row, col in centres),
    )


def in_a_row(count: int, apart: float, angle: float) -> list[tuple[float, float]]:
    steps = (np.arange(count) - (count - 1) / 2) * apart
    return [(100 + step * np.sin(angle), 100 + step * np.cos(angle)) for step in steps]


def partition(pieces: list[Piece], piece: Piece) -> None:
    """The cut pieces are the piece: nothing lost, nothing twice."""
    total = np.zeros((2, *piece.whole.shape), int)
    for part in pieces:
        box = (
            slice(part.top - piece.top, part.top - piece.top + part.whole.shape[0]),
            slice(part.left - piece.left, part.left - piece.left + part.whole.shape[1]),
        )
        total[0][box] += part.whole
        total[1][box] += part.stained
        assert part.labels == piece.labels
    np.testing.assert_array_equal(total, [piece.whole, piece.stained])


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("overlap_um", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("count", [2, 3])
def test_tangent_rings_are_cut_at_the_waist(count: int, overlap_um: float, angle: float) -> None:
    outer, inner = 20.0, 14.0
    centres = in_a_row(count, 2 * outer - overlap_um / MPP, angle)
    piece = piece_of(rings(centres, outer, inner))
    pieces = split_touching(piece, LIMITS)
    assert len(pieces) == count
    assert all(part.was_split for part in pieces)
    partition(pieces, piece)
    for part in pieces:
        assert np.count_nonzero(part.whole) == pytest.approx(pi * outer**2, rel=0.06)
        assert np.count_nonzero(part.whole & ~part.stained) == pytest.approx(pi * inner**2, rel=0.04)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_small_ring_on_a_large_one_is_cut_off(angle: float) -> None:
    apart = 34 + 13 - 1.5
    small = 100 + apart * np.sin(angle), 100 + apart * np.cos(angle)
    shape = without(together(disc(100, 100, 34), disc(*small, 13)), disc(100, 100, 28), disc(*small, 8))
    pieces = split_touching(piece_of(shape), LIMITS)
    sizes = sorted(int(np.count_nonzero(part.whole)) for part in pieces)
    assert sizes == [pytest.approx(pi * 13**2, rel=0.12), pytest.approx(pi * 34**2, rel=0.03)]


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("lumens", [2, 3])
def test_a_tube_with_a_pinched_lumen_stays_one(lumens: int, angle: float) -> None:
    """Septa across a long tube: as wide there as anywhere."""
    septa = [
        rectangle(100 + step * np.sin(angle), 100 + step * np.cos(angle), 4, 40, angle)
        for step in (np.arange(1, lumens) - lumens / 2) * (120 / lumens)
    ]
    inner = without(stadium(100, 100, 108, 16, angle), *septa)
    pieces = split_touching(piece_of(without(stadium(100, 100, 120, 28, angle), inner)), LIMITS)
    assert len(pieces) == 1
    assert not pieces[0].was_split


def test_a_ring_with_a_wall_across_stays_one() -> None:
    shape = together(ring(100, 100, 30, 24), rectangle(100, 100, 4, 50))
    assert len(split_touching(piece_of(shape), LIMITS)) == 1


def test_one_lumen_is_never_cut() -> None:
    waist = without(stadium(100, 100, 100, 30), disc(80, 100, 8), disc(120, 100, 8))
    piece = piece_of(without(waist, stadium(100, 100, 88, 5)))
    assert split_touching(piece, LIMITS) == [piece]


def test_solid_profiles_are_never_cut() -> None:
    piece = piece_of(together(disc(100, 84, 18), disc(100, 116, 18)))
    assert split_touching(piece, LIMITS) == [piece]


def test_holes_below_the_least_lumen_do_not_count() -> None:
    shape = rings(in_a_row(2, 38, 0.0), 20.0, 14.0)
    piece = piece_of(shape)
    assert len(split_touching(piece, LIMITS)) == 2
    assert split_touching(piece, Limits(LIMITS.gap_px, own_lumen_px=700.0)) == [piece]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_cut_turns_with_the_vessels(turns: int) -> None:
    piece = piece_of(rings(in_a_row(3, 39, 0.2), 20.0, 14.0))
    turned = Piece(
        np.ascontiguousarray(np.rot90(piece.stained, turns)),
        np.ascontiguousarray(np.rot90(piece.whole, turns)),
        0,
        0,
        (1,),
        was_split=False,
    )
    sizes = [
        sorted(int(np.count_nonzero(part.whole)) for part in split_touching(each, LIMITS))
        for each in (piece, turned)
    ]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.01)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_small_ring_deep_in_a_large_one_is_cut_where_both_walls_are_there(angle: float) -> None:
    """At 0.35 the waist is hardly narrower than the small ring, but twice a wall lies between the lumens."""
    (row, col), (other_row, other_col) = in_a_row(2, 26.0, angle)
    walls = together(disc(row, col, 20.0), disc(other_row, other_col, 10.0))
    piece = piece_of(without(walls, disc(row, col, 15.0), disc(other_row, other_col, 5.5)))
    pieces = split_touching(piece, LIMITS)
    assert len(pieces) == 2
    partition(pieces, piece)


def test_the_cut_is_the_same_each_time_and_in_each_thread() -> None:
    """cv2's distances differ in the last bit from call to call."""
    piece = piece_of(rings(in_a_row(3, 2 * 17.3 - 3, 0.6), 17.3, 12.1))
    first = split_touching(piece, LIMITS)
    assert len(first) == 3
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: split_touching(piece, LIMITS), range(60)))
    for pieces in again:
        for one, other in zip(first, pieces, strict=True):
            np.testing.assert_array_equal(one.whole, other.whole)


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize(("width", "length"), [(20, 28), (22, 30), (24, 34)])
def test_oblong_rings_side_by_side_are_cut_where_both_walls_are_there(
    width: int, length: int, angle: float
) -> None:
    """They touch along much of their length: nearly as wide there as the smaller of them is anywhere."""
    aside = (width - 4) / 2
    centres = [(100 + sign * aside * np.cos(angle), 100 - sign * aside * np.sin(angle)) for sign in (-1, 1)]
    shape = without(
        together(*(stadium(*centre, length, width, angle) for centre in centres)),
        *(stadium(*centre, length - 8, width - 8, angle) for centre in centres),
    )
    piece = piece_of(shape)
    pieces = split_touching(piece, LIMITS)
    assert len(pieces) == 2
    partition(pieces, piece)
    one, other = (np.count_nonzero(part.whole) for part in pieces)
    assert one == pytest.approx(other, rel=0.05)
