"""The bound of large runs: never narrower than rounding is, and narrow enough to find a mistake."""

import pytest
import torch

from attention_core import CAUSAL_SELF_ATTENTION, MULTI_HEAD_ATTENTION, SIMPLE_SELF_ATTENTION, Trace
from attention_core.large_spread import KNOWN, is_large, large_spread
from attention_core.reference import compare_with_torch
from attention_core.spread import Spread, spread_of
from tests.attention_core.matrices import FLOATS, matrix
from tests.attention_core.runs import all_runs, several


def known_runs(seed: int, dtype: torch.dtype) -> dict[str, Trace]:
    runs = all_runs(seed, dtype)
    runs["simple"] = SIMPLE_SELF_ATTENTION.run(inputs=matrix(13, 7, seed, dtype=dtype))
    return {name: trace for name, trace in runs.items() if {*trace.steps} <= KNOWN}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_run_is_further_from_the_exact_one(seed: int, dtype: torch.dtype) -> None:
    runs = known_runs(seed, dtype)
    assert len(runs) > 8
    for name, trace in runs.items():
        found, exact = large_spread(trace), Spread(trace).exact
        assert set(found) == set(trace.steps), name
        for step in trace.steps:
            off = (trace[step].double() - exact[step]).abs().nan_to_num(nan=0.0)
            assert found[step].shape == trace[step].shape
            assert bool((off <= found[step]).all()), (name, step)


def test_only_large_runs_of_known_steps_are_large() -> None:
    weights = [matrix(5, 3, at, dtype=torch.float32) for at in range(3)]
    small, large = (
        CAUSAL_SELF_ATTENTION.run(matrix(n, 5, 7, dtype=torch.float32), *weights) for n in (13, 257)
    )
    assert (is_large(small), is_large(large)) == (False, True)
    assert list(spread_of(large)) == list(large.steps)
    assert list(spread_of(small, "context")) == ["context"]


@pytest.mark.parametrize("share", [1e-2, 1e-3])
def test_one_wrong_cell_of_a_large_run_is_found_beside_torch(share: float) -> None:
    given = several(5, tokens=257, dtype=torch.float32, bias=True)
    trace = MULTI_HEAD_ATTENTION.run(**given, n_heads=3)
    assert is_large(trace)
    assert all(check.ok for check in compare_with_torch(trace))
    for step in ("context", "output"):
        values = {name: trace[name].clone() for name in trace.names}
        at = tuple(
            int(i) for i in torch.unravel_index(values[step].abs().argmax(), values[step].shape)
        )
        values[step][at] *= 1 + share
        wrong = Trace(trace.mechanism, values)
        assert [c.step for c in compare_with_torch(wrong) if not c.ok] == [step]


def test_scores_that_rounding_decides_leave_their_rows_out() -> None:
    x = matrix(13, 7, 3, dtype=torch.float32)
    x[4] *= 3000
    found = large_spread(SIMPLE_SELF_ATTENTION.run(inputs=x))
    assert found["weights"][4].isinf().all()
    assert found["context"][4].isinf().all()
    assert found["weights"][5].isfinite().all()
