"""The models as they are trained: shapes, seeds, and writing by oneself."""

import pytest
import torch

from attention_core.recurrent.language import target_vocabulary
from attention_core.recurrent.network import KINDS, TORCH, fresh
from attention_core.recurrent.task import batch_of

SOURCES, TARGETS = batch_of([(34, 7), (1, 22)])
each = pytest.mark.parametrize("kind", KINDS)


@each
def test_there_is_a_logit_for_every_word_at_every_place(kind: str) -> None:
    network = fresh(kind, 5, seed=1)
    logits = network(SOURCES, TARGETS)
    assert logits.shape == (*TARGETS.shape, len(target_vocabulary()))
    assert isinstance(network.encoder, TORCH[kind])


@each
def test_a_word_depends_on_the_right_words_before_it_alone(kind: str) -> None:
    network = fresh(kind, 5, seed=1)
    changed = TARGETS.clone()
    changed[:, 2] = 3
    before, after = network(SOURCES, TARGETS), network(SOURCES, changed)
    torch.testing.assert_close(before[:, :3], after[:, :3], rtol=0, atol=0)
    assert float((before[:, 3] - after[:, 3]).detach().abs().min()) > 0


@each
def test_what_it_writes_is_likeliest_given_what_it_wrote(kind: str) -> None:
    network = fresh(kind, 7, seed=3)
    written = network.write(SOURCES, 6)
    with torch.no_grad():
        logits = network(SOURCES, written)
    assert torch.equal(logits.argmax(-1), written)


def test_a_seed_is_a_model_and_leaves_everyones_dice_alone() -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    one, again, other = (fresh("gru", 5, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
