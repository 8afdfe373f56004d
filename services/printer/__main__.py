"""``python -m services.printer WALL``: a record's JSON from standard input, its PDF to the other.

``WALL`` is the folder of the built wall, whose font is used.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.printer.pages import printed


def main() -> int:
    """Print one record."""
    sys.stdout.buffer.write(printed(sys.stdin.buffer.read(), Path(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
