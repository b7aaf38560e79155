"""Products of rows, and what they are divided by."""

import torch

from attention_core.arithmetic import Writer
from attention_core.operations import DivideBy, DivideByRoot, DotProducts, WeightedSum
from tests.attention_core.matrices import matrix


def test_dividing_shows_the_divisor() -> None:
    operation = DivideBy(2.0)
    assert operation.arithmetic((0, 0), [[1.495]], Writer()).text == "1.495 / 2"


def test_products_are_torchs_and_keep_their_laws() -> None:
    queries, keys, values = matrix(7, 3, 1), matrix(5, 3, 2), matrix(5, 2, 3)
    scores = DotProducts().compute(queries, keys)
    torch.testing.assert_close(scores, queries @ keys.T)
    weights = torch.softmax(scores, dim=-1)
    context = WeightedSum().compute(weights, values)
    torch.testing.assert_close(context, weights @ values)
    for operation, operands, result in (
        (DotProducts(), (queries, keys), scores),
        (WeightedSum(), (weights, values), context),
    ):
        allowed = torch.full_like(result, 1e-12)
        for size, holds in ((1.0, True), (100.0, False)):
            ((excess, may),) = operation.invariants(operands, size * result, allowed).values()
            assert bool((excess <= may).all()) is holds


def test_dividing_by_the_root_divides_by_it() -> None:
    scores = matrix(4, 4, 5)
    torch.testing.assert_close(DivideByRoot(9).compute(scores), scores / 3)
