"""What a run may take: counted from shapes alone, and refused from the first product too many."""

from typing import Any

import pytest
import torch

from attention_core.mechanism import Mechanism
from attention_core.operations import (
    AdditiveScores,
    DivideByRoot,
    DotProducts,
    JoinHeads,
    Operation,
    Overridden,
    Projection,
    RepeatHeads,
    Softmax,
    SplitProjection,
    WeightedSum,
)
from attention_core.outside import work
from attention_core.outside.work import TooMuchError, require_affordable, work_of
from attention_core.step import Step

COUNTED: dict[str, tuple[Operation, list[tuple[int, ...]], int]] = {
    "dot products": (DotProducts(), [(5, 3), (7, 3)], 5 * 7 * 3),
    "of heads": (DotProducts(), [(2, 5, 3), (2, 7, 3)], 2 * 5 * 7 * 3),
    "a projection": (Projection(), [(5, 3), (3, 7)], 5 * 7 * 3),
    "a biased projection": (Projection(biased=True), [(5, 3), (3, 7), (1, 7)], 5 * 7 * 3),
    "a biased projection of one number": (
        Projection(biased=True),
        [(5, 1), (1, 7), (1, 7)],
        5 * 7 * 1,
    ),
    "a split projection": (SplitProjection(4, biased=True), [(5, 3), (3, 8), (1, 8)], 5 * 8 * 3),
    "a weighted sum": (WeightedSum(), [(5, 7), (7, 3)], 5 * 3 * 7),
    "a softmax": (Softmax(), [(5, 7)], 5 * 7),
    "a division": (DivideByRoot(3), [(5, 7)], 5 * 7),
    "joined heads": (JoinHeads(4), [(2, 5, 4)], 5 * 8),
    "shared heads": (RepeatHeads(3), [(2, 5, 4)], 6 * 5 * 4),
    "a tanh for each term": (AdditiveScores(), [(1, 3), (5, 3), (7, 3)], 64 * 5 * 7 * 3),
    "own numbers": (Overridden(DotProducts(), {(4, 6): 1.0}), [(5, 3), (7, 3)], 5 * 7 * 3),
    "own energies": (
        Overridden(AdditiveScores(), {(4, 6): 1.0}),
        [(1, 3), (5, 3), (7, 3)],
        64 * 5 * 7 * 3,
    ),
}


@pytest.mark.parametrize(("operation", "shapes", "products"), COUNTED.values(), ids=COUNTED)
def test_products_are_counted(
    operation: Operation, shapes: list[tuple[int, ...]], products: int
) -> None:
    assert work_of(operation, *(torch.empty(shape) for shape in shapes)) == products


BIASED = Mechanism(
    ("inputs", "w_query", "b_query"),
    (
        Step("queries", Projection(biased=True), ("inputs", "w_query", "b_query")),
        Step("scores", DotProducts(), ("queries", "queries")),
    ),
)
SHAPES = {"inputs": (5, 3), "w_query": (3, 7), "b_query": (1, 7)}
QUERIES, SCORES = 5 * 7 * 3, 5 * 5 * 7  # products


@pytest.mark.parametrize(
    ("bound", "most", "said"),
    [
        ("MOST_WORK", QUERIES - 1, "to make queries would take 105 products; 104 are the most"),
        ("MOST_WORK", QUERIES + SCORES - 1, "to make scores would take 280 products; 279"),
        ("MOST_NUMBERS", 34, "to make queries would take 35 numbers; 34 are the most"),
        ("MOST_NUMBERS", 59, "to make scores would take 60 numbers; 59 are the most"),
    ],
)
def test_all_steps_together_are_held_to_the_bound(
    bound: str, most: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs: dict[str, Any] = {name: torch.empty(shape) for name, shape in SHAPES.items()}
    monkeypatch.setattr(work, bound, most)
    with pytest.raises(TooMuchError, match=said):
        require_affordable(BIASED, inputs)
    monkeypatch.setattr(work, "MOST_WORK", QUERIES + SCORES)
    monkeypatch.setattr(work, "MOST_NUMBERS", 60)
    require_affordable(BIASED, inputs)


def test_the_bounds_are_seconds_and_hundreds_of_megabytes() -> None:
    assert work.MOST_WORK == 512 * 4096 * 4096
    assert work.MOST_NUMBERS * 4 == 128 * 2**20
