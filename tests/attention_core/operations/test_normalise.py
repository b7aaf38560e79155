"""Shares: over which axis, and where the naive ones break."""

import pytest
import torch

from attention_core import Mechanism, Step
from attention_core.operations import NaiveSoftmax, Softmax


@pytest.mark.parametrize("dim", [0, 1, 2, -3])
def test_shares_are_over_keys_or_queries(dim: int) -> None:
    with pytest.raises(ValueError, match="dim must be -1"):
        Softmax(dim=dim)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("score", [-1000, -104, -100, -90, -16, -9.5, 11, 88.5, 89, 710, 1000])
def test_the_naive_softmax_breaks_where_its_dtype_does(score: float, dtype: torch.dtype) -> None:
    naive = Mechanism(("scores",), (Step("shares", NaiveSoftmax(), of=("scores",)),))
    scores = torch.tensor([[score, score / 2, 0.0], [score] * 3], dtype=dtype)
    checks = naive.run(scores=scores).check()
    assert checks[0].route == "loops"
    assert checks[0].ok, checks
