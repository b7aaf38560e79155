"""One projection split into heads, and heads joined again."""

import pytest
import torch

from attention_core.operations import DotProductsOfHeads, JoinHeads, SplitProjection
from tests.attention_core.matrices import matrix

N_TOKENS, D_IN, D_HEAD, N_HEADS = 7, 5, 3, 2
X, WEIGHT, BIAS = matrix(N_TOKENS, D_IN, 1), matrix(D_IN, 6, 2), matrix(1, 6, 3)


@pytest.mark.parametrize("operands", [(X, WEIGHT), (X, WEIGHT, BIAS)])
def test_a_head_has_its_own_columns_of_the_projection(operands: tuple[torch.Tensor, ...]) -> None:
    split = SplitProjection(D_HEAD, biased=len(operands) == 3)
    found = split.compute(*operands)
    whole = X @ WEIGHT + (BIAS if len(operands) == 3 else 0)
    assert found.shape == (N_HEADS, N_TOKENS, D_HEAD)
    for head, columns in enumerate(whole.chunk(N_HEADS, dim=1)):
        assert torch.equal(found[head], columns)
    torch.testing.assert_close(
        split.in_float64(*operands, largest=torch.finfo(torch.float64).max), found
    )


def test_joining_undoes_splitting() -> None:
    split = SplitProjection(D_HEAD).compute(X, WEIGHT)
    assert torch.equal(JoinHeads(D_HEAD).compute(split), X @ WEIGHT)


def test_each_head_asks_within_itself() -> None:
    queries, keys = matrix(N_HEADS, 4, D_HEAD, 4), matrix(N_HEADS, 5, D_HEAD, 5)
    found = DotProductsOfHeads().compute(queries, keys)
    for head in range(N_HEADS):
        torch.testing.assert_close(found[head], queries[head] @ keys[head].T)


def test_axes_gain_a_head_and_lose_it_again() -> None:
    axes = SplitProjection(D_HEAD).axes(("token", "dimension"), ("input dimension", "dimension"))
    assert axes[0] == "head"
    assert JoinHeads(D_HEAD).axes(axes) == axes[1:]
