"""How often a model is right: counted word by word, and how sure that is."""

import random

import pytest

from attention_core.recurrent.accuracy import SEED, Accuracy, by_length, in_bucket, interval
from attention_core.recurrent.checkpoints import network_of
from attention_core.recurrent.network import fresh
from attention_core.recurrent.task import TEST, batch_of, of_length


@pytest.mark.parametrize("n_words", [8, 14])
def test_a_count_by_hand_gives_the_same(n_words: int) -> None:
    network = network_of("gru")  # right about 17 of 20, and 3 of 20
    (found,) = by_length(network, [n_words], how_many=20)
    sentences = of_length(random.Random(f"{SEED}:{n_words}"), TEST, n_words, 20)
    sources, targets = batch_of(sentences)
    written = network.write(sources, targets.shape[1]).tolist()
    n_exact = n_tokens = n_right = 0
    for ours, right in zip(written, targets.tolist(), strict=True):
        marks = [word == wanted for word, wanted in zip(ours, right, strict=True) if wanted]
        n_exact, n_tokens, n_right = (
            n_exact + all(marks),
            n_tokens + len(marks),
            n_right + sum(marks),
        )
    assert found == Accuracy(n_words, 20, n_exact, n_tokens, n_right)
    assert n_tokens < targets.numel(), "some German is shorter than the longest"


def test_a_model_that_learnt_nothing_is_never_exact() -> None:
    (found,) = by_length(fresh("rnn", 5, seed=1), [4], how_many=5)
    assert (found.exact, found.n_exact) == (0.0, 0)
    assert found.by_token < 0.5


def test_the_same_sentences_are_asked_in_every_call() -> None:
    network = fresh("gru", 5, seed=2)
    assert list(by_length(network, [2, 3], 4)) == list(by_length(network, [2, 3], 4))


def test_a_bucket_holds_its_own_lengths_alone() -> None:
    curve = [Accuracy(length, 10, length, 20, 10 + length) for length in range(1, 8)]
    found = in_bucket(curve, (3, 5))
    assert found == Accuracy(5, 30, 12, 60, 42)


@pytest.mark.parametrize(("n_right", "n"), [(0, 10), (1, 10), (37, 100), (100, 100)])
def test_an_interval_holds_the_share_and_narrows_with_the_count(n_right: int, n: int) -> None:
    low, high = interval(n_right, n)
    assert -1e-12 <= low <= n_right / n <= high <= 1 + 1e-12
    closer, near = interval(10 * n_right, 10 * n)
    assert near - closer < high - low


def test_the_ends_of_an_interval_solve_wilsons_equation() -> None:
    z, share, n = 1.959964, 0.37, 100
    for end in interval(37, 100):
        assert (share - end) ** 2 == pytest.approx(z * z * end * (1 - end) / n)
