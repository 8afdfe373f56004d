"""WRITE: doors → admission → streams → event store.  The only service that records facts."""
