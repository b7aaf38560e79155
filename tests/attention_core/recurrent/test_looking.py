"""A translation's attention is the mechanism's, and what is no step of it has a second route."""

import itertools
from dataclasses import replace

import pytest
import torch

from attention_core.recurrent.language import source_words
from attention_core.recurrent.looking import (
    attention_of,
    check_attention,
    check_states,
    check_words,
    looks_right,
)
from attention_core.recurrent.network import EncoderDecoder
from attention_core.recurrent.translation import Cells, Model, ModelEdits, load_model, translate

WORDS = source_words("34 7 61")


@pytest.fixture(scope="module")
def model() -> Model:
    """One that was never trained, of a width unlike any other size here."""
    torch.manual_seed(11)
    network = EncoderDecoder("bahdanau", 13)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return Model("bahdanau", {n: t.detach() for n, t in network.state_dict().items()})


STORED_AS = ModelEdits(
    encoder_states={(2, 5): 3.0, (0, 0): -1.5},
    weights={(1, 0): 1.0, (1, 1): 0.0, (90, 0): 0.5},
)


@pytest.mark.parametrize("edits", [ModelEdits(), STORED_AS], ids=["none", "own"])
@pytest.mark.parametrize("sees_encoder", [True, False])
def test_the_mechanism_is_what_the_decoder_did(
    model: Model, edits: ModelEdits, sees_encoder: bool
) -> None:
    translation = translate(model, WORDS, edits=edits, sees_encoder=sees_encoder, longest=7)
    trace = attention_of(model, translation, weights=edits.weights, sees_encoder=sees_encoder)
    torch.testing.assert_close(trace["weights"], translation.weights)
    torch.testing.assert_close(trace["context"], translation.contexts)
    assert all(check.ok for check in (*check_attention(trace, translation), *trace.check()))
    assert len(trace.overridden.get("weights", ())) == (2 if edits is STORED_AS else 0)
    assert check_states(model, translation).ok
    assert all(check_words(model, translation, step).ok for step in range(len(trace["queries"])))


LARGE = (1e2, 1e3, 1e4, 1e5, 1e6, -1e6)


@pytest.mark.parametrize("own", LARGE)
def test_a_large_weight_of_ones_own_is_no_mistake(own: float) -> None:
    """Sixteen words: what is seen is a sum of weights times states, and rounds as its terms do."""
    words = source_words("53 12 88 47 31 26 94 75")
    trained = load_model("bahdanau")
    for step, word in itertools.product(range(4), range(len(words))):
        weights: Cells = {(step, word): own}
        translation = translate(trained, words, edits=ModelEdits(weights=weights))
        trace = attention_of(trained, translation, weights=weights)
        checks = [
            *check_attention(trace, translation),
            *trace.check(),
            check_states(trained, translation),
            check_words(trained, translation, step),
        ]
        assert [check for check in checks if not check.ok] == []


@pytest.mark.parametrize("own", LARGE)
def test_beside_a_large_weight_a_wrong_vector_is_still_found(own: float) -> None:
    words = source_words("53 12 88 47 31 26 94 75")
    trained = load_model("bahdanau")
    weights: Cells = {(2, 3): own}
    translation = translate(trained, words, edits=ModelEdits(weights=weights))
    trace = attention_of(trained, translation, weights=weights)
    assert translation.contexts is not None
    for at in ((2, 5), (0, 5)):  # in the row of the large weight, and in another one
        seen = translation.contexts.clone()
        seen[at] += 1e-3 * max(0.1, float(seen[at].abs()))
        wrong = replace(translation, contexts=seen)
        assert not check_attention(trace, wrong)[1].ok, at


def test_energies_that_ignore_the_encoder_are_the_same_for_every_word(model: Model) -> None:
    translation = translate(model, WORDS, sees_encoder=False, longest=4)
    weights = attention_of(model, translation, sees_encoder=False)["weights"]
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / len(WORDS)))


def test_each_check_notices_what_is_wrong(model: Model) -> None:
    translation = translate(model, WORDS, longest=5)
    trace = attention_of(model, translation)
    assert translation.weights is not None
    assert translation.contexts is not None
    wrong = replace(translation, weights=translation.weights.flip(0))
    assert [check.ok for check in check_attention(trace, wrong)] == [False, True]
    wrong = replace(translation, contexts=translation.contexts + 0.01)
    assert [check.ok for check in check_attention(trace, wrong)] == [True, False]
    assert not check_states(model, wrong).ok
    assert not check_words(model, wrong, 2).ok
    wrong = replace(translation, before=translation.before.roll(1, 0))
    assert not check_states(model, wrong).ok


def test_a_model_without_attention_is_refused() -> None:
    network = EncoderDecoder("gru", 5)
    model = Model("gru", {n: t.detach() for n, t in network.state_dict().items()})
    with pytest.raises(ValueError, match="the model must attend"):
        attention_of(model, translate(model, WORDS, longest=2))


def test_what_looking_right_means() -> None:
    source = ("thirty", "four", "seven")
    weights = torch.tensor(
        [
            [0.1, 0.8, 0.1],  # vier: right
            [0.5, 0.3, 0.2],  # und: either of both
            [0.4, 0.5, 0.1],  # dreißig: wrong
            [0.3, 0.3, 0.4],  # sieben: right
            [0.0, 0.0, 1.0],  # one too many
        ]
    )
    assert looks_right(weights, source, 5) == (True, True, False, True, False)
    assert looks_right(weights, source, 3) == (True, True, False)
    assert looks_right(torch.full((4, 3), 1 / 3), source, 4) == (False,) * 4, "a tie is a miss"
    assert looks_right(torch.ones(2, 1), ("seven",), 2) == (True, False)
