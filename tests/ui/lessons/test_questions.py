"""The predictions: what is right is called right, in a tie and of unusual numbers, and no other."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from ui.cards.embeddings import tensor_of
from ui.cards.mask import mask_of, toggled
from ui.cards.parameters import parameters_of
from ui.cards.prediction import Question
from ui.lab.lab import Lab
from ui.lessons.all_tokens.questions import largest_row_sum
from ui.lessons.causal_attention.questions import first_token_unmasked
from ui.lessons.dropout.questions import grown_weight
from ui.lessons.multi_head.questions import most_missed_head
from ui.lessons.one_query.questions import doubled_query
from ui.lessons.queries_keys_values.questions import doubled_query_weights
from ui.lessons.side_by_side.questions import doubled_embeddings
from ui.lessons.start_here.questions import doubled_first_value
from ui.lessons.why_attention import questions as why_questions
from ui.lessons.why_attention.questions import least_answered

EQUAL = Lab(preset="equal")
ZEROS = EQUAL.with_entries(
    [(token.word, token.nth, column, 0.0) for token in EQUAL.tokens for column in range(EQUAL.d)]
)
# Two tokens that are each other's mirror image, and one between them.
MIRRORED = Lab(sentence="a b c", d=2).with_entries(
    [
        (word, 1, column, entry)
        for word, vector in {"a": (2.0, 1.0), "b": (1.0, 2.0), "c": (0.5, 0.5)}.items()
        for column, entry in enumerate(vector)
    ]
)
SILENT = Lab().with_entries([("with", 1, column, 0.0) for column in range(3)])

TIED: list[tuple[Callable[[Lab], Question], Lab, set[int]]] = [
    (doubled_first_value, SILENT, {0, 1, 2, 3, 4, 5}),  # a token of zeros scores 0 with everyone
    (largest_row_sum, MIRRORED, {0, 1}),
    (most_missed_head, ZEROS, {0, 1}),
    (doubled_embeddings, ZEROS, {0, 1, 2, 3, 4}),
    (first_token_unmasked, EQUAL, {0, 1, 2, 3, 4, 5}),
]


@pytest.mark.parametrize(("asked", "lab", "right"), TIED, ids=[row[0].__name__ for row in TIED])
def test_every_option_of_a_tie_is_right(
    asked: Callable[[Lab], Question], lab: Lab, right: set[int]
) -> None:
    _, options, truth = asked(lab)
    assert {truth.right, *truth.also} == right
    assert right <= set(range(len(options)))


def test_the_words_that_are_least_answered_may_be_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    norms = torch.tensor([0.5, 0.2, 0.2 + 1e-6, 0.21, 1.0])
    monkeypatch.setattr(why_questions, "word_sensitivities", lambda *_: [{"hidden": norms}])
    _, _, truth = least_answered(Lab())
    assert {truth.right, *truth.also} == {1, 2}


@pytest.mark.parametrize(
    "asked",
    [
        doubled_first_value,
        largest_row_sum,
        most_missed_head,
        doubled_embeddings,
        first_token_unmasked,
        least_answered,
    ],
)
def test_without_a_tie_one_option_is_right(asked: Callable[[Lab], Question]) -> None:
    _, _, truth = asked(Lab())
    assert truth.also <= {truth.right}


# ---- Unusual numbers ---------------------------------------------------------------------------


def scaled(lab: Lab, factor: float) -> Lab:
    return lab.with_entries(
        [
            (token.word, token.nth, column, entry * factor)
            for token, row in zip(lab.tokens, lab.embeddings, strict=True)
            for column, entry in enumerate(row)
        ]
    )


LABS = {
    "first": Lab(),
    "ten": Lab(preset="ten-times"),
    "smaller": scaled(Lab(), 0.1),
    "small": scaled(Lab(), 1e-3),
    "large": scaled(Lab(), 1e3),
    "thousand": Lab().with_entries([("journey", 1, 0, 1000.0)]),
    "bias": Lab(drawn_as="linear with bias"),
    "equal": Lab(preset="equal"),
    "zero": scaled(Lab(), 0.0),
    "one": Lab(sentence="one"),
    "twenty": Lab(sentence=" ".join(f"w{row}" for row in range(20))),
}
each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)


@each_lab
def test_doubled_query_weights_are_judged_to_the_decimals_that_are_shown(lab: Lab) -> None:
    given = {name: tensor.double() for name, tensor in parameters_of(lab).items()}
    x, row = tensor_of(lab).double(), lab.query_index
    queries, keys = (
        x @ given[f"w_{role}"] + given.get(f"b_{role}", torch.zeros(1, 2))
        for role in ("query", "key")
    )
    scores = queries @ keys.T / 2**0.5
    was, now = (f"{float(torch.softmax(k * scores, -1)[row].max()):.4f}" for k in (1, 2))
    question, options, truth = doubled_query_weights(lab)
    assert "to 4 decimals" in question
    assert options[truth.right] == ("It stays the same" if was == now else "It grows")
    assert f"from {was} to {now}" in truth.because


@each_lab
def test_whom_the_first_token_would_attend_to_is_said_in_words_that_fit(lab: Lab) -> None:
    _, options, truth = first_token_unmasked(lab)
    given = parameters_of(lab)
    x = tensor_of(lab)
    query = x[:1] @ given["w_query"] + given.get("b_query", torch.zeros(1, 2))
    keys = x @ given["w_key"] + given.get("b_key", torch.zeros(1, 2))
    weights = torch.softmax(query @ keys.T / 2**0.5, dim=-1)[0]
    assert float(weights[truth.right]) == pytest.approx(float(weights.max()), abs=1e-6)
    assert ("gives most to itself, too" in truth.because) is (truth.right == 0)
    assert len(options) == len(lab.tokens)


def test_the_entropy_that_falls_nowhere_is_said_to() -> None:
    for name in ("equal", "zero"):
        _, options, truth = doubled_embeddings(LABS[name])
        assert truth.also == frozenset(range(len(options)))
        assert truth.because.startswith("It falls by less than 0.0001 in all of them.")
    assert "less than" not in doubled_embeddings(Lab())[2].because


def test_by_what_weights_grow_is_known_where_a_mask_leaves_none() -> None:
    lab = Lab(sentence="to be")
    for row in range(2):
        for column in range(2):
            if mask_of(lab)[row, column]:
                lab = toggled(lab, row, column)
    assert not mask_of(lab).any()
    _, options, truth = grown_weight(lab)
    assert options[truth.right] == "by 5"
    assert "nan" not in truth.because


def test_twice_the_query_is_judged_to_the_decimals_that_are_named() -> None:
    for name, answer in (("first", "Only softmax"), ("small", "Neither"), ("large", "Neither")):
        question, options, truth = doubled_query(replace(LABS[name], query=1))
        assert "within their first 4 decimals" in question
        assert options[truth.right] == answer
