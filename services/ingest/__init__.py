"""WRITE: doors, admission, streams and the event store."""
