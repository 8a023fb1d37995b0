"""Import this before numba: coverage.py of this folder must not stand in for the package of that name.

numba asks for the package `coverage` and finds a script's own folder first. Without the package it goes on as well.
"""

import sys

sys.modules.setdefault("coverage", None)  # type: ignore[arg-type]  # an import of it now fails as if it were not there
