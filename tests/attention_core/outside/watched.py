"""A model run unwatched and watched: both give the same, and every trace is true."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as modules

from attention_core import Trace, record, watch

N, L, S, WIDTH, HEADS = 3, 5, 7, 22, 2  # items, queries, keys
Run = Callable[[], Any]


def numbers(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def both(module: nn.Module | None, run: Run) -> tuple[Any, list[Trace]]:
    """Run unwatched and watched from one random state; the outputs and the states must agree."""
    torch.manual_seed(11)
    plain, after = run(), torch.get_rng_state()
    torch.manual_seed(11)
    with watch(module) as traces:
        watched = run()
    assert torch.equal(torch.get_rng_state(), after)
    for one, other in zip(tensors_of(plain), tensors_of(watched), strict=True):
        assert torch.equal(one.nan_to_num(7.0), other.nan_to_num(7.0))
        assert one.requires_grad == other.requires_grad
    assert_nothing_stays()
    return watched, traces


def tensors_of(output: Any) -> list[Tensor]:
    found = output if isinstance(output, tuple | list) else [output]
    return [tensor for tensor in found if tensor is not None]


def assert_nothing_stays() -> None:
    assert not modules._global_forward_hooks
    assert not modules._global_forward_pre_hooks
    assert torch._C._len_torch_function_stack() == 0


def assert_true(traces: list[Trace]) -> None:
    """Every trace agrees with itself, with the model, and is detached."""
    assert traces
    for trace in traces:
        assert trace.disagreements == ()
        assert trace.compared
        assert [check for check in trace.check() if not check.ok] == []
        assert not any(trace[name].requires_grad for name in trace.names)


class Own(nn.Module):
    """Attention as the chapter has it, which names what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.to_query = nn.Linear(WIDTH, 13)

    def forward(self, tokens: Tensor) -> Tensor:
        """Attend, and name two of the steps."""
        queries = self.to_query(tokens)
        record("queries", queries)
        weights = torch.softmax(queries @ queries.mT, -1)
        record("weights", weights)
        return weights @ tokens
