"""Replay: the panels of a past stretch, moment by moment, at a speed, on the live socket."""
