"""The checks themselves: quiet for honest numbers of any size, never an exception."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from attention_core import (
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    USUAL,
    Check,
    Conventions,
    Mechanism,
    Step,
    Trace,
    normalisations,
)
from attention_core.operations import DotProducts, NaiveSoftmax, Softmax, WeightedSum
from tests.attention_core import printed
from tests.attention_core.matrices import FLOATS, matrices, matrix

X = torch.tensor(printed.X)


def assert_ok(trace: Trace) -> None:
    """Fail with the checks that are not ok."""
    assert [check for check in trace.check() if not check.ok] == []


@given(matrices(dtypes=FLOATS))
def test_honest_numbers_are_ok_in_every_dtype(x: Tensor) -> None:
    assert_ok(SIMPLE_SELF_ATTENTION.run(inputs=x))
    assert_ok(ONE_QUERY.run(query=x[:1], inputs=x))
    assert_ok(normalisations(0.7).run(scores=x))


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        (torch.float64, 1e150),
        (torch.float64, 1e-150),
        (torch.float32, 1e6),
        (torch.float32, 1e18),
        (torch.float32, 1e-30),
        (torch.bfloat16, 1e6),
        (torch.bfloat16, 1e18),
        (torch.float16, 100.0),
        (torch.float16, 1e-6),
    ],
)
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (13, 16), (64, 16)])
def test_honest_numbers_are_ok_at_every_size(
    shape: tuple[int, int], dtype: torch.dtype, size: float
) -> None:
    x = matrix(*shape, 7, dtype=dtype, size=size)
    assert_ok(SIMPLE_SELF_ATTENTION.run(inputs=x))
    assert_ok(normalisations(2.0).run(scores=x))


def test_a_score_too_large_for_its_dtype_is_infinite_on_every_route() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.full((2, 3), 60_000.0, dtype=torch.float16))
    assert trace["scores"].isinf().all()
    assert trace["weights"].isnan().all()
    assert_ok(trace)


def test_nan_equals_nan() -> None:
    trace = normalisations().run(scores=torch.tensor([[1000.0, 0.0, -3.0]]))
    assert trace["naive"].isnan().any()
    naive = next(check for check in trace.check() if check.step == "naive")
    assert (naive.max_difference, naive.ok) == (0.0, True)


def test_nan_is_nothing_else() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    spoilt = trace["scores"].clone()
    spoilt[0, 1] = math.nan
    values = {**trace.inputs, **{name: trace[name] for name in trace.steps}, "scores": spoilt}
    loops = Trace(trace.mechanism, values).check()[0]
    assert (loops.max_difference, loops.ok) == (math.inf, False)


def test_each_step_has_its_loops_and_its_laws() -> None:
    checks = SIMPLE_SELF_ATTENTION.run(inputs=X).check()
    assert [(check.step, check.route) for check in checks] == [
        ("scores", "loops"),
        ("scores", "no score exceeds the two lengths multiplied"),
        ("weights", "loops"),
        ("weights", "each row sums to 1"),
        ("context", "loops"),
        ("context", "no context value exceeds the largest value times the total weight"),
    ]
    assert all(check.ok for check in checks)
    assert all(0 <= check.max_difference <= check.tolerance < 1e-4 for check in checks)


@pytest.mark.parametrize(
    ("dim", "rows", "columns"),
    [
        (-1, "each row sums to 1", "each column sums to 1"),
        (-2, "each column sums to 1", "each row sums to 1"),
    ],
)
def test_a_law_names_the_lines_as_they_are_drawn(dim: int, rows: str, columns: str) -> None:
    mechanism = SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=dim))
    loops, law = mechanism.run(inputs=X).check("weights")
    assert (law.route, law.route_in(USUAL)) == (rows, rows)
    assert law.route_in(Conventions("columns")) == columns
    assert (loops.law, loops.route_in(Conventions("columns"))) == ("", "loops")


def test_a_route_in_somebody_elses_words_stays_as_it_is() -> None:
    check = Check("s", "failed: row {0} of {column}", 0.0, 0.0, 0.0, True)
    assert check.route_in(Conventions("columns")) == check.route


def test_a_law_is_checked_by_itself() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    values = {**trace.inputs, **{name: trace[name] for name in trace.steps}}
    values["weights"] = trace["weights"] * 1.01
    rows = [check for check in Trace(trace.mechanism, values).check() if "sums" in check.route]
    assert [check.ok for check in rows] == [False]
    assert rows[0].max_difference == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("n", "sampled"), [(36, False), (38, True)])
def test_large_steps_check_a_sample_and_all_cells_in_float64(n: int, sampled: bool) -> None:
    d = 15  # 36·36·15 = 19,440 multiplications, 38·38·15 = 21,660
    routes = [
        check.route
        for check in SIMPLE_SELF_ATTENTION.run(inputs=matrix(n, d, 1)).check()
        if check.step == "scores"
    ]
    expected = ["loops, 64 seeded cells", "float64, all cells"] if sampled else ["loops"]
    assert routes[:-1] == expected


@given(
    st.lists(
        st.lists(
            st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=3, max_size=3
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([torch.float64, torch.float32, torch.bfloat16]),
)
def test_checking_never_raises(rows: list[list[float]], dtype: torch.dtype) -> None:
    x = torch.tensor(rows, dtype=torch.float64).to(dtype)
    x = torch.where(x.isinf(), 0.0, x)
    for trace in (SIMPLE_SELF_ATTENTION.run(inputs=x), normalisations(0.3).run(scores=x)):
        for check in trace.check():
            assert check.step in trace.steps
            assert check.route
            assert check.max_difference >= 0
            assert check.tolerance >= 0
            assert check.ok is (check.share <= 1)


def test_a_result_of_the_wrong_shape_is_red() -> None:
    mechanism = Mechanism(("x",), (Step("scores", DotProducts(), of=("x", "x")),))
    trace = Trace(mechanism, {"x": X, "scores": torch.zeros(7, 9)})
    assert [check.ok for check in trace.check()] == [False]
    assert trace.check()[0].route.startswith("failed: ")


def test_gradients_do_not_get_in_the_way() -> None:
    x = X.clone().requires_grad_()
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    assert_ok(trace)
    trace.output.sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None


def test_naive_agrees_with_softmax_where_it_can() -> None:
    naive = Mechanism(("scores",), (Step("shares", NaiveSoftmax(), of=("scores",)),))
    shares = naive.run(scores=X).output
    torch.testing.assert_close(shares, torch.softmax(X, dim=-1))


def test_a_result_of_another_shape_is_found() -> None:
    class FirstRow(WeightedSum):
        def compute(self, *operands: torch.Tensor) -> torch.Tensor:
            return super().compute(*operands)[:1]

    trace = SIMPLE_SELF_ATTENTION.with_operation("context", FirstRow()).run(inputs=torch.rand(5, 3))
    (check,) = [check for check in trace.check() if check.step == "context"]
    assert not check.ok
    assert "shape (1, 3), expected (5, 3)" in check.route


def test_integers_where_floats_are_due_are_found_and_not_raised() -> None:
    class Rounded(DotProducts):
        def compute(self, *operands: torch.Tensor) -> torch.Tensor:
            return super().compute(*operands).long()

    steps = SIMPLE_SELF_ATTENTION.with_operation("scores", Rounded()).steps[:1]
    trace = Mechanism(("inputs",), steps).run(inputs=torch.rand(2, 3))
    assert [check.ok for check in trace.check()] == [False]


@pytest.mark.parametrize("scores", [[88.0] * 6, [0.1, 0.2, -0.3]])
def test_what_fails_as_it_must_is_not_called_wrong(scores: list[float]) -> None:
    trace = normalisations().run(scores=torch.tensor([scores]))
    assert [check for check in trace.check() if not check.ok] == []


# ---- Large, and asked for more than once -------------------------------------------------------


@pytest.mark.parametrize("d", [64, 1])
def test_the_largest_table_is_checked_too(d: int) -> None:
    x = matrix(512, d, 5, dtype=torch.float32)
    assert_ok(SIMPLE_SELF_ATTENTION.run(inputs=x))
    assert_ok(ONE_QUERY.run(query=x[:1], inputs=x))


@pytest.mark.parametrize("step", ["scores", "weights", "context"])
@pytest.mark.parametrize("off", [1e-2, math.nan, math.inf])
def test_one_wrong_cell_of_a_large_step_is_found(step: str, off: float) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(512, 64, 5, dtype=torch.float32, size=0.3))
    values = {**trace.inputs, **{name: trace[name].clone() for name in trace.steps}}
    values[step][511, 63] += off
    found = [check for check in Trace(trace.mechanism, values).check(step) if not check.ok]
    assert "float64, all cells" in [check.route for check in found]
    if not math.isfinite(off):
        assert found[0].max_difference == math.inf


def test_a_sample_reads_what_the_declaration_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DotProducts, "reads", ("i:", "i:"))
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(64, 16, 2))
    checks = trace.check("scores")
    assert [check.ok for check in checks if check.route.startswith("loops")] == [False]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count by which operations cells are made by hand."""
    done: list[str] = []
    for operation in (DotProducts, WeightedSum):
        right: Any = operation.in_float64

        def counting(self: Any, *operands: Tensor, right: Any = right, **more: Any) -> Tensor:
            done.append(type(self).__name__)
            result: Tensor = right(self, *operands, **more)
            return result

        monkeypatch.setattr(operation, "in_float64", counting)
    return done


def test_one_step_is_checked_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    done = counted(monkeypatch)
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert {check.step for check in trace.check("context")} == {"context"}
    assert done == ["WeightedSum"]
    with pytest.raises(KeyError):
        trace.check("keys")


def test_a_check_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done = counted(monkeypatch)
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert trace.check() == trace.check() == trace.check(*trace.steps)
    assert done == ["DotProducts", "WeightedSum"]


def test_a_tensor_changed_in_place_is_checked_again() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert_ok(trace)
    trace["scores"][2][1] += 0.01  # through a view
    assert {check.step for check in trace.check() if not check.ok} == {"scores", "weights"}
    trace["scores"][2][1] -= 0.01
    assert_ok(trace)


def test_an_operation_changed_since_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert_ok(trace)
    monkeypatch.setattr(WeightedSum, "by_hand", lambda *args, **more: 0.5)
    assert {check.step for check in trace.check() if not check.ok} == {"context"}
    monkeypatch.undo()
    assert_ok(trace)
    monkeypatch.setattr(DotProducts, "reads", ("i:", "i:"))
    assert {check.step for check in trace.check() if not check.ok} == {"scores"}


def test_what_torch_does_not_count_is_checked_every_time() -> None:
    with torch.inference_mode():
        trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
        assert_ok(trace)
        trace["scores"][2, 1] += 0.01
        assert not all(check.ok for check in trace.check())


def test_a_finite_input_whose_sum_overflows_is_taken() -> None:
    x = torch.full((2, 3), 60_000.0, dtype=torch.float16)
    assert x.sum().isinf()
    assert SIMPLE_SELF_ATTENTION.run(inputs=x)["inputs"].shape == (2, 3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_bad_number_in_a_large_input_is_named(bad: float) -> None:
    x = matrix(512, 64, 1, dtype=torch.float32)
    x[300, 7] = bad
    x[400, 7] = -bad
    with pytest.raises(ValueError, match=r"got .*(nan|inf) at \(300, 7\)"):
        SIMPLE_SELF_ATTENTION.run(inputs=x)
