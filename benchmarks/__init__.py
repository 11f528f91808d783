"""Speed and latency, measured: `python -m benchmarks --help`."""
