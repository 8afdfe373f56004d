"""One thin adapter for each outside system; no service knows which one it got."""
