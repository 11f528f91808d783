"""Endurance: what has to hold for hours, measured. `python -m benchmarks.soak` runs it."""
