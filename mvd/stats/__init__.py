"""Statistics of results: `agree` (readers), `cohort` (patients). Needs the extra `mvd[stats]`."""
