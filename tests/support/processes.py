"""A process that a test starts, pauses and kills by its id, and that is never left behind."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import Signals
from typing import Self

STOP_S = 30.0
# Reads until its input closes: the end of whoever started it, however that came about. The start
# time (field 22) tells the process from a later one with the same id.
KEEPER = 'read -r _; [ "$(cut -d" " -f22 "/proc/$1/stat")" = "$2" ] && kill -"$3" "$1"'


class Process:
    """One command; its output is appended to ``log``, also that of later starts."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: int | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        last_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.command = list(command)
        self.environment = environment
        self._log = log
        self._user = user
        self._stop_signal = stop_signal
        self._last_signal = last_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its id; raises RuntimeError when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"not running; its log ends:\n{self.tail()}")
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it has written, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def tail(self, characters: int = 3000) -> str:
        """The end of what it has written."""
        return self.log[-characters:]

    def start(self) -> Self:
        """Start it; does not wait for anything."""
        if self.alive:
            raise RuntimeError(f"{self.command[0]} runs already")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else (),
                start_new_session=True,
            )
        self._keep(self._process.pid)
        atexit.register(self._end)
        return self

    def _keep(self, pid: int) -> None:
        began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        self._keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", str(pid), began, self._last_signal.name[3:]],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; raises RuntimeError when it does not run."""
        os.kill(self.pid, number)

    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a pause."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self.signal(signal.SIGKILL)
        self._gone()

    def stop(self, timeout_s: float = STOP_S, *, asking: Signals | None = None) -> int:
        """Ask it to end (by its own signal, or ``asking``) and wait; its exit status.

        Raises TimeoutExpired, having killed it.
        """
        if self._process is None:
            return 0
        process = self._process
        try:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(asking or self._stop_signal)
                process.wait(timeout_s)
        finally:
            self._end()
        return process.returncode

    def _end(self) -> None:
        if self.alive and self._process is not None:
            self._process.send_signal(self._last_signal)
            self._process.send_signal(signal.SIGCONT)
        self._gone()

    def _gone(self) -> None:
        """It has ended or is about to: collect it, and let its keeper go."""
        atexit.unregister(self._end)
        if self._process is not None:
            self._process.wait(STOP_S)
            self._process = None
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.kill()
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
