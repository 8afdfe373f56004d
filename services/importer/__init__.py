"""IMPORT: rows of someone else's log, through a mapping file, to the same public door."""
