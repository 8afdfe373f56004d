"""Errors of the simulator.

SimulatorError
├── OptionInvalid        an option of the command that cannot be used
├── StateInvalid         a state file that is of no use to this run
├── JournalInvalid       a line of a journal that cannot be read
├── DoorClosed           the server refuses this sender: wrong address, token or role
└── AnswerMissing        the server answered, but not for each event
"""

from __future__ import annotations


class SimulatorError(Exception):
    """Root of what this package raises."""


class OptionInvalid(SimulatorError):
    """An option has a value that cannot be used."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option = option
        self.reason = reason


class StateInvalid(SimulatorError):
    """The state file is damaged, or remembers another province."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}; remove it to begin anew")
        self.file = file
        self.reason = reason


class JournalInvalid(SimulatorError):
    """A line of the journal is not what the simulator writes."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}, line {line}: {reason}")
        self.file = file
        self.line = line


class DoorClosed(SimulatorError):
    """The server will not take anything from this sender, however often it is sent."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"the server answers {status} {code}: {detail}")
        self.status = status
        self.code = code


class AnswerMissing(SimulatorError):
    """An answer has not one result for each event that was sent."""

    def __init__(self, sent: int, answered: int) -> None:
        super().__init__(f"{sent} events were sent, {answered} were answered")
        self.sent = sent
        self.answered = answered
