"""The published language: what crosses a process boundary, and nothing else.

Every service speaks it and none is imported by it.  All modules here are pure.
"""
