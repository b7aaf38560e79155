"""The trainings of all visitors: one for each session, few at a time, the others in a queue.

This is the one thing that visitors share, and they share it by design: it is what limits what they
take of the server together. A training is a process of its own with one thread
(``ui.server.training_process``), so that pages answer meanwhile. Its reports are JSON and its
weights safetensors: nothing that comes from it can run code here.

It is long because it is one machine of states behind one lock: parted, its halves would share it.
"""

from __future__ import annotations

import base64
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from torch import Tensor

from attention_core.recurrent.accuracy import Accuracy
from attention_core.recurrent.checkpoints import unpacked


def cores() -> float:
    """Return how many cores this process may use: a container's share, not the machine's cores."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return min(there or 1, int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or no quota: "max"
        return there or 1


AT_ONCE = max(1, min(4, int(cores()) - 1))  # where there are several cores, one is for the pages
MAX_WAITING = 30
KEPT = 60  # trainings that have ended and can still be looked at
MAX_LINE = 2_000_000  # bytes of one report; the largest model's is a sixth of that
GRACE_SECONDS = 60.0  # to start, and to end by itself
COMMAND = (sys.executable, "-m", "ui.server.training_process")
PROJECT = Path(__file__).parents[2]

QUEUED, RUNNING, PAUSED, DONE, STOPPED, FAILED = (
    *("queued", "running", "paused"),
    *("done", "stopped", "failed"),
)
ACTIVE = (QUEUED, RUNNING, PAUSED)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is trained."""

    kind: str
    n_units: int
    seed: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What one training may take."""

    steps: int = 3_000
    seconds: float = 120.0
    paused: float = 120.0  # seconds it may be paused, all pauses together
    heartbeat: float = 30.0  # seconds it goes on while nobody looks
    every: float = 1.0  # seconds from one report to the next


@dataclass(frozen=True, slots=True)
class Report:
    """How far a training is.

    Attributes:
        step: How many batches were learnt from.
        seconds: For how long.
        losses: The mean of every ``training_process.EACH`` steps, in nats for each word.
        valid: Some (step, loss) on validation sentences.
        accuracy: By length, on test sentences.
        weights: The model's, as a safetensors file.
    """

    step: int
    seconds: float
    losses: tuple[float, ...]
    valid: tuple[tuple[int, float], ...]
    accuracy: tuple[Accuracy, ...]
    weights: bytes

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights."""
        return unpacked(self.weights, "of this page")


@dataclass(frozen=True, slots=True)
class View:
    """A training as its visitor sees it now."""

    choice: Choice
    state: str
    report: Report | None = None
    before: int = 0  # how many wait in front of it
    said: str = ""  # why it ended

    @property
    def is_active(self) -> bool:
        """Whether it goes on, or will."""
        return self.state in ACTIVE


class TooManyError(RuntimeError):
    """More trainings than the server takes, said to the person who asked for one."""


class _Training:
    """One training, from its place in the queue to its end; its owner is ``Trainings``."""

    def __init__(self, choice: Choice, now: float) -> None:
        self.choice = choice
        self.state = QUEUED
        self.said = ""
        self.report: Report | None = None
        self.looked = now  # when its visitor last looked
        self.deadline = math.inf
        self.process: subprocess.Popen[bytes] | None = None

    def end(self, state: str, said: str) -> None:
        """End it, once; a process that still runs is no longer listened to."""
        if self.state in ACTIVE:
            self.state, self.said = state, said

    def tell(self, order: str) -> None:
        """Send the process an order, if it can still hear it."""
        if self.process and self.process.stdin:
            # Where it has just ended, who follows it says so.
            with suppress(OSError, ValueError):
                os.write(self.process.stdin.fileno(), f"{order}\n".encode())

    def kill(self) -> None:
        """End the process, if there is one."""
        if self.process:
            self.process.kill()


class Trainings:
    """Every training of this server.

    Args:
        at_once: How many processes there are at most.
        budget: What each training may take.
        command: What is run, given the job as its last argument.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        budget: Budget | None = None,
        command: Sequence[str] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.at_once = at_once
        self.budget = budget or Budget()
        self._command = tuple(command)
        self._clock = clock
        self._lock = RLock()
        self._trainings: dict[str, _Training] = {}  # by owner, in the order of their start
        self._working: list[_Training] = []  # those that have a process, forgotten ones too

    # ---- what a visitor does ----

    def start(self, owner: str, choice: Choice) -> None:
        """Begin a training, or queue it; nothing happens where the owner's goes on already.

        Raises:
            TooManyError: If too many wait already.
        """
        with self._lock:
            self._tidy()
            mine = self._trainings.get(owner)
            if mine and mine.state in ACTIVE:
                return
            if len(self._waiting()) >= MAX_WAITING:
                raise TooManyError(
                    f"{MAX_WAITING} trainings wait already, which is as many as this server "
                    "keeps. Try again in some minutes."
                )
            self._trainings.pop(owner, None)
            self._trainings[owner] = _Training(choice, self._clock())
            self._promote()

    def pause(self, owner: str) -> None:
        """Let a running training wait."""
        with self._lock:
            mine = self._trainings.get(owner)
            if mine and mine.state == RUNNING:
                mine.state = PAUSED
                mine.tell("pause")

    def go_on(self, owner: str) -> None:
        """Let a paused training go on."""
        with self._lock:
            mine = self._trainings.get(owner)
            if mine and mine.state == PAUSED:
                mine.state = RUNNING
                mine.tell("go")

    def stop(self, owner: str) -> None:
        """End a training, or leave the queue; what was reported stays."""
        with self._lock:
            mine = self._trainings.get(owner)
            if mine:
                mine.end(STOPPED, "Stopped by you.")
                mine.kill()
                self._promote()

    def reset(self, owner: str) -> None:
        """End a training and forget it."""
        with self._lock:
            self.stop(owner)
            self._trainings.pop(owner, None)

    def look(self, owner: str) -> View | None:
        """Return the owner's training, None if there is none. Looking is what keeps it going."""
        with self._lock:
            mine = self._trainings.get(owner)
            if mine:
                mine.looked = self._clock()
                mine.tell("look")
            self._tidy()
            if not mine:
                return None
            waiting = self._waiting()
            before = waiting.index(mine) if mine in waiting else 0
            return View(mine.choice, mine.state, mine.report, before, mine.said)

    def close(self) -> None:
        """End every training."""
        with self._lock:
            for training in (*self._trainings.values(), *self._working):
                training.end(STOPPED, "The server stopped.")
                training.kill()

    # ---- the queue ----

    def processes(self) -> list[int]:
        """Return the ids of the processes there are now."""
        with self._lock:
            return [one.process.pid for one in self._working if one.process]

    def _waiting(self) -> list[_Training]:
        return [one for one in self._trainings.values() if one.state == QUEUED]

    def _tidy(self) -> None:
        """Let go of what was left or does not answer, and let the next ones begin."""
        now = self._clock()
        for training in self._waiting():
            if now - training.looked > self.budget.heartbeat:
                training.end(STOPPED, WHY["left"])
        for training in self._working:
            if now > training.deadline:
                training.end(FAILED, "The training did not answer any more, so it was ended.")
                training.kill()
        ended = [owner for owner, one in self._trainings.items() if one.state not in ACTIVE]
        for owner in sorted(ended, key=lambda owner: self._trainings[owner].looked)[:-KEPT]:
            del self._trainings[owner]
        self._promote()

    def _promote(self) -> None:
        free = self.at_once - len(self._working)
        for training in self._waiting()[: max(0, free)]:
            self._begin(training)

    def _begin(self, training: _Training) -> None:
        job = {**asdict(training.choice), **asdict(self.budget)}
        try:
            training.process = subprocess.Popen(
                [*self._command, json.dumps(job)],
                cwd=PROJECT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            training.end(FAILED, f"The server could not start the training: {error.strerror}.")
            return
        training.state = RUNNING
        self._working.append(training)
        budget = self.budget
        training.deadline = self._clock() + 2 * budget.seconds + budget.paused + GRACE_SECONDS
        Thread(
            target=self._follow, args=(training, training.process), name="training", daemon=True
        ).start()

    def _follow(self, training: _Training, process: subprocess.Popen[bytes]) -> None:
        """Take in what a process says until it ends, and make room for the next one."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            while line := process.stdout.readline(MAX_LINE):
                self._take_in(training, json.loads(line))
        except Exception:  # whatever it said: its place must become free again
            with self._lock:
                training.end(FAILED, "The training said something unreadable.")
            process.kill()
        code = process.wait()
        with self._lock:
            training.end(
                FAILED,
                f"The training's process ended by itself (code {code}): perhaps the server has too "
                "little memory. What it had learnt until then is shown. You can start again.",
            )
            training.process = None
            self._working.remove(training)
            process.stdin.close()
            process.stdout.close()
            self._tidy()

    def _take_in(self, training: _Training, told: Mapping[str, Any]) -> None:
        report = None if "end" in told else report_of(told)
        with self._lock:
            if training.state not in ACTIVE:
                return
            if report:
                training.report = report
            else:
                why = str(told["end"])
                state = DONE if why in FINISHED else STOPPED if why in WHY else FAILED
                training.end(state, WHY.get(why, why[:300]))


WHY: Mapping[str, str] = {
    "steps": "All steps of one training are done.",
    "seconds": "The time of one training is over.",
    "plateau": "The plateau is reached: going on would bring next to nothing.",
    "paused": "It was paused for too long, so it made room for others.",
    "left": "Nobody looked at it for a while, so it was stopped.",
}
FINISHED = ("steps", "seconds", "plateau")


def report_of(told: Mapping[str, Any]) -> Report:
    """Return what a process reported, every part of it a plain number or a tensor.

    Raises:
        ValueError: If it is none; also TypeError or KeyError.
    """
    weights = base64.b64decode(told["weights"], validate=True)
    unpacked(weights, "of this page")  # raises for what is none
    return Report(
        step=int(told["step"]),
        seconds=float(told["seconds"]),
        losses=tuple(map(float, told["losses"])),
        valid=tuple((int(step), float(loss)) for step, loss in told["valid"]),
        accuracy=tuple(Accuracy(*map(int, point)) for point in told["accuracy"]),
        weights=weights,
    )
