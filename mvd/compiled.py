"""Whether this installation has its kernels in machine code yet: the first run makes them, which takes a minute.

Numba keeps them beside the modules, or where NUMBA_CACHE_DIR says. Nothing of numba is imported to see that.
"""

import os
from pathlib import Path

_ONE_OF_THEM = "measure_plain"


def is_compiled() -> bool:
    """Whether a run before has compiled the kernels; True also where it cannot be seen.

    A courtesy to who waits, nothing else: after a change of the code they are there and may be out of date.
    """
    package = Path(__file__).parent
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if not chosen and not os.access(package, os.W_OK):
        return True  # in a folder of the user's, which numba names by a hash
    return any(Path(chosen or package / "vessels").rglob(f"*{_ONE_OF_THEM}*.nbi"))
