"""One command runs the whole installation: it starts the parts, restarts one that dies, and stops them in order.

Children are told to die with the supervisor (PR_SET_PDEATHSIG on Linux), so that a killed supervisor leaves nothing behind.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
STOP_WITHIN_S = 8.0
_LONGEST_PAUSE_S = 30.0


@dataclass
class Part:
    """One child process: how to start it, and how often it has died lately."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    start_at: float = 0.0
    started_at: float = field(default=0.0)


def die_with_parent() -> None:
    """In a fresh child: ask the kernel for SIGTERM when the parent ends; elsewhere than Linux there is no such wish."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs the parts until a signal or `stop`."""

    def __init__(
        self, parts: list[Part], *, environment: dict[str, str], folder: Path, say: Callable[[str], None]
    ) -> None:
        self._parts = parts
        self._environment = environment
        self._folder = folder
        self._say = say
        self._stopping = False

    def _start(self, part: Part) -> None:
        part.process = subprocess.Popen(
            part.command,
            env=self._environment,
            cwd=self._folder,
            preexec_fn=die_with_parent,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        part.started_at = time.monotonic()

    def start(self) -> None:
        """Starts every part."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        for part in self._parts:
            self._start(part)

    def stop(self) -> None:
        """Asks the loop to end."""
        self._stopping = True

    def watch(self) -> None:
        """Until told to stop: a part that died is started again, after a pause that doubles while it keeps dying."""
        while not self._stopping:
            now = time.monotonic()
            for part in self._parts:
                if part.process is not None and part.process.poll() is not None:
                    lived = now - part.started_at
                    part.deaths = 0 if lived > 60 else part.deaths + 1
                    pause = min(0.5 * 2**part.deaths, _LONGEST_PAUSE_S) if part.deaths else 0.2
                    self._say(
                        f"{part.name} ended with code {part.process.returncode}; starting it again in {pause:.1f} s"
                    )
                    part.process, part.start_at = None, now + pause
                if part.process is None and now >= part.start_at:
                    self._start(part)
            time.sleep(0.1)
        self._end_all()

    def _end_all(self) -> None:
        alive = [part.process for part in self._parts if part.process is not None and part.process.poll() is None]
        for process in alive:
            process.terminate()
        end = time.monotonic() + STOP_WITHIN_S
        for process in alive:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
