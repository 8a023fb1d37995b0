"""Run by a test, to be killed: correct a slide without end, and say after each step how many corrections are safe."""

import sys

from mvd import Corrections

opened = Corrections.open(sys.argv[1], "AB")
print("ready", flush=True)
while True:
    opened.add([[(50, 50), (60, 50), (60, 60)]])
    opened.add(point_um=(70, 70))
    opened.undo()
    print(len(opened.edits), flush=True)
