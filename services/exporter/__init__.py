"""EXPORT: the event store's facts as a log that other tools read."""
