"""Self-attention with trainable weights has the chapter's numbers, and cross-attention torch's."""

import pytest
import torch

from attention_core import CROSS_ATTENTION, SELF_ATTENTION
from attention_core.parameters import linear_parameters, rand_parameters
from tests.attention_core import printed
from tests.attention_core.chapter import LinearSelfAttention, RandSelfAttention, X
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import cross, single

BY_RAND = [
    [0.2996, 0.8053],
    [0.3061, 0.8210],
    [0.3058, 0.8203],
    [0.2948, 0.7939],
    [0.2927, 0.7891],
    [0.2990, 0.8040],
]
BY_LINEAR = [
    [-0.0739, 0.0713],
    [-0.0748, 0.0703],
    [-0.0749, 0.0702],
    [-0.0760, 0.0685],
    [-0.0763, 0.0679],
    [-0.0754, 0.0693],
]


def test_the_steps_of_the_second_token_are_the_books() -> None:
    trace = SELF_ATTENTION.run(X, **rand_parameters(3, 2, 123))
    rounded = {name: printed.rounded(trace[name][1:2].tolist())[0] for name in trace.steps}
    assert rounded["queries"] == [0.4306, 1.4551]
    assert rounded["scores"] == [1.2705, 1.8524, 1.8111, 1.0795, 0.5577, 1.5440]
    assert rounded["weights"] == [0.1500, 0.2264, 0.2199, 0.1311, 0.0906, 0.1820]
    assert rounded["context"] == [0.3061, 0.8210]


def test_the_first_class_gives_our_numbers() -> None:
    trace = SELF_ATTENTION.run(X, **rand_parameters(3, 2, 123))
    assert printed.rounded(trace["context"].tolist()) == BY_RAND
    torch.manual_seed(123)
    torch.testing.assert_close(trace["context"], RandSelfAttention(3, 2)(X).detach())


def test_the_second_class_gives_our_numbers() -> None:
    trace = SELF_ATTENTION.run(X, **linear_parameters(3, 2, 789))
    assert printed.rounded(trace["context"].tolist()) == BY_LINEAR
    torch.manual_seed(789)
    torch.testing.assert_close(trace["context"], LinearSelfAttention(3, 2)(X).detach())


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("d_out", [1, 2, 5, 11])
def test_any_width_and_bias_is_the_classes(d_out: int, bias: bool) -> None:
    trace = SELF_ATTENTION.run(X, **linear_parameters(3, d_out, 123, bias=bias))
    torch.manual_seed(123)
    theirs = LinearSelfAttention(3, d_out, bias=bias)(X).detach()
    torch.testing.assert_close(trace["context"], theirs)


def test_steps_and_shapes() -> None:
    trace = SELF_ATTENTION.run(**single(0, bias=True))
    shapes = {name: tuple(trace[name].shape) for name in trace.steps}
    assert shapes == {
        "queries": (7, 3),
        "keys": (7, 3),
        "values": (7, 2),
        "scores": (7, 7),
        "scaled": (7, 7),
        "weights": (7, 7),
        "context": (7, 2),
    }
    assert trace["b_value"].shape == (1, 2)


def test_one_bias_alone_is_added() -> None:
    given = single(0)
    b_key = matrix(3, 9)
    plain, biased = SELF_ATTENTION.run(**given), SELF_ATTENTION.run(**given, b_key=b_key)
    assert torch.equal(biased["keys"], plain["keys"] + b_key)
    assert torch.equal(biased["queries"], plain["queries"])
    assert biased.explain("keys", 0, 2).formula.count(" + ") == 5


def test_attention_between_two_sequences() -> None:
    given = cross(0)
    trace = CROSS_ATTENTION.run(**given)
    assert trace["weights"].shape == (7, 13)
    assert trace["context"].shape == (7, 2)
    assert trace.axes("keys") == ("key token", "dimension")
    torch.testing.assert_close(trace["weights"].sum(dim=1), torch.ones(7, dtype=torch.float64))
    one = {f"w_{role}": given["w_query"] for role in ("query", "key", "value")}
    both = CROSS_ATTENTION.run(given["query_inputs"], given["query_inputs"], **one)
    own = SELF_ATTENTION.run(given["query_inputs"], **one)
    assert torch.equal(both["context"], own["context"])
