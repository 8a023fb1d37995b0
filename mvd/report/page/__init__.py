"""What report.html shows, worked out from a result folder; ``mvd.report.html`` puts it into words and tags.

``folder.py`` reads what a run left, ``look.py`` says which slides need a look first and why, ``strip.py`` and
``histogram.py`` place the marks of the plots, ``small.py`` makes pictures small, ``lines.py`` outlines short,
``scene.py`` puts both together as one drawing of a slide, ``cells.py`` writes numbers for people.
"""
