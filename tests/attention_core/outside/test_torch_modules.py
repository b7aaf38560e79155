"""Watched layers and stacks of torch's give what they give unwatched, on their fast paths, too."""

from typing import Any

import pytest
import torch
from torch import nn

from attention_core import watch
from attention_core.outside.torch_modules import compared_runs
from tests.attention_core.outside.watched import HEADS, WIDTH, L, N, S, assert_true, both, numbers


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("no_grad", [True, False])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
def test_an_encoder(training: bool, no_grad: bool, padded: bool, norm_first: bool) -> None:
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 37, 0.2, batch_first=True, norm_first=norm_first
    )
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=not norm_first).train(training)
    tokens = numbers(N, L, WIDTH)
    padding = torch.arange(L) >= torch.tensor([[5], [4], [2]]) if padded else None

    def run() -> Any:
        with torch.set_grad_enabled(not no_grad):
            return encoder(tokens, src_key_padding_mask=padding)

    _, traces = both(encoder, run)
    assert len(traces) == 2 * N
    assert_true(traces)
    assert [trace.source.split(" in ")[1] for trace in traces] == [
        f"layers.{layer}.self_attn" for layer in (0, 1) for _ in range(N)
    ]
    assert ("mask" in traces[0].inputs) is padded


@pytest.mark.parametrize("training", [True, False])
def test_a_whole_transformer(training: bool) -> None:
    model = nn.Transformer(WIDTH, HEADS, 1, 2, 37, batch_first=True).train(training)
    source, target = numbers(N, S, WIDTH), numbers(N, L, WIDTH)

    def run() -> Any:
        with torch.no_grad():
            return model(source, target)

    _, traces = both(model, run)
    assert len(traces) == N * (1 + 2 * 2)
    assert_true(traces)
    assert traces[-1].source == (
        f"nn.MultiheadAttention, batch item {N - 1} of {N} in decoder.layers.1.multihead_attn"
    )


def test_a_fast_path_that_gave_something_else_is_found() -> None:
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 37, batch_first=True).eval()
    tokens = numbers(N, L, WIDTH)
    with torch.no_grad(), watch(layer) as traces:
        output = layer(tokens)
    bent = output.clone()
    bent[1, 2, 3] += 0.01
    compared = compared_runs(traces, layer, (tokens,), {}, bent, output)
    assert [bool(trace.disagreements) for trace in compared] == [False, True, False]
