"""The wall in a real browser."""
