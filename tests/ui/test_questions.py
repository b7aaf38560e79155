"""The predictions: an option that is as right as the right one is right, and no other is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.screen import PROJECT, broken, opened
from ui import link, why_attention
from ui.lab import Lab
from ui.questions import (
    Question,
    doubled_embeddings,
    doubled_first_value,
    first_token_unmasked,
    largest_row_sum,
    least_remembered,
    most_missed_head,
)
from ui.worksheet import labels_of

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


def test_the_words_that_are_least_remembered_may_be_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    norms = torch.tensor([0.5, 0.2, 0.2 + 1e-6, 0.21, 1.0])
    monkeypatch.setattr(why_attention, "forgotten", lambda *_: [{"hidden": norms}])
    _, _, truth = least_remembered(Lab())
    assert {truth.right, *truth.also} == {1, 2}


@pytest.mark.parametrize(
    "asked",
    [
        doubled_first_value,
        largest_row_sum,
        most_missed_head,
        doubled_embeddings,
        first_token_unmasked,
        least_remembered,
    ],
)
def test_without_a_tie_one_option_is_right(asked: Callable[[Lab], Question]) -> None:
    _, _, truth = asked(Lab())
    assert truth.also <= {truth.right}


def test_the_page_calls_a_tied_answer_right() -> None:
    def answered(lab: Lab, answer: int) -> Any:
        at = opened(PROJECT / "pages" / "1_start_here.py", lab=link.encode(lab))
        at.radio[0].set_value(answer).run()
        assert broken(at) == []
        return at

    for answer in range(len(labels_of(SILENT))):
        assert answered(SILENT, answer).success[0].value.startswith("Right."), answer
    _, _, truth = doubled_first_value(Lab())
    assert not answered(Lab(), (truth.right + 1) % 6).success
