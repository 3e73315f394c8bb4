"""One call of the collector over an open connection: bounded in bytes and time, and ended for certain."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

import asyncssh

from exporter.model import Failure, Reason
from exporter.sources.sections import Collected, read_sections, shown
from exporter.sources.ssh_words import Asked

FRAMING = 1024  # bytes that the collector's own lines about one question may take
CLOSING = 1.0  # seconds that a collector which has said done is given to end, so that its session is free again
MOST_ERRORS = 16384  # bytes of standard error after which nobody is a well-behaved collector
WINDOW = 2 * 1024 * 1024  # bytes that a machine may send ahead, at most

PERMISSION = re.compile(
    r"password is required|terminal is required|must have a tty|not in the sudoers|not allowed|may not run|"
    r"not permitted|permission denied|not currently available|not available",
    re.IGNORECASE,
)
NO_WRAPPER = re.compile(r"command not found|no such file|not found", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the collector.

    Attributes:
        command: for the account's shell.
        script: sent over standard input, empty where the wrapper is installed.
        nonce: in every line of the collector's own.
        questions: what was asked.
        deadline: of the event loop's clock.
    """

    command: str
    script: bytes
    nonce: str
    questions: tuple[Asked, ...]
    deadline: float

    @property
    def most(self) -> int:
        """Return how many bytes the answer may have: the sizes of all questions, and the collector's own lines."""
        return FRAMING + sum(question.size + FRAMING for question in self.questions)


class Receiver(asyncssh.SSHClientSession[bytes]):
    """Keeps what arrives until the collector says done, the channel ends, or it is too much."""

    def __init__(self, nonce: str, most: int) -> None:
        self.data = bytearray()
        self.errors = bytearray()
        self.is_flooded = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._end = f"\n@@ {nonce} done\n".encode()
        self._most = most

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Take bytes of the standard output, or of the standard error."""
        if self.ended.done():
            return
        kept, most = (self.data, self._most) if datatype is None else (self.errors, MOST_ERRORS)
        kept += data[: most - len(kept) + 1]
        self.is_flooded = len(kept) > most
        if self.is_flooded or self.data.endswith(self._end):
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the channel."""
        for future in (self.ended, self.closed):
            if not future.done():
                future.set_result(None)


async def call(connection: asyncssh.SSHClientConnection, asked: Call) -> Collected:
    """Return what the collector answered until it ended, the connection ended, or the deadline came.

    Raises:
        asyncssh.Error: no session could be opened.
        TimeoutError: no session was opened before the deadline.
    """
    receiver = Receiver(asked.nonce, asked.most)
    async with asyncio.timeout_at(asked.deadline):
        channel, _ = await connection.create_session(
            lambda: receiver, asked.command, encoding=None, window=min(asked.most, WINDOW)
        )
    try:
        if asked.script:
            channel.write(asked.script)
        async with asyncio.timeout_at(asked.deadline):
            await receiver.ended
            await asyncio.wait({receiver.closed}, timeout=0 if receiver.is_flooded else CLOSING)
        code = channel.get_exit_status()
    except TimeoutError:
        return _collected(receiver, asked, lambda: Failure(Reason.TIMEOUT, "the machine did not end in time"))
    finally:
        # The end of its standard input tells the collector to end what is still running.
        channel.abort()
    return _collected(receiver, asked, lambda: call_failure(code, receiver.errors.decode("utf-8", "replace")))


def _collected(receiver: Receiver, asked: Call, why: Callable[[], Failure]) -> Collected:
    """Return what was received; ``why`` tells what is to be said of the missing, when nothing else does."""
    limits = {question.name: question.size for question in asked.questions}
    found = read_sections(bytes(receiver.data), asked.nonce, limits)
    if found.failure or found.is_done:
        return found
    failure = why()
    if receiver.is_flooded:
        failure = flooded(found)
    elif found.is_spoken and failure.reason is not Reason.TIMEOUT:
        failure = Failure(Reason.DISCONNECTED, "the machine closed in the middle of its answer")
    return Collected(found.sections, failure, is_spoken=found.is_spoken)


def flooded(found: Collected) -> Failure:
    """Return why the others are missing, after a call was ended because it had brought too much.

    TOO_LARGE is the reason of those alone that did it, so that they can be asked last the next time.
    """
    culprits = [name for name, section in found.sections.items() if section.cut]
    if not culprits:
        return Failure(Reason.TOO_LARGE, "the machine sent more than was asked for")
    return Failure(Reason.DISCONNECTED, f"we ended the call: too much came from {', '.join(culprits)}")


def call_failure(code: int | None, said: str) -> Failure:
    """Return why the collector said nothing, from its exit code (None: the connection ended) and errors."""
    words = shown(said)
    if code is None:
        return Failure(Reason.DISCONNECTED, "the machine closed the connection")
    if PERMISSION.search(words):
        return Failure(Reason.PERMISSION, words)
    if code in (126, 127) or NO_WRAPPER.search(words):
        return Failure(Reason.WRAPPER, words or "the wrapper is not there")
    return Failure(Reason.WRAPPER, f"what was started is not our wrapper (exit code {code}): {words}")
