"""One chain of steps: what is given, and what is declared, decides which of them there are."""

import pytest
import torch

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.mechanism import Mechanism
from attention_core.mechanisms.attention import Attention, Then, weighing
from attention_core.operations import (
    AddScores,
    DropNothing,
    Dropout,
    MultiplyBy,
    Softmax,
    ZeroMasked,
)
from tests.attention_core.runs import several, single


def made_of(mechanism: Mechanism) -> dict[str, tuple[str, ...]]:
    """Return the steps by name, each with what it is made of."""
    return {step.name: step.of for step in mechanism.steps}


def shapes(**given: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {name: torch.empty(shape) for name, shape in given.items()}


def test_inputs_alone_are_query_key_and_value_at_once() -> None:
    made = Attention(scaling=None).mechanism(shapes(inputs=(6, 3)))
    assert made_of(made) == made_of(SIMPLE_SELF_ATTENTION)
    assert made.inputs == SIMPLE_SELF_ATTENTION.inputs


def test_without_values_it_ends_at_the_weights() -> None:
    made = Attention().mechanism(shapes(queries=(7, 5), keys=(13, 5)))
    assert list(made_of(made)) == ["scores", "scaled", "weights"]
    assert made.steps[1].operation.d_k == 5  # type: ignore[attr-defined]


def test_keys_that_heads_share() -> None:
    given = shapes(queries=(6, 7, 5), shared_keys=(2, 7, 5), shared_values=(2, 7, 3))
    made = Attention().mechanism(given)
    assert made_of(made)["keys"] == ("shared_keys",)
    assert made.steps[1].operation.times == 3  # type: ignore[attr-defined]
    assert made.per_head == ("queries", "shared_keys", "shared_values")
    assert made.steps[-1].name == "context"  # heads that were given are not joined


def test_numbers_to_add_come_before_the_mask() -> None:
    given = shapes(queries=(7, 5), keys=(7, 5), added_scores=(7, 7))
    mask = torch.ones(7, 7, dtype=torch.bool)
    made = Attention(scaling=lambda d_k: MultiplyBy(d_k / 10)).mechanism({**given, "mask": mask})
    assert made_of(made)["biased"] == ("scaled", "added_scores")
    assert made_of(made)["masked"] == ("biased", "mask")
    assert made.masks == ("mask",)
    assert made.steps[1].operation.by == 0.5  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rate", "kept", "kind"),
    [(0.5, True, Dropout), (1.0, True, ZeroMasked), (0.0, False, DropNothing)],
)
def test_what_drops_weights(rate: float, kept: bool, kind: type) -> None:
    given = shapes(queries=(7, 5), keys=(7, 5))
    if kept:
        given["kept"] = torch.ones(7, 7, dtype=torch.bool)
    made = Attention(dropout=rate).mechanism(given)
    assert type(made.step("dropped").operation) is kind


def test_an_output_projection_mixes_a_single_head_too() -> None:
    given = single(0)
    w_out = torch.ones(2, 11, dtype=torch.float64)
    trace = Attention().run(**given, w_out=w_out, b_out=torch.ones(11, dtype=torch.float64))
    torch.testing.assert_close(trace.output, trace["context"] @ w_out + 1)
    with pytest.raises(ValueError, match=r"^w_out must have shape \(2, d_out\)"):
        Attention().run(**given, w_out=w_out.T)


def test_each_head_has_a_softmax_of_its_own() -> None:
    given = several(0)
    coarse = Attention(n_heads=3, weighing=weighing(Softmax(dim=-2))).run(**given)
    torch.testing.assert_close(coarse["weights"].sum(-2), torch.ones(3, 7, dtype=torch.float64))


def test_a_step_that_lacks_something_is_no_silent_loss() -> None:
    hidden = Attention(weighing=(Then("masked", ZeroMasked(), ("mask",)), *weighing()[2:]))
    with pytest.raises(ValueError, match="step 'masked' uses 'mask' before it exists"):
        hidden.run(**single(0))


def test_a_step_may_take_an_input_of_its_own() -> None:
    slopes = -torch.ones(7, 7, dtype=torch.float64).tril(-1)
    slanted = Attention(weighing=(Then("slanted", AddScores(), ("slopes",)), *weighing()))
    trace = slanted.run(**single(0), slopes=slopes)
    assert trace.mechanism.inputs[-1] == "slopes"
    torch.testing.assert_close(trace["weights"], torch.softmax(trace["scaled"] + slopes, dim=-1))


def test_a_tensor_that_no_step_takes() -> None:
    with pytest.raises(TypeError, match=r"^run\(\) got slopes, which no step takes$"):
        Attention().run(**single(0), slopes=torch.ones(7, 7, dtype=torch.float64))
