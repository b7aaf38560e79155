"""A short training lowers the loss, depends on its seed, and can be carried on."""

import json
from dataclasses import asdict

import pytest
import torch

from attention_core.recurrent.network import KINDS
from attention_core.recurrent.training import (
    FIRST_RATE,
    LAST_SHARE,
    Point,
    Progress,
    Trainer,
    TrainingError,
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_training_from_scratch_lowers_the_loss(kind: str) -> None:
    trainer = Trainer(kind, n_units=11, seed=1)
    losses = [trainer.step() for _ in range(100)]
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])
    assert trainer.validate().valid < losses[0]


def test_the_same_seed_is_the_same_run_and_another_one_is_not() -> None:
    first, again, other = (Trainer("gru", 5, seed) for seed in (1, 1, 2))
    run = [first.step() for _ in range(3)]
    assert [again.step() for _ in range(3)] == run
    assert [other.step() for _ in range(3)] != run


def test_making_a_model_leaves_everyones_dice_alone() -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    Trainer("rnn", 5, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been() -> None:
    whole, half = Trainer("bahdanau", 5, seed=3), Trainer("bahdanau", 5, seed=3)
    for trainer in (whole, half):
        for _ in range(4):
            trainer.step()
        trainer.validate()
    kept = {name: tensor.clone() for name, tensor in half.tensors().items()}
    progress = json.loads(json.dumps(asdict(half.progress)))
    curve = [Point(**point) for point in progress.pop("curve")]
    other = Trainer("bahdanau", 5, seed=99)
    other.carry_on(kept, Progress(**progress, curve=curve), half.dice.getstate())
    assert [other.step() for _ in range(3)] == [whole.step() for _ in range(3)]


def test_a_loss_that_is_no_number_stops_the_training_and_says_so() -> None:
    trainer = Trainer("rnn", 5, seed=1)
    with torch.no_grad():
        trainer.network.output.bias[3] = float("nan")
    before = trainer.network.source.weight.clone()
    with pytest.raises(TrainingError, match="became nan at step 1"):
        trainer.step()
    assert torch.equal(trainer.network.source.weight, before)
    assert trainer.progress.step == 0


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_begins_with_its_own_learning_rate(kind: str) -> None:
    trainer, other = Trainer(kind, 3, seed=1), Trainer(kind, 3, seed=1, rate=0.5)
    assert (trainer.progress.first, trainer.progress.rate) == (FIRST_RATE[kind],) * 2
    assert (other.progress.first, other.progress.rate) == (0.5, 0.5)
    other.progress.step = 1_000  # warmed up
    other.step()
    assert other.optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_the_plateau_halves_the_rate_until_training_ends(kind: str) -> None:
    trainer = Trainer(kind, 3, seed=1)
    trainer.progress.best = 0.01  # nothing is better than this
    rates = []
    while not trainer.is_done:
        trainer.validate()
        rates.append(trainer.progress.rate)
    assert rates[3] == rates[0] / 2 == FIRST_RATE[kind] / 2
    assert rates[-2] == LAST_SHARE * FIRST_RATE[kind]
    assert len(rates) == 16
