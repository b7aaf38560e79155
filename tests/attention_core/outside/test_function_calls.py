"""A watched ``scaled_dot_product_attention`` gives what it gives unwatched, and is shown."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.attention_core.outside.watched import HEADS, L, N, S, assert_true, both, numbers

CAUSAL = torch.ones(L, S, dtype=torch.bool).tril()
CALLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "causal": {"is_causal": True},
    "booleans": {"attn_mask": CAUSAL},
    "a row of nothing": {"attn_mask": (torch.arange(L) != 2)[:, None].expand(L, S)},
    "floats": {"attn_mask": numbers(L, S, seed=8)},
    "floats and −∞": {"attn_mask": numbers(L, S, seed=8).masked_fill(~CAUSAL, -torch.inf)},
    "of each item and head": {"attn_mask": numbers(N, HEADS, L, S, seed=9) > -0.5},
    "of each item": {"attn_mask": numbers(N, 1, 1, S, seed=9) > -0.5},
    "a scale": {"scale": 0.37},
    "a negative scale": {"scale": -1.3},
    "dropout": {"dropout_p": 0.3},
    "dropout and causal": {"dropout_p": 0.6, "is_causal": True},
    "all dropped": {"dropout_p": 1.0},
}


@pytest.mark.parametrize("given", CALLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_function(given: str, dtype: torch.dtype) -> None:
    query, key, value = (
        numbers(N, HEADS, n, width, seed=n + width).to(dtype)
        for n, width in ((L, 11), (S, 11), (S, 13))
    )
    more = dict(CALLS[given])
    if "attn_mask" in more and more["attn_mask"].is_floating_point():
        more["attn_mask"] = more["attn_mask"].to(dtype)

    def run() -> Tensor:
        return functional.scaled_dot_product_attention(query, key, value, **more)

    output, traces = both(None, run)
    assert_true(traces)
    assert len(traces) == N
    for item, trace in enumerate(traces):
        assert trace["context"].dtype == dtype
        assert torch.allclose(
            trace["context"].double(),
            output[item].double(),
            atol=1e-5 if dtype.itemsize > 2 else 0.1,
        )
        assert torch.equal(trace["queries"], query[item])


@pytest.mark.parametrize(
    ("batch", "heads", "in_heads"), [((), (), False), ((N,), (), False), ((N, 2), (5,), True)]
)
def test_the_functions_batch_axes(
    batch: tuple[int, ...], heads: tuple[int, ...], in_heads: bool
) -> None:
    query, key, value = (
        numbers(*batch, *heads, n, w, seed=w) for n, w in ((L, 11), (S, 11), (S, 13))
    )
    output, traces = both(
        None, lambda: functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    )
    assert_true(traces)
    flat = output.reshape(-1, *heads, L, 13)
    assert len(traces) == len(flat)
    assert all(
        torch.allclose(trace["context"], real, atol=1e-6)
        for trace, real in zip(traces, flat, strict=True)
    )
    assert (traces[0]["weights"].ndim == 3) is in_heads


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_grouped_heads(dropout: float) -> None:
    query, key, value = (
        numbers(N, h, n, w, seed=w) for h, n, w in ((6, L, 11), (2, S, 11), (2, S, 13))
    )

    def run() -> Tensor:
        return functional.scaled_dot_product_attention(
            query, key, value, enable_gqa=True, dropout_p=dropout, is_causal=True
        )

    _, traces = both(None, run)
    assert_true(traces)
    assert traces[1]["shared_keys"].shape == (2, S, 11)
    assert torch.equal(traces[1]["keys"][5], key[1, 1])
    assert traces[1].explain("keys", 5, 0, 0).operands[0].cell == (1, 0, 0)
