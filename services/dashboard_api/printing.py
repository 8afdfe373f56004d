"""The printer, begun for each record as a process of its own.

To make a font of hundreds of characters takes seconds of a core, which the process that keeps
the walls alive must not spend.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from services.dashboard_api.errors import PrintingFailed

AT_ONCE = 1


class Printer:
    """Prints one record after another, with the font of the built wall."""

    def __init__(self, wall: Path) -> None:
        self._command = (sys.executable, "-m", "services.printer", str(wall))
        self._free = asyncio.Semaphore(AT_ONCE)

    async def printed(self, record: bytes) -> bytes:
        """The PDF of a record in its canonical JSON; raises PrintingFailed."""
        async with self._free:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
            try:
                body, said = await process.communicate(record)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise PrintingFailed(said.decode(errors="replace"))
        return body
