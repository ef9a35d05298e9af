"""Processes that end with the tests, whatever happens: free ports, logs that are named when something fails, waits with a deadline."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STOP_SECONDS = 5
QUOTED = 1500  # characters of a log's end in a message
GOGC = "400"  # of all programs in Go: collecting garbage less often takes a fifth off their CPU time, for some hundred MB
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

Found = TypeVar("Found")


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on; held together, so that they differ."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def wait_for(what: str, look: Callable[[], Found | None], *, seconds: float, every: float = 0.2, why: Callable[[], str] = str) -> Found:
    """Looks until something is there; BotError says what was waited for, and `why` what is there instead."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise BotError(f"waited {seconds:.0f} s for {what}, in vain; {why()}".rstrip("; "), "see the logs in the folder named above")
        time.sleep(every)


@dataclass
class Processes:
    """All that was started, with the folder of their logs; ended in the reverse order."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        atexit.register(self.stop)

    def start(self, name: str, *command: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a program in a group of its own; it gets the environment given and no other."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                env={"PATH": os.environ["PATH"], "HOME": str(self.logs), "GOGC": GOGC, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread of ours holds a lock here; a killed test run leaves nothing behind
            )
        self.running[name] = process
        return process

    def check(self) -> None:
        """BotError names a process that has ended by itself, with the end of its log."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise BotError(f"{name} ended with {process.returncode}: {self.tail(name)}", f"its whole log is {self.logs / name}.log")

    def wait_for(self, what: str, look: Callable[[], object], *, seconds: float) -> None:
        """Waits for something that these processes bring about; ends at once when one of them has ended."""

        def seen() -> object:
            self.check()
            return look()

        wait_for(what, seen, seconds=seconds, why=lambda: f"logs: {self.logs}")

    def tail(self, name: str) -> str:
        """The end of a log."""
        return (self.logs / f"{name}.log").read_text("utf-8", errors="replace")[-QUOTED:]

    def stop(self) -> None:
        """Ends all; the kernel does it when this process is killed."""
        atexit.unregister(self.stop)
        for process in reversed(self.running.values()):
            _signal(process, signal.SIGTERM)
        for process in reversed(self.running.values()):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        self.running.clear()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
