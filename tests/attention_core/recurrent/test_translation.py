"""What the trained models write, and every value on the way, by a second route."""

import itertools

import pytest
import torch
from torch import Tensor

from attention_core.recurrent import Model, ModelEdits, load_model, translate
from attention_core.recurrent.cells import read
from attention_core.recurrent.checkpoints import network_of
from attention_core.recurrent.language import (
    END,
    SentenceError,
    right_alignment,
    right_translation,
    source_vocabulary,
    spelled,
    target_vocabulary,
)
from attention_core.recurrent.network import KINDS
from attention_core.recurrent.task import ids
from attention_core.recurrent.translation import word_sensitivity

WORDS = ("thirty", "four", "seven", "sixty", "one")


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Model:
    return load_model(request.param)


def double(model: Model) -> Model:
    return Model(model.kind, {name: tensor.double() for name, tensor in model.weights.items()})


def test_torchs_own_cells_compute_the_same_logits(model: Model) -> None:
    network = network_of(model.kind).double()
    found = translate(double(model), WORDS)
    sources = torch.tensor([ids(WORDS, source_vocabulary())])
    targets = torch.tensor([ids(found.written, target_vocabulary())])
    with torch.no_grad():
        logits = network(sources, targets)[0]
    torch.testing.assert_close(found.logits, logits, atol=1e-10, rtol=0)
    written = network.write(sources, len(found.written))[0].tolist()
    assert [target_vocabulary()[word] for word in written] == list(found.written)


def test_every_value_has_its_shape(model: Model) -> None:
    found = translate(model, WORDS)
    n_in, n_out, n_units = len(WORDS), len(found.written), 32
    assert found.source == WORDS
    assert found.encoder_states.shape == (n_in, n_units)
    assert found.decoder_states.shape == found.before.shape == (n_out, n_units)
    assert found.bottleneck.shape == ((2 if model.kind == "lstm" else 1), n_units)
    assert found.ended
    assert (*found.words, END) == found.written
    torch.testing.assert_close(found.probabilities.sum(-1), torch.ones(n_out))
    assert torch.equal(found.before[1:], found.decoder_states[:-1])
    assert torch.equal(found.bottleneck[0], found.encoder["hidden"][-1])
    if model.kind == "bahdanau":
        assert found.weights is not None
        assert found.weights.shape == (n_out, n_in)
        torch.testing.assert_close(found.weights.sum(-1), torch.ones(n_out))
    else:
        assert found.weights is None
        assert found.contexts is None


def test_the_same_sentence_is_the_same_translation_to_the_bit(model: Model) -> None:
    first, again = translate(model, WORDS), translate(model, WORDS)
    assert first.words == again.words
    assert torch.equal(first.logits, again.logits)


def test_the_model_with_attention_is_right_and_looks_where_it_should() -> None:
    model = load_model("bahdanau")
    sentence = spelled([34, 7, 61, 16, 99, 28, 53, 42])
    found = translate(model, sentence)
    assert found.words == right_translation(sentence)
    assert found.weights is not None
    looked = found.weights.argmax(-1).tolist()
    pairs = list(zip(looked, right_alignment(sentence), strict=False))
    assert sum(at in right for at, right in pairs) / len(pairs) > 0.8


def random_model(seed: int) -> Model:
    """Return a model of random weights: a trained softmax may be too sure to show a change."""
    dice = torch.Generator().manual_seed(seed)
    shapes = {name: tensor.shape for name, tensor in load_model("bahdanau").weights.items()}
    weights: dict[str, Tensor] = {
        name: torch.randn(shape, generator=dice, dtype=torch.float64) * 0.3
        for name, shape in sorted(shapes.items())  # a file of tensors has no order of its own
    }
    weights["output.bias"][target_vocabulary().index(END)] = -100.0  # it writes as long as it may
    return Model("bahdanau", weights)


@pytest.mark.parametrize("position", range(len(WORDS)))
def test_changing_one_encoder_state_changes_where_the_decoder_looks(position: int) -> None:
    model = random_model(position)
    before = translate(model, WORDS, longest=4)
    edits = ModelEdits(encoder_states={(position, 3): 0.9, (position, 8): -0.9})
    after = translate(model, WORDS, edits=edits, longest=4)
    assert before.weights is not None
    assert after.weights is not None
    changed = (before.weights[0] - after.weights[0]).abs()
    assert bool((changed > 1e-9).all()), "a softmax row changes everywhere"
    assert torch.equal(after.encoder["hidden"], before.encoder["hidden"])
    assert float(after.encoder_states[position, 3]) == 0.9


def test_energies_that_ignore_the_encoder_look_everywhere_alike_whatever_was_read() -> None:
    model = random_model(7)
    edits = ModelEdits(encoder_states={(2, 3): 5.0})
    for own in (ModelEdits(), edits):
        found = translate(model, WORDS, edits=own, sees_encoder=False, longest=3)
        assert found.weights is not None
        torch.testing.assert_close(found.weights, torch.full((3, 5), 1 / 5, dtype=torch.float64))
    trained = translate(load_model("bahdanau"), WORDS, sees_encoder=False)
    assert trained.words != right_translation(WORDS)


def test_weights_of_ones_own_force_the_decoder_to_look_at_one_word() -> None:
    row: dict[tuple[int, ...], float] = {(0, at): float(at == 2) for at in range(len(WORDS))}
    found = translate(load_model("bahdanau"), WORDS, edits=ModelEdits(weights=row))
    assert found.weights is not None
    assert found.contexts is not None
    assert found.weights[0].tolist() == [0, 0, 1, 0, 0]
    assert torch.equal(found.contexts[0], found.encoder_states[2])
    assert found.words[0] == "sieben"


def test_an_edited_bottleneck_is_where_the_decoder_starts(model: Model) -> None:
    own: dict[tuple[int, ...], float] = {(0, unit): 0.0 for unit in range(32)}
    own[5, 1] = 3.0  # there is no such row
    found = translate(model, WORDS, edits=ModelEdits(bottleneck=own))
    assert bool((found.before[0] == 0).all())
    assert found.bottleneck.shape == translate(model, WORDS).bottleneck.shape
    if model.kind == "gru":
        assert found.words != translate(model, WORDS).words


def test_the_answer_to_a_word_is_the_length_of_a_derivative_by_finite_differences(
    model: Model,
) -> None:
    own = double(model)
    norms = word_sensitivity(own, WORDS)
    embeddings = own.weights["source.weight"][ids(WORDS, source_vocabulary())]
    cell, weights = own.cell, own.part("encoder")
    for name in cell.carries:
        squares = torch.zeros(len(WORDS), dtype=torch.float64)
        for word, column in itertools.product(range(len(WORDS)), range(embeddings.shape[1])):
            step = torch.zeros_like(embeddings)
            step[word, column] = 1e-6
            up, down = (read(cell, embeddings + sign * step, weights) for sign in (1, -1))
            squares[word] += ((up[name][-1] - down[name][-1]) / 2e-6).pow(2).sum()
        torch.testing.assert_close(norms[name], squares.sqrt(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "There is no word"),
        (["fourty"], "Did you mean “forty”"),
        (["seven"] * 500, "500 words are more"),
        ("seven nine", "must be a list of words"),
    ],
)
def test_what_is_no_sentence_is_said(model: Model, words: list[str], said: str) -> None:
    with pytest.raises(SentenceError, match=said):
        translate(model, words)


def test_the_longest_sentence_ends(model: Model) -> None:
    found = translate(model, ["ninety", "nine"] * 24)
    assert len(found.written) <= 73


def test_a_model_that_never_ends_its_sentence_is_stopped(model: Model) -> None:
    bias = model.weights["output.bias"].clone()
    bias[target_vocabulary().index(END)] = -1e9
    found = translate(Model(model.kind, {**model.weights, "output.bias": bias}), ["one"])
    assert not found.ended
    assert found.words == found.written


def test_only_known_models_are_loaded() -> None:
    with pytest.raises(ValueError, match="name must be one of rnn, lstm, gru, bahdanau"):
        load_model("transformer")
    with pytest.raises(ValueError, match="seed of"):
        load_model("gru", seed=9)
