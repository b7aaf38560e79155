"""``make train``: what an interrupted run leaves behind is all that it needs to go on."""

from pathlib import Path

import pytest

from attention_core.recurrent.training import Trainer
from scripts import train


def test_a_run_is_taken_up_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "UNDER_WAY", tmp_path)
    left, taken_up = Trainer("bahdanau", 5, seed=3), Trainer("bahdanau", 5, seed=9)
    for _ in range(3):
        left.step()
    left.validate()
    train.save(left, "bahdanau-3")
    train.take_up(taken_up, "bahdanau-3")
    assert taken_up.progress == left.progress
    assert [taken_up.step() for _ in range(3)] == [left.step() for _ in range(3)]
    assert [path.name for path in tmp_path.iterdir()] == ["bahdanau-3.safetensors"]


def test_a_run_that_began_with_another_learning_rate_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "UNDER_WAY", tmp_path)
    left, trainer = Trainer("gru", 3, seed=1, rate=0.5), Trainer("gru", 3, seed=1)
    left.step()
    train.save(left, "gru-1")
    train.take_up(trainer, "gru-1")
    assert trainer.progress.step == 0


def test_a_run_that_never_began_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "UNDER_WAY", tmp_path)
    trainer = Trainer("gru", 3, seed=1)
    train.take_up(trainer, "gru-1")
    assert trainer.progress.step == 0
