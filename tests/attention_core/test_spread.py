"""What rounding in all steps together may do to the cells of a run."""

import torch
from hypothesis import given
from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, SELF_ATTENTION, SIMPLE_SELF_ATTENTION
from attention_core.spread import Spread
from tests.attention_core.matrices import FLOATS, matrices, matrix, seeds
from tests.attention_core.runs import all_runs, several


@given(matrices(dtypes=FLOATS), seeds)
def test_a_run_is_no_further_from_the_exact_one_than_its_spread(x: Tensor, seed: int) -> None:
    weights = [matrix(x.shape[1], 5, seed + at, dtype=x.dtype) for at in range(3)]
    trace = SELF_ATTENTION.run(x, *weights)
    spread = Spread(trace)
    for step in trace.steps:
        off = (trace[step].double() - spread.exact[step]).abs()
        assert bool((off <= spread[step]).all()), step


def test_a_spread_is_small_beside_the_numbers_and_each_cells_own() -> None:
    for name, trace in all_runs(dtype=torch.float32).items():
        spread = Spread(trace)
        for step in trace.steps:
            numbers = trace[step].double().nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
            assert float(spread[step].max()) <= 1e-4 * float(numbers.abs().max()), (name, step)


def test_rows_that_rounding_alone_decides_are_left_out() -> None:
    x = torch.tensor([[4000.0, 0.1], [4000.0, 0.2], [0.5, 1.0]])
    spread = Spread(SIMPLE_SELF_ATTENTION.run(inputs=x))
    assert spread["weights"].isinf().tolist() == [[True] * 3, [True] * 3, [False] * 3]
    assert spread["scores"].isfinite().all()
    apart = torch.tensor([[4000.0, 0.1], [40.0, 0.2], [0.5, 1.0]])
    assert Spread(SIMPLE_SELF_ATTENTION.run(inputs=apart))["context"].isfinite().all()


def test_heads_that_are_left_out_leave_out_what_mixes_them() -> None:
    given = several(3, dtype=torch.float32, bias=True)
    trace = MULTI_HEAD_ATTENTION.run(**{**given, "inputs": 1e4 * given["inputs"]}, n_heads=3)
    spread = Spread(trace)
    rows = spread["weights"].isinf().all(dim=-1)
    assert spread["output"].isinf().all(dim=-1).tolist() == rows.any(dim=0).tolist()
