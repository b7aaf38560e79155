"""What a module of one's own records becomes a trace for each batch item."""

from typing import Any

import pytest
import torch

from attention_core import record, watch
from tests.attention_core.outside.watched import (
    WIDTH,
    L,
    N,
    Own,
    assert_nothing_stays,
    both,
    numbers,
)


def test_what_a_module_records() -> None:
    own, tokens = Own(), numbers(N, L, WIDTH)
    output, traces = both(own, lambda: own(tokens))
    assert [trace.names for trace in traces] == [("queries", "weights")] * N
    assert traces[0].axes("weights") == ("query token", "key token")
    assert traces[2].source == f"recorded by Own, batch item 2 of {N}"
    assert torch.allclose(traces[1]["weights"] @ tokens[1], output[1], atol=1e-6)
    assert not traces[1]["weights"].requires_grad


def test_a_name_that_comes_again_begins_anew() -> None:
    with watch() as traces:
        for number in range(2):
            record("weights", torch.full((2, 3, 5), float(number)))
            record("mask", torch.ones(3, 5, dtype=torch.bool))
    assert [(float(t["weights"][0, 0]), t.names) for t in traces] == [
        (number, ("weights", "mask")) for number in (0.0, 0.0, 1.0, 1.0)
    ]


def test_a_recorded_tensor_may_change_afterwards() -> None:
    tensor = torch.zeros(3, 5)
    with watch() as traces:
        record("weights", tensor)
        tensor += 1
    assert float(traces[0]["weights"].sum()) == 0


def test_nothing_is_recorded_outside() -> None:
    record("weights", "nonsense")  # type: ignore[arg-type]
    own = Own()
    with watch(own) as traces:
        pass
    own(numbers(N, L, WIDTH))
    assert traces == []


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ([[1.0]], "got list"),
        (torch.ones(2, 3, dtype=torch.int64), "got dtype torch.int64"),
        (torch.ones(3), r"got shape \(3,\)"),
        (torch.ones(0, 3), r"got shape \(0, 3\)"),
        (torch.ones(5, 2, 3), "as many batch items as 'queries', which has 3"),
    ],
)
def test_record_says_what_it_cannot_take(tensor: Any, said: str) -> None:
    with watch():
        record("queries", torch.ones(3, 2, 2))
        with pytest.raises(ValueError, match=said):
            record("weights", tensor)
    assert_nothing_stays()
