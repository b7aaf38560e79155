"""What rounding may do to each cell: enough for honest runs, too little for wrong numbers."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    SELF_ATTENTION,
    SIMPLE_SELF_ATTENTION,
    Check,
    Mechanism,
    Step,
    Trace,
    normalisations,
)
from attention_core.checks import verdict
from attention_core.large_spread import step_rounding
from attention_core.operations import DivideBy, DotProducts, MultiplyBy
from attention_core.rounding import format_of, kept_number
from benchmarks import checks as benchmark
from tests.attention_core import printed
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import RUNS

X = torch.tensor(printed.X)
HALVES = [torch.float16, torch.bfloat16]


def spoilt(trace: Trace, step: str, spoil: Callable[[Tensor], Tensor]) -> Trace:
    """Return a run one of whose steps is another one."""
    values = {name: trace[name].clone() for name in trace.names}
    values[step] = spoil(values[step])
    return Trace(trace.mechanism, values)


def broken(trace: Trace, step: str) -> list[Check]:
    return [check for check in trace.check(step) if not check.ok]


def each_cell_is_held(trace: Trace, step: str, share: float) -> list[tuple[int, ...]]:
    """Return the cells in which an error of this share goes unnoticed."""
    unnoticed = []
    for at in torch.cartesian_prod(*map(torch.arange, trace[step].shape)).tolist():
        cell = tuple(at)

        def spoil(values: Tensor, cell: tuple[int, ...] = cell) -> Tensor:
            values[cell] = values[cell].double() * (1 + share)
            return values

        wrong = spoilt(trace, step, spoil)
        if not torch.equal(wrong[step], trace[step]) and not broken(wrong, step):
            unnoticed.append(cell)
    return unnoticed


def test_one_large_number_does_not_hide_the_scores_of_the_others() -> None:
    x = X.clone()
    x[1, 0] = 1000.0
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    others = torch.ones(6, 6, dtype=torch.bool)
    others[1], others[:, 1] = False, False
    assert int(others.sum()) == 25
    assert broken(spoilt(trace, "scores", lambda scores: scores.masked_fill(others, 0.0)), "scores")
    assert each_cell_is_held(trace, "scores", 1e-4) == []


@pytest.mark.parametrize("step", ["scores", "weights", "context"])
def test_a_thousandth_in_any_cell_is_noticed_in_large_numbers(step: str) -> None:
    assert each_cell_is_held(SIMPLE_SELF_ATTENTION.run(inputs=10 * X), step, 1e-3) == []


def test_small_numbers_are_no_zeros() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=0.001 * X)
    assert broken(spoilt(trace, "scores", torch.zeros_like), "scores")
    assert each_cell_is_held(trace, "scores", 1e-4) == []


@pytest.mark.parametrize("dtype", HALVES)
def test_half_formats_are_held_to_the_digits_they_have(dtype: torch.dtype) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X.to(dtype))
    even = spoilt(trace, "weights", lambda weights: torch.full_like(weights, 1 / 6))
    assert [check.route for check in broken(even, "weights")] == ["loops"]
    assert trace.check("weights")[1].tolerance < 0.01, "each row sums to 1"
    for step in trace.steps:
        assert each_cell_is_held(trace, step, 0.01 if dtype == torch.float16 else 0.02) == []


def test_an_infinity_hides_no_other_row() -> None:
    scores = torch.tensor([[1.0, 2.0], [torch.inf, 3.0]], dtype=torch.float16)
    mechanism = Mechanism(("scores",), (Step("scaled", DivideBy(2.0), of=("scores",)),))
    right = Trace(mechanism, {"scores": scores, "scaled": scores / 2})
    assert not broken(right, "scaled")
    for cell, number in (((0, 0), 0.7), ((1, 1), 1.0), ((1, 0), 5.0), ((0, 1), torch.inf)):
        wrong = scores / 2
        wrong[cell] = number
        assert broken(Trace(mechanism, {"scores": scores, "scaled": wrong}), "scaled"), cell


@pytest.mark.parametrize(("run", "step"), [("masked", "masked"), ("heads", "concatenated")])
def test_what_is_copied_may_be_off_by_nothing(run: str, step: str) -> None:
    trace = RUNS[run]
    assert not broken(trace, step)
    assert bool((step_rounding(trace, step) == 0).all())
    cell = tuple(trace[step].isfinite().nonzero()[-1].tolist())

    def next_number(values: Tensor) -> Tensor:
        values[cell] = torch.nextafter(values[cell], torch.tensor(9.0, dtype=values.dtype))
        return values

    assert broken(spoilt(trace, step, next_number), step)


@pytest.mark.parametrize("lab", benchmark.LABS)
def test_a_proof_notices_one_hundredth_of_every_number(lab: str) -> None:
    tally = benchmark.proof_notices(benchmark.LABS[lab](torch.float32))
    assert tally.missed == 0
    assert tally.caught > 100


@pytest.mark.parametrize("rate", [0.3, 0.97, 0.999])
def test_weights_that_dropout_grows_are_no_mistake(rate: float) -> None:
    weights = [matrix(3, 2, at, dtype=torch.float32) for at in range(3)]
    for seed in range(20, 30):
        trace = CAUSAL_SELF_ATTENTION.run(X, *weights, dropout=rate, training=True, seed=seed)
        assert [check for check in trace.check() if not check.ok] == []


@pytest.mark.parametrize("size", [1e19, 1e25, 3e38])
def test_a_sum_that_overflows_on_the_way_is_said_and_no_mistake(size: float) -> None:
    # Alone each is in range; added up from the left, the first two are not.
    left = torch.tensor([[size, size, size]])
    right = torch.tensor([[size, size, -size]])
    mechanism = Mechanism(("a", "b"), (Step("scores", DotProducts(), of=("a", "b")),))
    trace = mechanism.run(a=left, b=right)
    (loops, *_) = trace.check()
    assert loops.ok
    if not bool(trace["scores"].isfinite()):
        assert "overflows on the way" in loops.numbers or loops.max_difference == 0
    assert broken(spoilt(trace, "scores", torch.zeros_like), "scores")
    assert broken(spoilt(trace, "scores", torch.ones_like), "scores")


def test_queries_that_overflow_make_no_false_alarm() -> None:
    for seed in range(40):
        x = matrix(6, 3, seed, dtype=torch.float16, size=300.0)
        weights = [matrix(3, 2, seed + at, dtype=torch.float16, size=300.0) for at in range(3)]
        trace = SELF_ATTENTION.run(x, *weights)
        assert [check for check in trace.check() if not check.ok] == [], seed


def test_at_the_upper_end_of_a_format_rounding_decides_what_is_infinite() -> None:
    assert kept_number(65_510.0, largest=65_504) == 65_504.0
    assert format_of(torch.float16).limit == 65_520.0
    by_sum = normalisations().run(scores=torch.tensor([[60_000.0, 5_510.0]], dtype=torch.float16))
    assert [check for check in by_sum.check("by_sum") if not check.ok] == []
    doubled = Mechanism(("scores",), (Step("scaled", MultiplyBy(2.0), of=("scores",)),))
    trace = doubled.run(scores=torch.tensor([[32_755.0, 32_770.0]], dtype=torch.float16))
    assert [check for check in trace.check() if not check.ok] == []


def test_a_verdict_goes_by_the_worst_share_and_not_by_the_largest_number() -> None:
    off, allowed = torch.tensor([1.0, 1e-6]), torch.tensor([10.0, 1e-7])
    check = verdict("scores", "loops", off, allowed)
    assert (check.ok, check.max_difference) == (False, 1.0)
    assert check.tolerance == pytest.approx(1e-7)
    assert check.share == pytest.approx(10.0)
    assert "rounding may do 1e-07" in check.numbers
    assert not verdict("s", "r", torch.tensor([math.nan]), torch.tensor([1e9])).ok
    assert not verdict("s", "r", torch.tensor([5e-324], dtype=torch.float64), torch.zeros(1)).ok
    assert verdict("s", "r", torch.zeros(1), torch.zeros(1)).numbers == "no difference"
    left_out = verdict("s", "r", torch.tensor([math.inf, 0.0]), torch.tensor([math.inf, 1.0]))
    assert left_out.ok
    assert left_out.numbers == "no difference; 1 cell is left out, where rounding alone decides"
