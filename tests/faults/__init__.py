"""Kills, disorder and lies under load."""
