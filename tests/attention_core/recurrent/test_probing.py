"""What can be read back: the probe reads what is there and nothing else, and is measured again."""

import hashlib
from itertools import product
from pathlib import Path

import pytest
import torch

from attention_core.recurrent import probing
from attention_core.recurrent.checkpoints import FOLDER, SEEDS, CheckpointError, file_of, network_of
from attention_core.recurrent.network import KINDS, fresh
from attention_core.recurrent.probing import LENGTHS, fitted, guess, handed_on, measure, shipped
from attention_core.recurrent.task import TEST, TRAIN

DICE = torch.Generator().manual_seed(5)


def clouds(n: int, d: int, n_words: int, apart: float) -> tuple[torch.Tensor, torch.Tensor]:
    """States around a middle for each word, stretched along one direction that says nothing."""
    middles = apart * torch.randn(n_words, d, generator=torch.Generator().manual_seed(3)).double()
    words = torch.randint(n_words, (n,), generator=DICE)
    noise = torch.randn(n, d, generator=DICE).double()
    noise[:, 0] *= 5
    return middles[words] + noise, words


def test_a_probe_reads_what_is_there() -> None:
    states, words = clouds(2_000, 5, 7, apart=6.0)
    others, right = clouds(500, 5, 7, apart=6.0)
    weights, biases = fitted(states, words, 7)
    assert ((others @ weights + biases).argmax(-1) == right).double().mean() > 0.97


def test_a_probe_reads_nothing_out_of_states_that_know_nothing() -> None:
    states, words = clouds(2_000, 5, 7, apart=0.0)
    others, right = clouds(2_000, 5, 7, apart=0.0)
    weights, biases = fitted(states, words, 7)
    share = float(((others @ weights + biases).argmax(-1) == right).double().mean())
    assert abs(share - 1 / 7) < 0.04


def test_a_word_that_was_never_seen_is_never_named() -> None:
    states, words = clouds(300, 5, 7, apart=6.0)
    _, biases = fitted(states[words != 3], words[words != 3], 7)
    assert biases[3] == -torch.inf
    assert biases.isfinite().sum() == 6


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_is_all_that_the_decoder_begins_with(kind: str) -> None:
    network = fresh(kind, 5, seed=2)
    sources = probing.sentences(TEST, 3, 11)
    states = handed_on(network, sources)
    assert states.shape == (11, 10 if kind == "lstm" else 5)
    with torch.no_grad():
        read, last = network.encoder(network.source(sources))
    torch.testing.assert_close(states[:, :5], read[:, -1].double(), atol=1e-6, rtol=1e-6)
    if kind == "lstm":
        torch.testing.assert_close(states[:, 5:], last[1][0].double(), atol=1e-6, rtol=1e-6)
    assert network.output.weight.dtype == torch.float32, "the model itself stays as it was"


@pytest.mark.parametrize("n_words", [3, 8, 16])
def test_no_sentence_is_both_fitted_and_asked(n_words: int) -> None:
    known, asked = (
        {tuple(row) for row in probing.sentences(part, n_words, how_many).tolist()}
        for part, how_many in ((TRAIN, probing.N_FIT), (TEST, probing.N_HELD_OUT))
    )
    assert (len(known), len(asked)) == (probing.N_FIT, probing.N_HELD_OUT)
    assert not known & asked


def test_what_is_shipped_is_of_the_shipped_models() -> None:
    found = shipped()
    assert set(found.models) == set(product(KINDS, SEEDS)) == set(found.sha256)
    for key, recalls in (*found.models.items(), ("guess", found.guess)):
        assert tuple(recalls) == LENGTHS
        assert all(len(recalls[n].n_right) == n == recalls[n].n_words for n in LENGTHS), key
        assert all(recalls[n].n_sentences == probing.N_HELD_OUT for n in LENGTHS), key
    for key, sha256 in found.sha256.items():
        assert hashlib.sha256((FOLDER / file_of(*key)).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_lengths_are_measured_again(kind: str) -> None:
    """All of them, with every seed: ``python -m benchmarks.probe``."""
    known = shipped().models[kind, 0]
    for n_words in (4, 9):
        again = measure(network_of(kind), n_words)
        pairs = zip(again.n_right, known[n_words].n_right, strict=True)
        # Another processor may round a tie between two words the other way.
        assert all(abs(now - then) <= 2 for now, then in pairs)
    assert guess(9) == shipped().guess[9]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    (tmp_path / probing.FILE).write_text(probing.written(shipped()), encoding="utf-8")
    assert shipped(tmp_path) == shipped()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"models": [{}]}', '{"models": 3}', "none"])
def test_a_damaged_file_says_so(tmp_path: Path, text: str) -> None:
    if text != "none":
        (tmp_path / probing.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"probe\.json, is missing or damaged"):
        shipped(tmp_path)


def test_a_share_is_of_the_sentences_that_were_asked_about() -> None:
    assert probing.Recall(3, 8, (8, 2, 0)).shares == [1.0, 0.25, 0.0]


LONG = [n_words for n_words in LENGTHS if n_words >= 8]


@pytest.mark.parametrize(("kind", "seed"), [*product(("rnn", "lstm", "gru"), SEEDS)])
def test_without_attention_the_beginning_stays_and_the_middle_goes(kind: str, seed: int) -> None:
    """As the page *Why attention* says of long sentences."""
    for n_words in LONG:
        shares = shipped().models[kind, seed][n_words].shares
        least = min(range(n_words), key=shares.__getitem__)
        assert shares[0] > 0.65
        assert 1 < least < n_words - 1
        assert shares[least] < 0.6 * shares[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_encoder_with_attention_keeps_the_end_and_less_of_the_beginning(seed: int) -> None:
    models = shipped().models
    for n_words in LONG:
        shares = models["bahdanau", seed][n_words].shares
        assert shares[-1] > 0.9
        others = [own[n_words].shares[0] for (kind, _), own in models.items() if kind != "bahdanau"]
        assert shares[0] < min(others)
