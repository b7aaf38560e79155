"""Lines of arithmetic as printed: each is parsed and worked out again from its own digits."""

import itertools
import math
import random
import re
import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    MULTI_HEAD_ATTENTION,
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    Mechanism,
    Step,
    Trace,
    normalisations,
    numbers,
)
from attention_core.arithmetic import Printed, Writer, total
from attention_core.equations import column, equation, written
from attention_core.operations import (
    AddScores,
    DivideBySum,
    Index,
    NaiveSoftmax,
    Operation,
    Overridden,
    SafeSoftmax,
    Softmax,
)
from attention_core.recurrent import load_model
from attention_core.recurrent.reading import read_sentence
from tests.attention_core import printed
from tests.attention_core.calculator import half_a_unit, mistakes, read
from tests.attention_core.instances import INSTANCES, alone
from tests.attention_core.matrices import FLOATS, matrix, seeds
from tests.attention_core.runs import all_runs, several

X = torch.tensor(printed.X)
NAME = re.compile(r"\b(?:b?float16|float32|float64)\b")


def one_large(large: float) -> Callable[[Tensor], Tensor]:
    """Return what puts one large number into a matrix."""

    def changed(numbers: Tensor) -> Tensor:
        numbers = numbers.clone()
        numbers[(0,) * (numbers.ndim - 1) + (-1,)] = large
        return numbers

    return changed


LABS: dict[str, Callable[[Tensor], Tensor]] = {
    "as they are": lambda numbers: numbers,
    "ten times": lambda numbers: numbers * 10,
    "a thousandth": lambda numbers: numbers * 1e-3,
    "one 1000": one_large(1e3),
    "one million": one_large(1e6),
    "two decimals": lambda numbers: (numbers * 100).round() / 100,
}
RUNS = {str(dtype).removeprefix("torch."): all_runs(7, dtype) for dtype in FLOATS}


def again(trace: Trace, lab: str, dtype: torch.dtype | None = None) -> Trace:
    """Run a mechanism again on other numbers: its inputs', and not its weights'."""
    changed = {}
    for name, tensor in trace.inputs.items():
        if name in trace.mechanism.masks:
            changed[name] = tensor
            continue
        is_weight = name.startswith(("w_", "b_"))
        numbers = tensor.double() if is_weight else LABS[lab](tensor.double())
        kind = dtype or tensor.dtype
        most = min(1e6, torch.finfo(kind).max)
        changed[name] = numbers.clamp(-most, most).to(kind)
    return trace.mechanism.run(**changed)


def some_lines(trace: Trace, seed: int, most: int = 40) -> Iterator[tuple[str, str]]:
    """Yield the lines of some cells of every step."""
    dice = random.Random(seed)
    for step in trace.steps:
        cells = list(itertools.product(*map(range, trace[step].shape)))
        for cell in dice.sample(cells, min(len(cells), most)):
            yield step, trace.explain(step, *cell).formula


def wrong_lines(trace: Trace, seed: int = 0, most: int = 40) -> list[str]:
    """Return the lines that do not hold as printed, each with what is wrong."""
    return [
        f"{step}: {line}: {found}"
        for step, line in some_lines(trace, seed, most)
        if (found := mistakes(line))
    ]


# ---- What a line must do -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("0.55·0.43 + 0.87·0.15 + 0.66·0.89 = 0.9544", False),
        ("0.2983·0.4361 + 0.6565·1.1156 = 0.8626", True),
        ("0.2983·0.4361 + 0.6565·1.1156 = 0.8625", False),
        ("exp(0) / (exp(0) + exp(1)) = 1 / 3.7183 = 0.2689", False),
        ("exp(0) / (exp(0) + exp(1)) = 1 / 3.7184 = 0.2689", True),
        ("exp(0) / (exp(0) + exp(1)) = 1 / 3.7183 = 0.2690", True),
        ("2·2 ≈ 4.0001", True),
        ("2·2 ≈ 4.0001 (float32 keeps about 7 digits)", True),
        ("1000·0.1 ≈ 100.0001 (float32 keeps about 7 digits)", False),
        ("2·2 ≠ 5.0000", True),
        ("yours: 0.9 (computed: 0.2333) = 0.9000", False),
        ("may not attend: -∞ = -inf", False),
        ("(1 - 0.9)·0.5 + 0.9·tanh(-1) = -0.6354", False),
        ("8.7 / √2 = 6.1518", False),
        ("8.7 / √2 = 6.1519", True),
        ("1e+06·0.5 = 5e+05", False),
        ("0 / (0 + 0) = nan", False),
    ],
)
def test_the_calculator_tells_a_line_that_holds(line: str, wrong: bool) -> None:
    assert bool(mistakes(line)) is wrong


# ---- Every operation, in every number format -----------------------------------------------------


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("dtype", RUNS)
def test_every_line_of_every_mechanism_holds(dtype: str, lab: str) -> None:
    for name, trace in RUNS[dtype].items():
        assert wrong_lines(again(trace, lab), seed=len(name), most=12) == [], name


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("operation", INSTANCES.values(), ids=INSTANCES)
def test_every_line_of_every_operation_holds(operation: Operation, dtype: torch.dtype) -> None:
    for lab in LABS:
        if isinstance(operation, Overridden) and dtype == torch.float16:
            operation = Overridden(operation.operation, dict.fromkeys(operation.cells, -0.7))
        trace = again(alone(operation), lab, dtype)
        assert wrong_lines(trace, seed=1, most=12) == []


@settings(max_examples=60)
@given(st.sampled_from(FLOATS), seeds, st.sampled_from(sorted(LABS)), st.data())
def test_every_line_of_any_inputs_holds(
    dtype: torch.dtype, seed: int, lab: str, data: st.DataObject
) -> None:
    n_tokens, d_in = data.draw(st.integers(1, 13)), data.draw(st.integers(1, 7))
    inputs = matrix(n_tokens, d_in, seed)
    runs = SIMPLE_SELF_ATTENTION.run(inputs=inputs), ONE_QUERY.run(inputs=inputs, query=inputs[:1])
    for trace in (again(run, lab, dtype) for run in runs):
        assert wrong_lines(trace, seed, most=5) == []


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "bahdanau"])
def test_every_line_of_a_recurrent_cell_holds(kind: str) -> None:
    trace = read_sentence(load_model(kind), ("thirty", "four", "seven"))
    assert wrong_lines(trace, most=60) == []


def test_a_mask_dropout_and_heads() -> None:
    given = several(3, heads=4, d_head=3, dtype=torch.float32)
    more: dict[str, Any] = {"dropout": 0.3, "training": True, "seed": 5}
    assert wrong_lines(MULTI_HEAD_ATTENTION.run(**given, n_heads=4, **more)) == []
    mask = torch.ones(7, 7, dtype=torch.bool).tril()
    mask[4] = False  # a query that may attend to nothing
    single = {name: given[name] for name in ("inputs", "w_query", "w_key", "w_value")}
    trace = CAUSAL_SELF_ATTENTION.run(**single, mask=mask)
    assert wrong_lines(trace) == []
    assert trace.explain("weights", 4, 0).formula.endswith(" = nan")
    assert trace.explain("context", 4, 0).formula.startswith("nan·")


def test_own_numbers() -> None:
    own: dict[str, dict[Index, float]] = {
        "scores": {(0, 1): 1234.56789, (1, 0): -0.1},
        "weights": {(2, 2): 0.3},
    }
    trace = SIMPLE_SELF_ATTENTION.with_overrides(own).run(inputs=X)
    assert wrong_lines(trace) == []
    half = SIMPLE_SELF_ATTENTION.with_overrides(own).run(inputs=X.half())
    assert wrong_lines(half) == []
    line = half.explain("weights", 2, 2).formula
    assert line.startswith("yours: 0.3 (computed: 0.")
    assert line.endswith(") = 0.3000")


# ---- How it is written ---------------------------------------------------------------------------


def test_the_chapters_own_lines_are_as_short_as_ever() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert trace.explain("scores", 1, 0).formula == "0.55·0.43 + 0.87·0.15 + 0.66·0.89 = 0.9544"
    assert trace.explain("weights", 1, 2).formula == (
        "exp(1.4754) / (exp(0.9544) + exp(1.495) + exp(1.4754) + exp(0.8434) + exp(0.707) + "
        "exp(1.0865)) = 4.3728 / 18.7453 = 0.2333"
    )
    for step, line in some_lines(trace, 0):
        assert read(line).signs[-1] == "=", line
        if step == "scores":
            assert re.fullmatch(r"[0-9.]{3,4}(?:( \+ |·)[0-9.]{3,4}){5} = \d\.\d{4}", line), line


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ([[0.29831, 0.65654], [0.43614, 1.11556]], "0.2983·0.4361 + 0.6565·1.1156 = 0.8625"),
        ([[0.1234567, 1.0], [1000.0, 0.0]], "0.123457·1000 + 1·0 = 123.4567"),
        ([[0.00015], [0.25]], "0.00015·0.25 = 3.75e-05"),
        ([[1234567.0], [2.0]], "1.235e+06·2 = 2.469e+06"),
    ],
)
def test_there_are_as_many_digits_as_needed_and_no_more(
    inputs: list[list[float]], line: str
) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor(inputs, dtype=torch.float64))
    told = trace.explain("scores", 0, 1).formula
    assert mistakes(told) == []
    assert told == line or len(told) <= len(line) + 4, told


@settings(max_examples=60)
@given(seeds, st.integers(1, 9), st.sampled_from([1.0, 10.0, 1e-3]))
def test_one_digit_less_would_not_do(seed: int, width: int, size: float) -> None:
    one, other = matrix(2, width, seed, dtype=torch.float32, size=2 * size).tolist()
    result = math.fsum(left * right for left, right in zip(one, other, strict=True))

    def of(write: Writer) -> Printed:
        return total(write(left) * write(right) for left, right in zip(one, other, strict=True))

    line = written(of, result)
    assume(line.sign == "=")
    for digits in range(4, line.writer.digits):
        off = abs(of(Writer(digits)).value - float(line.right))
        assert off > numbers.half_a_unit(line.right)


def test_operands_are_written_as_in_the_formula() -> None:
    for kind, step in itertools.product(RUNS, ("queries", "scores", "weights", "context")):
        told = RUNS[kind]["self"].explain(step, 1, 0)
        assert len(told.written) == len(told.operands)
        for text, operand in zip(told.written, told.operands, strict=True):
            assert text in told.formula
            assert float(text) == pytest.approx(operand.value, abs=0.5e-4)


@pytest.mark.parametrize("shown", [700, 1447.25, -800, 1e6])
def test_large_scores_are_written_without_exponentials_that_nobody_can_work_out(
    shown: float,
) -> None:
    trace = normalisations(1.0).run(scores=torch.tensor([[shown, shown - 1.5, shown - 300]]))
    line = trace.explain("weights", 0, 1).formula
    assert mistakes(line) == []
    for inside in re.findall(r"exp\(([^()]*)\)", line.replace("(-", "-").replace("))", ")")):
        assert -310 < eval(inside) <= 0
    assert f"{shown - 1.5:.2f}".rstrip("0") in line or shown == 1e6
    assert line.endswith(" = 0.1824")
    assert trace.explain("scaled", 0, 1).formula.count("exp") == 0


def test_the_naive_softmax_says_where_its_format_ends() -> None:
    def naive(scores: list[float], dtype: torch.dtype, at: int = 0) -> str:
        mechanism = Mechanism(("scores",), (Step("shares", NaiveSoftmax(), of=("scores",)),))
        line = mechanism.run(scores=torch.tensor([scores], dtype=dtype)).explain("shares", 0, at)
        assert mistakes(line.formula) == []
        return line.formula

    assert naive([100.0, 1.0], torch.float32) == (
        "exp(100) / (exp(100) + exp(1)) → inf / inf = nan (float32 ends at 3.4028e+38)"
    )
    assert naive([100.0, 1.0], torch.float32, 1) == (
        "exp(1) / (exp(100) + exp(1)) → 2.7183 / inf = 0.0000 (float32 ends at 3.4028e+38)"
    )
    assert naive([12.0, 1.0], torch.float16).endswith("inf = nan (float16 ends at 65504)")
    assert naive([-200.0, -201.0], torch.float32) == (
        "exp(-200) / (exp(-200) + exp(-201)) → 0 / 0 = nan (below 1.2e-38 float32 keeps fewer "
        "digits)"
    )
    assert " = " in naive([88.0, 1.0], torch.float32)
    assert "→" not in naive([88.0, 1.0], torch.float32)
    assert "→" not in naive([100.0, 1.0], torch.float64)


def test_where_a_format_rounds_the_line_says_so() -> None:
    x = torch.tensor([[0.1, 0.7, 1.3], [300.0, 250.0, 2.0]])
    for dtype, digits in ((torch.float16, 3), (torch.bfloat16, 2)):
        trace = SIMPLE_SELF_ATTENTION.run(inputs=x.to(dtype))
        line = trace.explain("scores", 0, 1).formula
        name = str(dtype).removeprefix("torch.")
        assert line.endswith(f"({name} keeps about {digits} digits)")
        assert mistakes(line) == []
    line = SIMPLE_SELF_ATTENTION.run(inputs=x.half()).explain("scores", 1, 1).formula
    assert line.endswith(" → inf (float16 ends at 65504)")
    tiny = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[1.1e-20], [3e-20]]))
    line = tiny.explain("scores", 0, 1).formula
    assert line.endswith(" (below 1.2e-38 float32 keeps fewer digits)") or " = " in line
    assert mistakes(line) == []


def test_overflow_on_the_way_is_no_mistake_of_anybody() -> None:
    x = torch.tensor([[1e20, 1e20], [1e20, -1e20]])
    line = SIMPLE_SELF_ATTENTION.run(inputs=x).explain("scores", 0, 1).formula
    assert re.search(r" → (nan|-?inf) \(float32 ends at 3.4028e\+38\)$", line), line
    summed = Mechanism(("scores", "more"), (Step("sums", AddScores(), of=("scores", "more")),))
    large = torch.full((1, 1), 3e38)
    assert summed.run(scores=large, more=large).explain("sums", 0, 0).formula == (
        "3e+38 + 3e+38 → inf (float32 ends at 3.4028e+38)"
    )


def test_a_sum_near_zero_takes_every_digit_of_a_share() -> None:
    mechanism = Mechanism(("scores",), (Step("shares", DivideBySum(), of=("scores",)),))
    for dtype in FLOATS:
        scores = torch.tensor([[0.1, 0.2, -0.3]], dtype=dtype)
        line = mechanism.run(scores=scores).explain("shares", 0, 0).formula
        assert read(line).signs == ("≈",), line
        assert NAME.search(line)


def test_what_python_itself_would_round_is_not_called_exact() -> None:
    inputs = torch.tensor([[0.1, 0.2, -0.3], [1.0, 1.0, 1.0]], dtype=torch.float64)
    line = SIMPLE_SELF_ATTENTION.run(inputs=inputs).explain("scores", 0, 1).formula
    assert mistakes(line) == []
    assert line.endswith("e-17 (float64 keeps about 16 digits)")  # with a pocket calculator: 0
    assert (
        written(
            lambda write: total(map(write, (0.1, 0.2, -0.3))),
            math.fsum((0.1, 0.2, -0.3)),
            torch.float64,
        ).sign
        == "≈"
    )
    shares = Mechanism(("scores",), (Step("shares", DivideBySum(), of=("scores",)),))
    scores = torch.tensor([[0.0, 0.0003, -0.0002, -0.0001]], dtype=torch.float16)
    line = shares.run(scores=scores).explain("shares", 0, 0).formula
    assert mistakes(line) == []
    assert "≈" in line  # with a pocket calculator: 0 / 0


def test_each_term_of_a_sum_may_be_rounded_and_no_more() -> None:
    def ones(write: Writer) -> Printed:
        return total(write(1.0) for _ in range(100))

    step = 2.0**-24  # what one rounding of a number from 1 to 2 may be off by
    assert written(ones, 100 + 100 * 90 * step).sign == "≈"
    assert written(ones, 100 + 100 * 300 * step).sign == "≠"


def test_what_the_softmax_subtracts_is_rounded_too() -> None:
    softmax = Mechanism(("scores",), (Step("weights", Softmax(), of=("scores",)),))
    small = torch.linspace(0.05, 0.95, 1999)[:, None]
    trace = softmax.run(scores=torch.cat([torch.full_like(small, 80.0), small], dim=1))
    signs = set()
    for row in range(len(small)):
        line = trace.explain("weights", row, 1).formula
        assert mistakes(line) == []
        signs.add(read(line).signs[-1])
    assert signs == {"=", "≈"}


def test_a_query_that_may_attend_to_nothing_gets_nothing() -> None:
    blank = torch.full((1, 2), -math.inf)
    safe = Mechanism(("scores",), (Step("weights", SafeSoftmax(), of=("scores",)),))
    trace = Trace(safe, safe.computed({"scores": blank}))
    assert trace.explain("weights", 0, 1).formula == "may attend to nothing: 0 = 0.0000"
    plain = Mechanism(("scores",), (Step("weights", Softmax(), of=("scores",)),))
    trace = Trace(plain, plain.computed({"scores": blank}))
    assert trace.explain("weights", 0, 1).formula == "exp(-inf) / (exp(-inf) + exp(-inf)) = nan"


@settings(max_examples=40)
@given(st.sampled_from(["float32", "float64"]), st.data())
def test_a_wrong_number_is_not_called_right(dtype: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(RUNS[dtype])))
    trace = RUNS[dtype][name]
    step = data.draw(st.sampled_from(trace.steps))
    tensors = {each: trace[each].clone() for each in trace.names}
    cell = tuple(data.draw(st.integers(0, size - 1)) for size in trace[step].shape)
    right = float(tensors[step][cell])
    tensors[step][cell] = right + (1 + abs(right)) / 100
    line = Trace(trace.mechanism, tensors).explain(step, *cell).formula
    assert read(line).signs[-1] == "≠" or not math.isfinite(right), line


def test_a_long_sum_is_not_written_too_often() -> None:
    one, other = matrix(2, 4096, 3, dtype=torch.float32).tolist()
    counted = []

    def of(write: Writer) -> Printed:
        counted.append(write.digits)
        return total(write(left) * write(right) for left, right in zip(one, other, strict=True))

    for off in (0.0, 1e-5, 1.0):
        counted.clear()
        equation(of, math.fsum(map(float.__mul__, one, other)) + off)
        assert len(counted) <= 9


# ---- Columns, and traces that learn --------------------------------------------------------------


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_a_column_adds_up(parts: list[float]) -> None:
    digits, told = column(parts, math.fsum(parts))
    assert not told.startswith("≈"), told
    added = sum(Decimal(numbers.result_of(number, digits)) for number in parts)
    assert abs(added - Decimal(told)) <= half_a_unit(told) * Decimal("1.000001")


def test_a_column_that_was_rounded_says_so() -> None:
    assert column([math.nan, 1.0], math.nan) == (4, "nan")
    assert column([math.inf, 1.0], math.inf) == (4, "inf")
    assert column([1e5, 0.0123], 1e5)[1] == "≈ 100000.0000 (float32 keeps about 7 digits)"


def test_a_trace_that_learns_is_explained_without_a_warning() -> None:
    inputs = X.clone().requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trace = SIMPLE_SELF_ATTENTION.run(inputs=inputs)
        for name in trace.names:
            assert trace.explain(name, 1, 0).result == float(trace[name][1, 0].detach())
        assert all(check.ok for check in trace.check())
        assert "journey" not in trace._repr_html_()
