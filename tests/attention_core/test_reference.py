"""Torch's own attention gives what every mechanism gives."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attention_core import MULTI_HEAD_ATTENTION, Trace
from attention_core.reference import compare_with_torch
from tests.attention_core.runs import HEADS, all_runs, several
from tests.new_mechanism import CAPPED


def wrong(trace: Trace) -> list[Any]:
    return [check for check in trace.check() if not check.ok]


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.sampled_from([torch.float32, torch.float64]))
def test_torchs_own_attention_gives_the_same(seed: int, dtype: torch.dtype) -> None:
    for name, trace in all_runs(seed, dtype).items():
        checks = compare_with_torch(trace)
        routes = [check.route for check in checks]
        assert [check for check in checks if not check.ok] == [], name
        is_fused = "dropped" not in name and name != "additive"
        assert ("scaled_dot_product_attention" in routes) == is_fused
        assert ("nn.Linear, nn.Tanh, nn.Linear" in routes) == (name == "additive")
        module = name in ("heads", "heads, masked", "stacked")
        assert ("nn.MultiheadAttention" in routes) == module


def test_checks_do_not_mind_gradients() -> None:
    tensors = {name: t.requires_grad_() for name, t in several(2, bias=True).items()}
    trace = MULTI_HEAD_ATTENTION.run(**tensors, n_heads=HEADS)
    assert wrong(trace) == []
    assert all(check.ok for check in compare_with_torch(trace))


@pytest.mark.parametrize("size", [1e-30, 1e10, 1e30])
def test_huge_weights_overflow_as_torchs_do_and_nothing_else_breaks(size: float) -> None:
    tensors = {name: t.float() for name, t in several(4).items()}
    tensors["w_key"] = tensors["w_key"].sign() * size
    trace = MULTI_HEAD_ATTENTION.run(**tensors, n_heads=HEADS)
    assert wrong(trace) == []
    assert all(check.ok for check in compare_with_torch(trace))


def test_what_torch_does_not_do_is_not_held_against_it() -> None:
    capped = replace(CAPPED, dropout=None).run(**several(2))
    assert "kept" not in capped.inputs
    assert compare_with_torch(capped) == ()
