"""Prints: a record comes in, a PDF goes out.  A process of its own."""
