"""``python -m tests.support.wrong_clock SECONDS PORT``: the ingest with a clock that is ahead."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from services.backbone.settings import from_environment
from services.cluster.ingest import serve_ingest


def main() -> int:
    """Serve as ``yiping ingest`` does, on the settings of the environment."""
    ahead, port = timedelta(seconds=float(sys.argv[1])), int(sys.argv[2])
    return serve_ingest(
        from_environment(), "127.0.0.1", port, now=lambda: datetime.now(UTC) + ahead
    )


if __name__ == "__main__":
    sys.exit(main())
