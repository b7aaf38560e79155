"""A watched model gives what it gives unwatched, bit for bit, and shows what it did."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from attention_core import watch
from tests.attention_core.outside.watched import (
    HEADS,
    WIDTH,
    L,
    N,
    assert_true,
    both,
    numbers,
)


def test_gradients_are_the_same() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.3)
    tokens = numbers(L, N, WIDTH)

    def gradient() -> Tensor:
        attention.zero_grad()
        attention(tokens, tokens, tokens)[0].square().sum().backward()
        assert attention.in_proj_weight is not None
        assert attention.in_proj_weight.grad is not None
        return attention.in_proj_weight.grad.clone()

    both(attention, gradient)


def test_numbers_that_are_none_are_shown_and_not_refused() -> None:
    query = numbers(L, 11)
    query[2, 3] = torch.nan
    _, traces = both(None, lambda: functional.scaled_dot_product_attention(query, query, query))
    assert bool(traces[0]["weights"].isnan().all())
    assert "NaN" in traces[0]._repr_html_()


def test_a_hook_of_the_users_is_called_once() -> None:
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(WIDTH, HEADS, 37, batch_first=True), 2
    ).eval()
    called: list[str] = []
    first = encoder.layers[0]
    assert isinstance(first, nn.TransformerEncoderLayer)
    first.linear1.register_forward_hook(lambda *_: called.append("linear1"))
    with torch.no_grad(), watch(encoder) as traces:
        encoder(numbers(N, L, WIDTH))
    assert called == ["linear1"]
    assert len(traces) == 2 * N


class Crooked(nn.MultiheadAttention):
    """Adds to what it returns."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Attend, plus 1."""
        output, weights = super().forward(*args, **kwargs)
        return output + 1, weights


def test_a_subclass_is_seen_inside() -> None:
    attention, tokens = Crooked(WIDTH, HEADS), numbers(L, N, WIDTH)
    _, traces = both(attention, lambda: attention(tokens, tokens, tokens))
    assert_true(traces)
