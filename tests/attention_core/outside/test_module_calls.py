"""A watched ``nn.MultiheadAttention`` gives what it gives unwatched, and shows what it did."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.attention_core.outside.watched import HEADS, WIDTH, L, N, S, assert_true, both, numbers

MASKS: dict[str, dict[str, Tensor]] = {
    "no mask": {},
    "causal": {"attn_mask": torch.ones(L, S, dtype=torch.bool).triu(1)},
    "floats": {"attn_mask": numbers(L, S, seed=5)},
    "of each head": {"attn_mask": numbers(N * HEADS, L, S, seed=6) > 0.8},
    "padding": {"key_padding_mask": torch.arange(S) >= torch.tensor([[7], [4], [2]])},
    "padding and causal": {
        "attn_mask": torch.ones(L, S, dtype=torch.bool).triu(2),
        "key_padding_mask": torch.arange(S) >= torch.tensor([[7], [4], [2]]),
    },
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_a_module_with_masks(
    mask: str, need_weights: bool, batch_first: bool, training: bool
) -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.3, batch_first=batch_first)
    attention.train(training)
    query, key = numbers(N, L, WIDTH, seed=2), numbers(N, S, WIDTH, seed=3)
    if not batch_first:
        query, key = query.transpose(0, 1), key.transpose(0, 1)

    def run() -> Any:
        more: dict[str, Any] = {"need_weights": need_weights, "average_attn_weights": False}
        return attention(query, key, key, **more, **MASKS[mask])

    (_, weights), traces = both(attention, run)
    assert len(traces) == N
    assert_true(traces)
    for item, trace in enumerate(traces):
        assert trace["queries"].shape == (HEADS, L, WIDTH // HEADS)
        assert trace["weights"].shape == (HEADS, L, S)
        assert ("dropped" in trace.steps) is training
        if need_weights:
            step = "dropped" if training else "weights"
            assert torch.allclose(trace[step], weights[item], atol=1e-6)


@pytest.mark.parametrize("no_grad", [True, False])
@pytest.mark.parametrize("need_weights", [True, False])
def test_a_module_on_its_fast_path(no_grad: bool, need_weights: bool) -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    tokens = numbers(N, L, WIDTH)
    padding = torch.arange(L) >= torch.tensor([[5], [3], [2]])

    def run() -> Any:
        with torch.set_grad_enabled(not no_grad):
            return attention(
                tokens, tokens, tokens, need_weights=need_weights, key_padding_mask=padding
            )

    _, traces = both(attention, run)
    assert len(traces) == N
    assert_true(traces)
    assert not traces[2]["mask"][:, 2:].any()


@pytest.mark.parametrize(
    "settings",
    [
        {"bias": False},
        {"kdim": 13, "vdim": 17},
        {"add_bias_kv": True},
        {"add_zero_attn": True},
        {"add_bias_kv": True, "add_zero_attn": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("mask", ["no mask", "padding and causal"])
def test_a_module_with_other_settings(settings: dict[str, Any], mask: str) -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, **settings)
    if attention.in_proj_bias is not None:
        nn.init.normal_(attention.in_proj_bias)
    query = numbers(L, N, WIDTH, seed=2)
    key = numbers(S, N, settings.get("kdim", WIDTH), seed=3)
    value = numbers(S, N, settings.get("vdim", WIDTH), seed=4) if "vdim" in settings else key
    _, traces = both(attention, lambda: attention(query, key, value, **MASKS[mask]))
    assert_true(traces)
    more = sum(name in settings for name in ("add_bias_kv", "add_zero_attn"))
    assert traces[0]["keys"].shape == (HEADS, S + more, WIDTH // HEADS)


def test_a_module_without_a_batch() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.2)
    tokens = numbers(L, WIDTH)
    padding = torch.tensor([False, False, True, False, True])
    _, traces = both(attention, lambda: attention(tokens, tokens, tokens, padding))
    assert_true(traces)
    assert len(traces) == 1
    assert traces[0].source == "nn.MultiheadAttention"


def test_a_hint_that_a_mask_is_causal() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS)
    tokens, mask = numbers(L, N, WIDTH), torch.ones(L, L, dtype=torch.bool).triu(1)

    def run() -> Any:
        more = {"attn_mask": mask, "is_causal": True, "need_weights": False}
        return attention(tokens, tokens, tokens, **more)

    _, traces = both(attention, run)
    assert_true(traces)
    assert torch.equal(traces[0]["mask"], ~mask)


def test_a_query_that_may_attend_to_nothing() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS)
    tokens, padding = numbers(L, N, WIDTH), torch.zeros(N, L, dtype=torch.bool)
    padding[1] = True
    for need_weights in (True, False):
        call = partial(attention, tokens, tokens, tokens, padding, need_weights=need_weights)
        _, traces = both(attention, call)
        assert_true(traces)
        blank = traces[1]["weights"]
        assert bool((blank.isnan() if need_weights else blank == 0).all())
