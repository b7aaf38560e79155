"""The mechanisms of the lesson: the notebook's numbers, and what holds for any numbers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Mechanism, Step, normalisations
from attention_core.operations import DotProducts, Softmax, numbers_read
from tests.attention_core import printed
from tests.attention_core.matrices import matrices, matrix, seeds, sizes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", printed.ALL_TOKENS)
def test_all_tokens_have_the_notebooks_numbers(name: str, dtype: torch.dtype) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor(printed.X, dtype=dtype))
    assert printed.rounded(trace[name].tolist()) == printed.ALL_TOKENS[name]


@pytest.mark.parametrize("name", printed.ONE_QUERY)
def test_the_second_token_has_the_notebooks_numbers(name: str) -> None:
    x = torch.tensor(printed.X)
    trace = ONE_QUERY.run(query=x[1:2], inputs=x)
    assert printed.rounded(trace[name].tolist()) == printed.ONE_QUERY[name]


def test_the_normalisations_have_the_notebooks_numbers() -> None:
    trace = normalisations().run(scores=torch.tensor(printed.QUERY_SCORES))
    for name in ("by_sum", "naive", "weights"):
        assert printed.rounded(trace[name].tolist()) == printed.ONE_QUERY[name]


@given(matrices())
def test_rows_of_weights_sum_to_1(x: Tensor) -> None:
    weights = SIMPLE_SELF_ATTENTION.run(inputs=x)["weights"]
    assert weights.shape == (len(x), len(x))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(x), dtype=x.dtype))


@given(matrices(), st.floats(-50, 50))
def test_softmax_ignores_a_constant_added_to_a_row(scores: Tensor, constant: float) -> None:
    moved = scores.clone()
    moved[0] += constant
    softmax = Mechanism(("scores",), (Step("weights", Softmax(), of=("scores",)),))
    before, after = (softmax.run(scores=s).output for s in (scores, moved))
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)


@given(matrices(), seeds)
def test_permuting_tokens_permutes_context_rows(x: Tensor, seed: int) -> None:
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    context = SIMPLE_SELF_ATTENTION.run(inputs=x).output
    permuted = SIMPLE_SELF_ATTENTION.run(inputs=x[order]).output
    torch.testing.assert_close(permuted, context[order])


def by_hand(step: Step, operands: list[Tensor], shape: tuple[int, ...]) -> Tensor:
    """Return a whole step's result from the loops alone."""
    largest = torch.finfo(operands[0].dtype).max
    rows, columns = shape
    patterns = step.operation.reads
    again = [
        [
            step.operation.by_hand(
                (i, j),
                *(
                    numbers_read(pattern, (i, j), operand.tolist())
                    for pattern, operand in zip(patterns, operands, strict=True)
                ),
                largest=largest,
            )
            for j in range(columns)
        ]
        for i in range(rows)
    ]
    return torch.tensor(again, dtype=operands[0].dtype)


@given(matrices())
def test_loops_matmul_and_torchs_own_attention_agree(x: Tensor) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=x)
    torch.testing.assert_close(trace["scores"], x @ x.T)
    theirs = torch.nn.functional.scaled_dot_product_attention(x, x, x, scale=1)
    torch.testing.assert_close(trace["context"], theirs)
    values = {"inputs": x}
    for step in SIMPLE_SELF_ATTENTION.steps:  # from loops to loops, without torch in between
        operands = [values[name] for name in step.of]
        values[step.name] = by_hand(step, operands, tuple(trace[step.name].shape))
        torch.testing.assert_close(values[step.name], trace[step.name])


@given(sizes.filter(lambda three: len(three) == 3), seeds)
def test_one_query_is_a_row_of_all_tokens(three: list[int], seed: int) -> None:
    n, d, row = three
    x = matrix(n, d, seed)
    row %= n
    everything = SIMPLE_SELF_ATTENTION.run(inputs=x)
    one = ONE_QUERY.run(query=x[row : row + 1], inputs=x)
    for name in SIMPLE_SELF_ATTENTION.run(inputs=x).steps:
        torch.testing.assert_close(one[name], everything[name][row : row + 1])


def test_a_temperature_divides_the_scores() -> None:
    scores = torch.tensor([[1.0, 3.0, -2.0]])
    trace = normalisations(0.5).run(scores=scores)
    assert torch.equal(trace["scaled"], scores * 2)
    assert torch.equal(trace["weights"], torch.softmax(scores * 2, dim=-1))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_above_0(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be above 0"):
        normalisations(temperature)


def test_the_wrong_axis_makes_columns_sum_to_1() -> None:
    x = matrix(5, 3, 0)
    wrong = SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2)).run(inputs=x)
    torch.testing.assert_close(wrong["weights"].sum(dim=0), torch.ones(5, dtype=x.dtype))
    assert all(check.ok for check in wrong.check())


def test_inputs_go_by_name() -> None:
    x = torch.ones(2, 3)
    with pytest.raises(TypeError, match="expects the inputs inputs; got nothing"):
        SIMPLE_SELF_ATTENTION.run()
    with pytest.raises(TypeError, match="expects the inputs inputs; got inputs, mask"):
        SIMPLE_SELF_ATTENTION.run(inputs=x, mask=x)
    with pytest.raises(TypeError, match="expects the inputs query, inputs; got inputs"):
        ONE_QUERY.run(inputs=x)
    with pytest.raises(TypeError, match="positional"):
        SIMPLE_SELF_ATTENTION.run(x)  # type: ignore[call-arg]


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"query \(1, 2\) and inputs \(5, 3\) do not fit"):
        ONE_QUERY.run(query=torch.ones(1, 2), inputs=torch.ones(5, 3))


def test_a_mechanism_uses_only_what_came_before() -> None:
    scores = Step("scores", DotProducts(), of=("inputs", "keys"))
    with pytest.raises(ValueError, match="step 'scores' uses 'keys' before it exists"):
        Mechanism(inputs=("inputs",), steps=(scores,))
    with pytest.raises(ValueError, match="the name 'keys' is used twice"):
        Mechanism(inputs=("inputs", "keys"), steps=(Step("keys", Softmax(), of=("inputs",)),))


def test_the_pytorch_of_a_mechanism_is_what_the_notebook_types() -> None:
    assert SIMPLE_SELF_ATTENTION.pytorch() == (
        "scores = inputs @ inputs.T\n"
        "weights = torch.softmax(scores, dim=-1)\n"
        "context = weights @ inputs"
    )
