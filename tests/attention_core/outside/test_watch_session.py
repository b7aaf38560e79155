"""Watches that share a thread: inside of each other, beside other modes, and after a failure."""

import threading
from typing import Any

import pytest
import torch
from torch import nn, overrides
from torch.nn import functional

from attention_core import Trace, record, watch
from tests.attention_core.outside.watched import (
    HEADS,
    WIDTH,
    L,
    N,
    Own,
    assert_nothing_stays,
    numbers,
)


def test_only_the_watched_module_is_recorded() -> None:
    one, other = (nn.MultiheadAttention(WIDTH, HEADS) for _ in range(2))
    tokens = numbers(L, N, WIDTH)
    with watch(one) as traces:
        other(tokens, tokens, tokens)
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
        assert traces == []
        one(tokens, tokens, tokens)
    assert len(traces) == N


def test_watches_inside_of_each_other() -> None:
    own, tokens = Own(), numbers(N, L, WIDTH)
    with watch() as outer:
        with watch(own) as inner:
            own(tokens)
            functional.scaled_dot_product_attention(tokens, tokens, tokens)
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
        record("weights", tokens)
    assert len(inner) == N  # what it named, and not the call beside it
    assert [trace.source.split(",")[0] for trace in outer] == [
        *["F.scaled_dot_product_attention"] * 2 * N,
        *["recorded"] * N,
    ]
    assert_nothing_stays()


def test_two_threads_at_once() -> None:
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    found: dict[int, list[Trace]] = {}
    barrier = threading.Barrier(2, timeout=30)

    def work(n_items: int) -> None:
        tokens = numbers(n_items, L, WIDTH)
        with watch(attention) as traces:
            barrier.wait()
            for _ in range(5):
                attention(tokens, tokens, tokens)
                functional.scaled_dot_product_attention(tokens, tokens, tokens)
            barrier.wait()
        found[n_items] = traces

    threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3)]
    for thread in threads:
        thread.start()
    tokens = numbers(1, L, WIDTH)
    attention(tokens, tokens, tokens)  # of a thread that watches nothing
    for thread in threads:
        thread.join()
    assert {n: len(traces) for n, traces in found.items()} == {2: 10, 3: 15}
    assert_nothing_stays()


def test_nothing_stays_after_an_exception() -> None:
    encoder = nn.TransformerEncoderLayer(WIDTH, HEADS, 37)
    with pytest.raises(RuntimeError), watch(encoder):
        encoder(numbers(L, N, WIDTH), src_mask=torch.ones(2, 2))
    assert_nothing_stays()


def test_a_watch_goes_on_after_an_exception_that_was_caught() -> None:
    attention, tokens = nn.MultiheadAttention(WIDTH, HEADS), numbers(L, N, WIDTH)
    with watch(attention) as traces:
        with pytest.raises(RuntimeError):
            attention(tokens, tokens, tokens, attn_mask=torch.ones(2, 2))
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
        assert traces == []  # no longer within the module
        attention(tokens, tokens, tokens)
    assert len(traces) == N


class Counting(overrides.TorchFunctionMode):
    """Somebody else's mode."""

    def __init__(self) -> None:
        super().__init__()
        self.softmaxes = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.softmaxes += func is torch.softmax
        return func(*args, **(kwargs or {}))


def test_another_mode_stays_where_it_is() -> None:
    attention, tokens = nn.MultiheadAttention(WIDTH, HEADS), numbers(L, N, WIDTH)
    with watch() as traces, Counting() as mode:
        attention(tokens, tokens, tokens)
        assert torch._C._len_torch_function_stack() == 2
        torch.softmax(tokens, -1)
    assert len(traces) == N
    assert mode.softmaxes == 1
    assert_nothing_stays()
