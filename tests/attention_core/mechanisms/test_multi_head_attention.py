"""Several heads: the chapter's numbers, split or stacked, and what each head contributes."""

import pytest
import torch

from attention_core import MULTI_HEAD_ATTENTION, SELF_ATTENTION, STACKED_HEADS
from attention_core.parameters import linear_parameters, stacked_parameters
from tests.attention_core import printed
from tests.attention_core.chapter import HeadsBesideEachOther, MultiHeadAttention, X
from tests.attention_core.runs import D_HEAD, HEADS, TOKENS, several, single

OUTPUT = [
    [0.3190, 0.4858],
    [0.2943, 0.3897],
    [0.2856, 0.3593],
    [0.2693, 0.3873],
    [0.2639, 0.3928],
    [0.2575, 0.4028],
]


def test_the_books_output() -> None:
    trace = MULTI_HEAD_ATTENTION.run(X, n_heads=2, **linear_parameters(3, 2, 123, out=True))
    assert printed.rounded(trace["output"].tolist()) == OUTPUT


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("n_heads", "d_head"), [(1, 5), (2, 3), (5, 2), (7, 1)])
def test_the_classes_give_our_numbers(n_heads: int, d_head: int, bias: bool) -> None:
    width = n_heads * d_head
    given = linear_parameters(3, width, 789, bias=bias, out=True)
    trace = MULTI_HEAD_ATTENTION.run(X, n_heads=n_heads, **given)
    torch.manual_seed(789)
    theirs = MultiHeadAttention(3, width, n_heads, bias=bias)(X).detach()
    torch.testing.assert_close(trace["output"], theirs)
    heads = STACKED_HEADS.run(X, **stacked_parameters(3, d_head, n_heads, 789, bias=bias))
    torch.manual_seed(789)
    theirs = HeadsBesideEachOther(3, d_head, n_heads, bias=bias)(X).detach()
    torch.testing.assert_close(heads["concatenated"], theirs)


def test_one_head_of_all_columns_is_self_attention() -> None:
    given = single(0)
    everybody = torch.ones(TOKENS, TOKENS, dtype=torch.bool)
    one = MULTI_HEAD_ATTENTION.run(
        **given, n_heads=1, w_out=torch.eye(2, dtype=torch.float64), mask=everybody
    )
    own = SELF_ATTENTION.run(**given)
    torch.testing.assert_close(one["context"][0], own["context"])
    torch.testing.assert_close(one["output"], own["context"])


def test_a_head_owns_consecutive_columns() -> None:
    given = several(0)
    trace = MULTI_HEAD_ATTENTION.run(**given, n_heads=HEADS)
    for h in range(HEADS):
        own = slice(h * D_HEAD, (h + 1) * D_HEAD)
        torch.testing.assert_close(trace["keys"][h], given["inputs"] @ given["w_key"][:, own])
        assert torch.equal(trace["concatenated"][:, own], trace["context"][h])
    used = {at for of, at, _ in trace.explain("keys", 2, 6, 10).operands if of == "w_key"}
    assert used == {(row, 2 * D_HEAD + 10) for row in range(5)}
    assert trace.explain("concatenated", 6, 32).operands[0].cell == (2, 6, 10)


def test_shapes() -> None:
    trace = MULTI_HEAD_ATTENTION.run(**several(0), n_heads=HEADS)
    shapes = {name: tuple(trace[name].shape) for name in trace.steps}
    for name in ("queries", "keys", "values", "context"):
        assert shapes[name] == (HEADS, TOKENS, D_HEAD)
    for name in ("scores", "scaled", "masked", "weights", "dropped"):
        assert shapes[name] == (HEADS, TOKENS, TOKENS)
    assert shapes["concatenated"] == shapes["output"] == (TOKENS, HEADS * D_HEAD)
