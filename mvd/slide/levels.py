"""How many times smaller a pyramid level is than level 0: plain numbers, no file."""

_SIDE_TOLERANCE_PX = 2


def level_factor(shape_px: tuple[int, int], base_px: tuple[int, int]) -> int | None:
    """Return how many times smaller a level is, None if it is no whole-number reduction of the same picture.

    Writers round the sides of a level up or down, some at every halving, so the sides may be 2 px off; the
    pixels are ``factor`` times larger all the same.
    """
    if min(*shape_px, *base_px) < 1:
        return None
    factor = round(max(base_px) / max(shape_px))
    if factor < 1:
        return None
    apart = [abs(base / factor - side) for base, side in zip(base_px, shape_px, strict=True)]
    return factor if max(apart) <= _SIDE_TOLERANCE_PX else None
