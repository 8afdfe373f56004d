"""Benchmarks, each beside its part's own limit."""
