"""What was found on a slide before any rule of counting was applied, and its file.

``found.py`` says what it holds, ``packed.py`` puts it into a file and takes it out again: with it, vessels are counted
by other rules and the slide is not read.
"""

from mvd.found.found import Damage, Found
from mvd.found.packed import FOUND_NAME, pack_found, unpack_found

__all__ = ["FOUND_NAME", "Damage", "Found", "pack_found", "unpack_found"]
