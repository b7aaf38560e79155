"""The loop of a training's process, run here without one."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
import torch

from attention_core.recurrent.training import Trainer, TrainingError
from ui.server import training_process
from ui.server.training_process import EACH, Orders, Run, Told

PATIENCE_SECONDS = 120.0


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the process: so small a model only waits for a second thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def told(orders: Orders | None = None, /, **more: Any) -> list[Told]:
    """Run a training here and return what it reports."""
    job = {"kind": "gru", "n_units": 4, "seed": 1, "steps": 10**6, "seconds": 10**6}
    job |= {"paused": 10**6, "heartbeat": 10**6, "every": 10**6}
    said: list[Told] = []
    Run({**job, **more}, orders or Orders(), said.append).train()
    return said


def test_a_seed_is_a_run_and_another_one_another() -> None:
    first, again, other = (told(steps=2 * EACH, seed=seed) for seed in (3, 3, 4))
    assert first[-2]["losses"] == again[-2]["losses"] != other[-2]["losses"]
    assert first[-2]["weights"] == again[-2]["weights"] != other[-2]["weights"]
    often = told(steps=2 * EACH, seed=3, every=0.0)
    assert len(often) > 2 * EACH
    assert often[-2]["weights"] == first[-2]["weights"], "reports must not change the run"


def test_it_learns() -> None:
    losses = told(steps=15 * EACH, n_units=8)[-2]["losses"]
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.parametrize(
    ("why", "more"),
    [("steps", {"steps": 3}), ("seconds", {"seconds": 0.001}), ("left", {"heartbeat": -1.0})],
)
def test_every_limit_ends_it(why: str, more: dict[str, float]) -> None:
    assert told(**more)[-1] == {"end": why}


def test_a_pause_has_an_end() -> None:
    orders = Orders()
    orders.listen(["pause\n"])
    said = told(orders, paused=0.01)
    assert said[-1] == {"end": "paused"}
    assert said[-2]["step"] == 0


def test_orders_are_followed() -> None:
    orders = Orders()
    orders.listen(["pause\n"])
    running = Thread(target=lambda: said.extend(told(orders, steps=2)))
    said: list[Told] = []
    running.start()
    orders.listen(["look\n", "go\n"])
    running.join(PATIENCE_SECONDS)
    assert said[-1] == {"end": "steps"}


def test_a_loss_that_is_no_number_ends_it_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    class Spoilt(Trainer):
        def step(self) -> float:
            if self.progress.step == 3:
                with torch.no_grad():
                    self.network.output.bias.fill_(torch.nan)
            return super().step()

    monkeypatch.setattr(training_process, "Trainer", Spoilt)
    said = told()
    assert said[-1]["end"].startswith("The loss became nan at step 4, so training stopped there.")
    assert said[-2]["step"] == 3
    assert issubclass(TrainingError, ArithmeticError)
