"""Benchmarks: each figure beside the raw floor of the same run, as medians of interleaved rounds."""
