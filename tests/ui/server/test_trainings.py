"""Trainings in processes of their own: real, bounded, queued, and gone when nobody looks."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from attention_core.recurrent.accuracy import by_length
from attention_core.recurrent.checkpoints import packed
from attention_core.recurrent.network import EncoderDecoder
from attention_core.recurrent.training import Trainer
from ui.server import trainings
from ui.server.training_process import EACH, LENGTHS, N_SENTENCES
from ui.server.trainings import (
    DONE,
    FAILED,
    PAUSED,
    QUEUED,
    RUNNING,
    STOPPED,
    Budget,
    Choice,
    TooManyError,
    Trainings,
    View,
)

PROJECT = Path(__file__).parents[3]
PATIENCE_SECONDS = 120.0
SMALL = Choice("gru", 4, 1)
LONG = Budget(steps=10**6, seconds=10**6, every=0.05)
SLEEP = (sys.executable, "-c", "import sys; sys.stdin.read()")  # a process that says nothing


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a state; how long it takes is not what is tested."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the process: so small a model only waits for a second thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def made() -> Iterator[Callable[..., Trainings]]:
    """Make servers of trainings, all of whose processes are ended afterwards."""
    all_made: list[Trainings] = []

    def make(*args: Any, **more: Any) -> Trainings:
        all_made.append(Trainings(*args, **more))
        return all_made[-1]

    yield make
    for one in all_made:
        one.close()
        until(lambda one=one: not one.processes(), "a process was left")  # type: ignore[misc]


def seen(server: Trainings, owner: str) -> View:
    view = server.look(owner)
    assert view is not None
    return view


def steps(server: Trainings, owner: str) -> int:
    report = seen(server, owner).report
    return report.step if report else -1


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ---- a real training in a real process ---------------------------------------------------------


def test_a_training_is_the_trainer_s_own_numbers(made: Callable[..., Trainings]) -> None:
    server = made(budget=Budget(steps=EACH + 3, every=0.0))
    server.start("a", Choice("bahdanau", 4, 7))
    until(lambda: not seen(server, "a").is_active, "the training did not end")
    view = seen(server, "a")
    assert (view.state, view.said) == (DONE, trainings.WHY["steps"])
    trainer = Trainer("bahdanau", 4, 7)
    losses = [trainer.step() for _ in range(EACH + 3)]
    report = view.report
    assert report is not None
    assert report.step == EACH + 3
    assert report.losses == pytest.approx([sum(losses[:EACH]) / EACH], rel=1e-4)
    weights = report.tensors()
    for name, tensor in trainer.network.state_dict().items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-3, atol=1e-4)
    network = EncoderDecoder("bahdanau", 4)
    network.load_state_dict(weights)
    assert list(report.accuracy) == list(by_length(network, LENGTHS, N_SENTENCES))


def test_paused_it_stands_still_and_goes_on_until_stopped(made: Callable[..., Trainings]) -> None:
    server = made(budget=LONG)
    server.start("a", SMALL)
    until(lambda: steps(server, "a") > 0, "no step was made")
    server.pause("a")
    assert seen(server, "a").state == PAUSED
    before = -1

    def stands() -> bool:
        nonlocal before
        last, before = before, steps(server, "a")
        time.sleep(0.2)
        return before == last == steps(server, "a")

    until(stands, "a paused training goes on")
    server.go_on("a")
    assert seen(server, "a").state == RUNNING
    until(lambda: steps(server, "a") > before, "it does not go on")
    (pid,) = server.processes()
    server.stop("a")
    view = seen(server, "a")
    assert (view.state, view.said) == (STOPPED, "Stopped by you.")
    until(lambda: not is_alive(pid), "its process goes on")
    assert seen(server, "a").report is not None, "what was learnt stays"
    server.reset("a")
    assert server.look("a") is None


def test_a_training_nobody_looks_at_is_stopped(made: Callable[..., Trainings]) -> None:
    server = made(budget=replace(LONG, heartbeat=0.5))
    server.start("a", SMALL)
    until(lambda: not server.processes(), "it goes on without anybody")
    assert (seen(server, "a").state, seen(server, "a").said) == (STOPPED, trainings.WHY["left"])


def test_a_killed_process_is_said_and_the_next_one_begins(made: Callable[..., Trainings]) -> None:
    server = made(at_once=1, budget=LONG)
    server.start("a", SMALL)
    server.start("b", SMALL)
    assert seen(server, "b").state == QUEUED
    os.kill(server.processes()[0], signal.SIGKILL)
    until(lambda: seen(server, "a").state == FAILED, "nobody noticed")
    assert "ended by itself (code -9)" in seen(server, "a").said
    until(lambda: seen(server, "b").state == RUNNING, "the queue does not move")
    server.start("a", SMALL)
    assert seen(server, "a").state == QUEUED, "one can start again"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_no_process_outlives_the_server(how: signal.Signals) -> None:
    script = (
        "import time; from ui.server.trainings import *\n"
        "server = Trainings(); server.start('a', Choice('gru', 4, 1))\n"
        "print(server.processes()[0], flush=True); time.sleep(1000)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(how)
        parent.wait()
    until(lambda: not is_alive(child), "the training outlives its server")


# ---- the queue, with processes that do nothing -------------------------------------------------


def test_a_few_train_and_the_others_queue(made: Callable[..., Trainings]) -> None:
    server = made(at_once=2, command=SLEEP)
    for owner in "abcd":
        server.start(owner, SMALL)
    assert [seen(server, owner).state for owner in "abcd"] == [RUNNING, RUNNING, QUEUED, QUEUED]
    assert [seen(server, owner).before for owner in "cd"] == [0, 1]
    assert len(server.processes()) == 2
    server.start("a", replace(SMALL, seed=2))
    assert seen(server, "a").choice == SMALL, "one training for each session"
    server.reset("b")
    until(lambda: seen(server, "c").state == RUNNING, "the queue does not move")
    assert len(server.processes()) == 2
    assert (seen(server, "d").state, seen(server, "d").before) == (QUEUED, 0)
    server.stop("d")
    assert seen(server, "d").state == STOPPED


def test_the_queue_is_bounded(
    made: Callable[..., Trainings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainings, "MAX_WAITING", 2)
    monkeypatch.setattr(trainings, "KEPT", 1)
    server = made(at_once=0)
    server.start("a", SMALL)
    server.start("b", SMALL)
    with pytest.raises(TooManyError, match="2 trainings wait already"):
        server.start("c", SMALL)
    server.stop("a")
    server.start("c", SMALL)
    server.stop("b")
    server.look("c")
    assert (server.look("a"), seen(server, "b").state) == (None, STOPPED), "the oldest one goes"


def test_who_left_the_page_loses_the_place_in_the_queue(made: Callable[..., Trainings]) -> None:
    now = 0.0
    server = made(at_once=0, budget=Budget(heartbeat=30), clock=lambda: now)
    server.start("a", SMALL)
    server.start("b", SMALL)
    now = 29.0
    server.look("b")
    now = 31.0
    assert (seen(server, "b").state, seen(server, "b").before) == (QUEUED, 0)
    assert seen(server, "a").state == STOPPED


def test_a_process_that_hangs_is_ended(made: Callable[..., Trainings]) -> None:
    now = 0.0
    server = made(command=SLEEP, clock=lambda: now)
    server.start("a", SMALL)
    now = 1e6
    view = seen(server, "a")
    assert view.state == FAILED
    assert "did not answer" in view.said
    until(lambda: not server.processes(), "it is still there")


def saying(text: str) -> tuple[str, ...]:
    """A command that prints a text and waits."""
    return (sys.executable, "-c", f"import sys; print({text!r}, flush=True); sys.stdin.read()")


@pytest.mark.parametrize(
    "text",
    [
        *("noise", "[1]", "{}", '{"step": 1, "weights": "AAAA"}', "null"),
        '{"step": Infinity, "weights": "AAAA"}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_report_ends_the_training(made: Callable[..., Trainings], text: str) -> None:
    server = made(command=saying(text))
    server.start("a", SMALL)
    until(lambda: seen(server, "a").state == FAILED, "it was taken in")
    assert seen(server, "a").said == "The training said something unreadable."
    until(lambda: not server.processes(), "its process goes on")


def test_the_trainer_s_own_error_reaches_the_visitor(made: Callable[..., Trainings]) -> None:
    server = made(command=saying('{"end": "The loss became nan at step 3."}'))
    server.start("a", SMALL)
    until(lambda: seen(server, "a").state == FAILED, "nothing was said")
    assert seen(server, "a").said == "The loss became nan at step 3."


def test_a_process_that_cannot_be_started_is_said(made: Callable[..., Trainings]) -> None:
    server = made(command=["/nowhere/python"])
    server.start("a", SMALL)
    assert "could not start the training: No such file" in seen(server, "a").said


def test_the_largest_report_fits_a_line() -> None:
    contents, _ = packed(EncoderDecoder("bahdanau", 64))
    lstm, _ = packed(EncoderDecoder("lstm", 64))
    assert 2 * max(len(contents), len(lstm)) + 100_000 < trainings.MAX_LINE
