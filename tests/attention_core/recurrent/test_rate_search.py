"""The first learning rates: one rule for every kind, and what the manifest keeps of the search."""

import math
from itertools import product

import pytest
import torch

from attention_core.recurrent import rate_search
from attention_core.recurrent.checkpoints import SEEDS, trials
from attention_core.recurrent.network import KINDS
from attention_core.recurrent.rate_search import RATES, STEPS, Trial, chosen, rate_at, tried
from attention_core.recurrent.training import EVERY, FIRST_RATE, LAST_SHARE, Point, Trainer


def ended(kind: str, rate: float, loss: float, step: int = STEPS) -> Trial:
    return Trial(kind, rate, (Point(step, 9.0, loss, rate),))


def test_every_kind_begins_with_the_rate_that_its_shipped_search_says() -> None:
    assert chosen(trials()) == FIRST_RATE


def test_the_shipped_search_tried_every_rate_for_every_kind_by_the_same_steps() -> None:
    found = trials()
    assert [(one.kind, one.rate) for one in found] == list(product(KINDS, RATES))
    assert rate_search.SEED not in SEEDS
    for one in found:
        assert [point.step for point in one.curve] == list(range(EVERY, STEPS + 1, EVERY))
        assert [p.rate for p in one.curve] == [rate_at(one.rate, p.step - 1) for p in one.curve]


def test_no_best_rate_is_at_an_end_of_the_grid() -> None:
    assert all(min(RATES) < rate < max(RATES) for rate in FIRST_RATE.values())


def test_a_trial_ends_at_the_share_of_its_rate_that_a_long_training_ends_at() -> None:
    assert rate_at(0.8, STEPS - 1) == LAST_SHARE * 0.8


def test_the_lowest_loss_wins_and_of_two_the_larger_rate() -> None:
    found = [
        ended("rnn", 1.0, 0.5),
        ended("rnn", 0.25, 0.125),
        ended("rnn", 0.5, 0.125),
        ended("gru", 1.0, 0.25),
        ended("gru", 2.0, 0.001, step=STEPS - EVERY),  # it broke down on the way
    ]
    assert chosen(found) == {"rnn": 0.5, "gru": 1.0}


def test_a_trial_is_the_trainer_at_the_rates_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, steps in (("AT_FIRST", 4), ("LATER", 2), ("STEPS", 10), ("EVERY", 2), ("N_UNITS", 5)):
        monkeypatch.setattr(rate_search, name, steps)
    trial = tried("gru", 0.02)
    rates = [0.02, 0.02, 0.01, 0.005, 0.0025]
    assert [point.rate for point in trial.curve] == rates
    trainer = Trainer("gru", 5, rate_search.SEED, 0.02)
    for point in trial.curve:
        trainer.progress.rate = point.rate
        for _ in range(2):
            trainer.step()
        assert trainer.validate() == point
    assert trial.loss == trial.curve[-1].valid


def test_a_trial_whose_loss_is_no_number_any_more_cannot_win(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = Trainer.step

    def broken(self: Trainer) -> float:
        if self.progress.step == 3:
            with torch.no_grad():
                self.network.output.bias[0] = float("nan")
        return right(self)

    monkeypatch.setattr(Trainer, "step", broken)
    monkeypatch.setattr(rate_search, "EVERY", 2)
    trial = tried("rnn", 0.5)
    assert [point.step for point in trial.curve] == [2]
    assert trial.loss == math.inf
