"""Additive attention is what the paper says, written out in plain loops, and dot products too."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attention_core import ADDITIVE_ATTENTION, SIMPLE_SELF_ATTENTION, dot_product_attention
from attention_core.operations import AdditiveScores
from attention_core.parameters import additive_parameters, linear_parameters, rand_parameters
from attention_core.reference import compare_with_torch
from attention_core.studies.lens import check_sensitivity, sensitivity
from tests.attention_core.matrices import matrix, seeds
from tests.attention_core.runs import Given, additive, between

Rows = list[list[float]]
PRIMES = st.permutations([1, 2, 3, 5, 7, 11, 13])


def any_sizes(primes: list[int], seed: int) -> Given:
    """Return what additive attention takes, six of its sizes all different."""
    n_out, n_in, d_query, d_key, d_value, d_attn, _ = primes
    return {
        "queries": matrix(n_out, d_query, seed),
        "keys": matrix(n_in, d_key, seed + 1),
        "values": matrix(n_in, d_value, seed + 2),
        "w_query": matrix(d_query, d_attn, seed + 3),
        "w_key": matrix(d_key, d_attn, seed + 4),
        "v": matrix(d_attn, seed + 5),
    }


def by_the_paper(given: Given) -> tuple[Rows, Rows, Rows]:
    """Return e, α and c of the paper's appendix A.1.2, one number after the other."""
    s, h, values, w, u, v = (given[name].tolist() for name in given)
    energies, weights, contexts = [], [], []
    for state in s:
        row = []
        for annotation in h:
            energy = 0.0
            for k, counts in enumerate(v):
                hidden = sum(x * w[c][k] for c, x in enumerate(state))
                hidden += sum(x * u[c][k] for c, x in enumerate(annotation))
                energy += counts * math.tanh(hidden)
            row.append(energy)
        total = sum(math.exp(energy) for energy in row)
        shares = [math.exp(energy) / total for energy in row]
        energies.append(row)
        weights.append(shares)
        contexts.append(
            [
                sum(a * value[c] for a, value in zip(shares, values, strict=True))
                for c in range(len(values[0]))
            ]
        )
    return energies, weights, contexts


@settings(max_examples=25)
@given(PRIMES, seeds)
def test_its_numbers_are_those_of_plain_loops(primes: list[int], seed: int) -> None:
    given = any_sizes(primes, seed)
    trace = ADDITIVE_ATTENTION.run(**given)
    for name, expected in zip(("scores", "weights", "context"), by_the_paper(given), strict=True):
        torch.testing.assert_close(trace[name], torch.tensor(expected, dtype=torch.float64))
    ones = torch.ones(primes[0], dtype=torch.float64)
    torch.testing.assert_close(trace["weights"].sum(dim=1), ones)
    assert all(check.ok for check in (*trace.check(), *compare_with_torch(trace)))


def test_steps_and_shapes() -> None:
    trace = ADDITIVE_ATTENTION.run(**additive(0))
    shapes = {name: tuple(trace[name].shape) for name in trace.steps}
    assert shapes == {
        "projected_queries": (7, 3),
        "projected_keys": (13, 3),
        "scores": (7, 13),
        "weights": (7, 13),
        "context": (7, 2),
    }
    assert trace["v"].shape == (1, 3)
    assert trace.axes("projected_keys") == ("key token", "dimension")
    again = ADDITIVE_ATTENTION.run(**{**additive(0), "v": additive(0)["v"].unsqueeze(0)})
    assert torch.equal(again["context"], trace["context"]), "v may be a row already"


@pytest.mark.parametrize("row", range(13))
@pytest.mark.parametrize("seed", [0, 40])
def test_changing_one_key_changes_every_row_of_the_weights(row: int, seed: int) -> None:
    given = additive(seed)
    before = ADDITIVE_ATTENTION.run(**given)["weights"]
    keys: Tensor = given["keys"].clone()
    keys[row] += 0.25
    after = ADDITIVE_ATTENTION.run(**{**given, "keys": keys})["weights"]
    assert bool(((after - before).abs().amax(dim=1) > 1e-6).all())
    others = [column for column in range(13) if column != row]
    ratio = after[:, others] / before[:, others]
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio), msg="they share what is left")


def test_every_term_of_an_energy_leads_on_to_what_made_it() -> None:
    trace = ADDITIVE_ATTENTION.run(**additive(0))
    told = trace.explain("scores", 2, 5)
    terms = [
        (("v", (0, k)), ("projected_queries", (2, k)), ("projected_keys", (5, k))) for k in range(3)
    ]
    assert [(of, cell) for of, cell, _ in told.operands] == [one for term in terms for one in term]
    assert told.formula.count("tanh(") == 3
    operands = trace.explain("projected_queries", 2, 1).operands
    assert {of for of, _, _ in operands} == {"queries", "w_query"}
    assert trace.explain("v", 0, 1).operands == ()


def test_any_step_takes_own_numbers_and_what_follows_follows() -> None:
    given = additive(0)
    plain = ADDITIVE_ATTENTION.run(**given)
    for place, name in enumerate(plain.steps):
        own = plain.mechanism.with_overrides({name: {(1, 1): 0.75}}).run(**plain.inputs)
        assert float(own[name][1, 1]) == 0.75
        for before in plain.steps[:place]:
            assert torch.equal(own[before], plain[before])
        assert not torch.equal(own["context"], plain["context"])
        assert all(check.ok for check in own.check())
        assert compare_with_torch(own) == ()


@pytest.mark.parametrize(("name", "cell"), [("scores", (1, 2)), ("context", (6, 1))])
def test_the_gradient_lens_looks_through_it(name: str, cell: tuple[int, int]) -> None:
    trace = ADDITIVE_ATTENTION.run(**additive(0))
    found = sensitivity(trace, name, cell)
    assert list(found) == list(trace.inputs)
    assert check_sensitivity(found, trace, name, cell).ok
    assert bool(found["v"].any())
    assert bool(found["queries"][cell[0]].any())
    assert not bool(found["queries"][(cell[0] + 1) % 7].any()), "the other queries do not matter"


def test_a_wrong_context_differs_from_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = ADDITIVE_ATTENTION.run(**additive(0))
    wrong = trace.mechanism.run(**{**trace.inputs, "v": trace["v"] * 1.001})
    monkeypatch.setattr(wrong, "_tensors", {**wrong._tensors, "v": trace["v"]})
    (check,) = compare_with_torch(wrong)
    assert not check.ok


def test_dot_products_between_two_sequences() -> None:
    given = between(0)
    queries, keys, values = given.values()
    for width, scale in ((None, 1.0), (5, 5**-0.5)):
        trace = dot_product_attention(width).run(**given)
        weights = torch.softmax(queries @ keys.T * scale, dim=-1)
        torch.testing.assert_close(trace["weights"], weights)
        torch.testing.assert_close(trace["context"], weights @ values)


def test_one_sequence_in_all_roles_is_self_attention() -> None:
    x = matrix(7, 5, 3)
    trace = dot_product_attention().run(queries=x, keys=x, values=x)
    own = SIMPLE_SELF_ATTENTION.run(inputs=x)
    for name in own.steps:
        assert torch.equal(trace[name], own[name])


@pytest.mark.parametrize("seed", [0, 123])
def test_its_weights_begin_as_those_of_the_chapter(seed: int) -> None:
    drawn = additive_parameters(3, 3, 5, seed)
    torch.manual_seed(seed)
    for name, shape in (("w_query", (3, 5)), ("w_key", (3, 5)), ("v", (5,))):
        assert torch.equal(drawn[name], torch.rand(shape)), name
    linear = additive_parameters(3, 7, 5, seed, linear=True)
    torch.manual_seed(seed)
    layers = (torch.nn.Linear(3, 5, bias=False), torch.nn.Linear(7, 5, bias=False))
    last = torch.nn.Linear(5, 1, bias=False)
    assert torch.equal(linear["w_query"], layers[0].weight.T)
    assert torch.equal(linear["w_key"], layers[1].weight.T)
    assert torch.equal(linear["v"], last.weight[0])
    assert torch.equal(drawn["w_key"], rand_parameters(3, 5, seed)["w_key"])
    same = additive_parameters(3, 3, 5, seed, linear=True)["w_key"]
    assert torch.equal(same, linear_parameters(3, 5, seed)["w_key"])


def test_additive_scores_made_in_parts_are_the_same() -> None:
    v, queries, keys = (torch.randn(size, 1031).double() for size in (1, 37, 509))
    queries.requires_grad_()
    scores = AdditiveScores().compute(v, queries, keys)
    torch.testing.assert_close(scores, torch.tanh(queries[:, None] + keys) @ v[0])
    (gradient,) = torch.autograd.grad(scores.sum(), queries)
    assert gradient.shape == queries.shape
