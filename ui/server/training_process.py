"""Train one model in a process of its own: ``python -m ui.server.training_process '{...}'``.

``ui.server.trainings`` starts it and reads its reports, a line of JSON each, from its output. Its
input brings orders, a word a line; when the input ends, the server is gone and so is this process.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple
from threading import Event
from threading import Thread as Listener
from typing import Any, NoReturn

import torch

from attention_core.recurrent.accuracy import by_length
from attention_core.recurrent.checkpoints import packed
from attention_core.recurrent.training import EVERY, Trainer, TrainingError

LENGTHS = (1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24)  # English words; beyond 16 none was learnt from
N_SENTENCES = 20  # of each length
EACH = 10  # steps whose mean loss is one point of the curve, so that a seed gives one curve
NICENESS = 10  # pages go first
WAKE_SECONDS = 0.05

Job = Mapping[str, Any]
Told = dict[str, Any]


class Orders:
    """What the server wants, and when it was last heard."""

    def __init__(self) -> None:
        self.going = Event()
        self.going.set()
        self.heard = time.monotonic()

    def listen(self, lines: Iterable[str]) -> None:
        """Follow the orders until there are no more."""
        for line in lines:
            self.heard = time.monotonic()
            if line.strip() == "pause":
                self.going.clear()
            elif line.strip() == "go":
                self.going.set()

    def listen_for_life(self, lines: Iterable[str]) -> NoReturn:
        """Follow the orders, and end the process with them."""
        self.listen(lines)
        os._exit(0)  # at once, in the middle of a step too


class Run:
    """One training, within its budget.

    Args:
        job: ``kind``, ``n_units`` and ``seed``; the budget in ``steps`` and ``seconds``; how many
            seconds it may be ``paused`` altogether, or go on without a ``heartbeat``; and from one
            report to the next, ``every``.
        orders: What the server wants.
        send: Takes each report.
    """

    def __init__(self, job: Job, orders: Orders, send: Callable[[Told], None]) -> None:
        self.job = job
        self.orders = orders
        self.send = send
        self.trainer = Trainer(job["kind"], job["n_units"], job["seed"])
        self.seconds = 0.0  # of training, without pauses
        self._pause_left = float(job["paused"])
        self.losses: list[float] = []  # the mean of every EACH steps
        self._latest: list[float] = []  # the losses of the steps since

    def train(self) -> None:
        """Train until something ends it, with a report every so often and one at the end."""
        reported = float("-inf")
        while not (why := self._end()):
            if not self.orders.going.is_set() and (why := self._pause()):
                break
            began = time.monotonic()
            if began - reported >= self.job["every"]:
                self._report()
                reported = time.monotonic()
            try:
                self._step()
            except TrainingError as error:
                why = str(error)
                break
            self.seconds += time.monotonic() - began
        self._report()
        self.send({"end": why})

    def _step(self) -> None:
        self._latest.append(self.trainer.step())
        if len(self._latest) == EACH:
            self.losses.append(sum(self._latest) / EACH)
            self._latest.clear()
        if self.trainer.progress.step % EVERY == 0:
            self.trainer.validate()

    def _end(self) -> str:
        """Return what ends the training now: a name, empty for nothing."""
        if self.trainer.progress.step >= self.job["steps"]:
            return "steps"
        if self.seconds >= self.job["seconds"]:
            return "seconds"
        if self.trainer.is_done:
            return "plateau"
        return self._desertion()

    def _desertion(self) -> str:
        """Return what ends the training where nobody watches it any more, empty while one does."""
        silence = time.monotonic() - self.orders.heard
        return "left" if silence > self.job["heartbeat"] else ""

    def _pause(self) -> str:
        """Wait for the order to go on; return what ends the training meanwhile, if anything."""
        self._report()
        while not self.orders.going.wait(WAKE_SECONDS):
            self._pause_left -= WAKE_SECONDS
            if self._pause_left < 0:
                return "paused"
            if self._desertion():
                return "left"
        return ""

    def _report(self) -> None:
        network = self.trainer.network
        weights, _ = packed(network)
        self.send(
            {
                "step": self.trainer.progress.step,
                "seconds": self.seconds,
                "losses": self.losses,
                "valid": [[point.step, point.valid] for point in self.trainer.progress.curve],
                "accuracy": [astuple(point) for point in by_length(network, LENGTHS, N_SENTENCES)],
                "weights": base64.b64encode(weights).decode("ascii"),
            }
        )


def main() -> None:
    """Train what the command line says."""
    reports = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever a library prints is no report
    orders = Orders()
    Listener(target=orders.listen_for_life, args=(sys.stdin,), daemon=True).start()
    torch.set_num_threads(1)

    def send(told: Told) -> None:
        reports.write(json.dumps(told) + "\n")
        reports.flush()

    run = Run(json.loads(sys.argv[1]), orders, send)
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # not before: what it has to import comes at once
    run.train()


if __name__ == "__main__":
    main()
