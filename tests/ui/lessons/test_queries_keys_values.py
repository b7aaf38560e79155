"""Queries, keys, values: the tables of weights, the chapter's numbers, the figures, the study."""

import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from attention_core.figures.curves import spread_spec
from attention_core.studies.scale import scales, vectors
from tests.screen import PROJECT, broken, cards, components, edit, opened, order, said, send
from ui.cards.embeddings import tensor_of
from ui.cards.parameters import EDITORS, parameters_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values import figures as trainable
from ui.lessons.queries_keys_values.words import linear_said, roles_said, spread_said

PAGE = PROJECT / "pages" / "queries_keys_values.py"
PRIMES = Lab(sentence="a b c d e f g", d=5, preset="random", d_out=3, d_value=11)


def page(**chosen: Any) -> AppTest:
    return opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))


def drawn(at: AppTest, group: str, card: str) -> Tensor:
    return torch.tensor(cards(at, group)[card]["spec"]["data"][0]["z"])


def test_the_page_begins_with_what_the_chapters_first_class_computes() -> None:
    at = page()
    torch.manual_seed(123)
    w_query, w_key, w_value = (torch.rand(3, 2) for _ in range(3))
    x = tensor_of(Lab())
    weights = torch.softmax((x @ w_query) @ (x @ w_key).T / 2**0.5, dim=-1)
    torch.testing.assert_close(drawn(at, "figures:attending", "weights"), weights)
    torch.testing.assert_close(drawn(at, "figures:attending", "context"), weights @ (x @ w_value))
    torch.testing.assert_close(drawn(at, "figures:projected", "keys"), x @ w_key)
    assert components(at)["table:w_key"]["cells"] == w_key.tolist()


@pytest.mark.parametrize("bias", [False, True])
def test_linear_weights_are_those_of_the_module(bias: bool) -> None:
    lab = replace(PRIMES, drawn_as="linear with bias" if bias else "linear", parameter_seed=7)
    torch.manual_seed(7)
    modules = [nn.Linear(5, width, bias=bias) for width in (3, 3, 11)]
    x = tensor_of(lab)
    trace = trainable.trace_of(lab)
    for name, module in zip(("queries", "keys", "values"), modules, strict=True):
        torch.testing.assert_close(trace[name], module(x).detach())
    at = opened(PAGE, lab=link.encode(lab))
    assert broken(at) == []
    assert ("table:b_value" in components(at)) is bias


def test_an_edit_of_the_query_weights_moves_what_is_made_of_them() -> None:
    at = page()
    before = {name: drawn(at, "figures:projected", name) for name in trainable.PROJECTED}
    at = send(at, edit(1, ("2", 1, -0.75)), widget_key="table:w_query")
    assert broken(at) == []
    assert components(at)["table:w_query"]["cells"][1][1] == -0.75
    assert components(at)["table:w_query"]["edited"] == [[1, 1]]
    after = {name: drawn(at, "figures:projected", name) for name in trainable.PROJECTED}
    assert [bool((after[name] != before[name]).any()) for name in after] == [True, False, False]
    assert any(c.value.startswith("editing w_query · d2 · d2 changed") for c in at.caption)
    at = send(at, order(2, "undo"), widget_key="table:w_query")
    assert torch.equal(drawn(at, "figures:projected", "queries"), before["queries"])
    at = send(at, order(3, "redo"), widget_key="table:w_query")
    address = components(at)["table:w_query"]["lab"]
    again = opened(PAGE, lab=address)
    assert torch.equal(drawn(again, "figures:projected", "queries"), after["queries"])


def test_the_values_may_be_of_another_width() -> None:
    at = page()
    at.number_input(key="_d_value").set_value(5).run()
    assert broken(at) == []
    assert drawn(at, "figures:attending", "context").shape == (6, 5)
    assert drawn(at, "figures:attending", "weights").shape == (6, 6)
    at.number_input(key="_d_value").set_value(2).run()
    assert drawn(at, "figures:attending", "context").shape == (6, 2)


def test_all_zero_weights_share_evenly() -> None:
    entries = [(str(row + 1), column, 0.0) for row in range(3) for column in range(2)]
    lab = EDITORS["w_query"].set_entries(Lab(), entries)
    weights = drawn(opened(PAGE, lab=link.encode(lab)), "figures:attending", "weights")
    torch.testing.assert_close(weights, torch.full((6, 6), 1 / 6))


BIASED = Lab(drawn_as="linear with bias")
KINDS = [Lab(), Lab(drawn_as="linear"), BIASED, replace(BIASED, preset="ten-times")]


def with_zeros(lab: Lab, name: str) -> Lab:
    known = parameters_of(lab)
    if name not in known:
        return lab
    rows, columns = known[name].shape
    cells = [(str(row + 1), column, 0.0) for row in range(rows) for column in range(columns)]
    return EDITORS[name].set_entries(lab, cells)


def with_keys_like_queries(lab: Lab, kind: str) -> Lab:
    known = parameters_of(lab)
    if f"{kind}_query" not in known:
        return lab
    cells = [
        (str(row + 1), column, entry)
        for row, entries in enumerate(known[f"{kind}_query"].tolist())
        for column, entry in enumerate(entries)
    ]
    return EDITORS[f"{kind}_key"].set_entries(lab, cells)


@pytest.mark.parametrize("lab", KINDS)
def test_without_query_weights_and_bias_every_weight_is_the_same(lab: Lab) -> None:
    found = trainable.trace_of(with_zeros(with_zeros(lab, "w_query"), "b_query"))
    assert not found["scores"].any()
    torch.testing.assert_close(found["weights"], torch.full((6, 6), 1 / 6))


@pytest.mark.parametrize("lab", KINDS)
def test_scores_are_symmetric_with_equal_weights_and_biases(lab: Lab) -> None:
    scores = trainable.trace_of(with_keys_like_queries(with_keys_like_queries(lab, "w"), "b"))[
        "scores"
    ]
    torch.testing.assert_close(scores, scores.T)


def test_a_bias_is_why_the_page_speaks_of_biases() -> None:
    even = trainable.trace_of(with_zeros(BIASED, "w_query"))["weights"]
    assert float(even.max() - even.min()) > 0.01
    scores = trainable.trace_of(with_keys_like_queries(BIASED, "w"))["scores"]
    assert float((scores - scores.T).abs().max()) > 0.1
    (told,) = [text.value for text in opened(PAGE).markdown if "*Key weights* equal" in text.value]
    assert "(and the query bias, if there is one)" in told
    assert "if there are biases" in told.replace("\n", " ")


@pytest.mark.parametrize("lab", KINDS)
def test_another_width_of_the_values_leaves_scores_and_weights(lab: Lab) -> None:
    before, after = (trainable.trace_of(replace(lab, d_value=width)) for width in (0, 5))
    for name in ("queries", "keys", "scores", "weights"):
        assert torch.equal(before[name], after[name])


@pytest.mark.parametrize("d", [1, 3, 64])
def test_linear_weights_lie_within_the_bound_that_is_said(d: int) -> None:
    lab = Lab(d=d, drawn_as="linear with bias", d_out=64)
    largest = max(float(tensor.abs().max()) for tensor in parameters_of(lab).values())
    assert f"√{d} = ±{d**-0.5:.4f}" in linear_said(lab)
    assert 0.9 * d**-0.5 < largest <= d**-0.5


def test_small_scores_make_weights_close_to_even_and_large_ones_do_not() -> None:
    small, large = (
        trainable.trace_of(Lab(drawn_as="linear", preset=preset))["weights"]
        for preset in ("notebook", "ten-times")
    )
    assert float((small - 1 / 6).abs().max()) < 0.02
    assert float((large - 1 / 6).abs().max()) > 0.2  # hence "as small as the notebook's"


@pytest.mark.parametrize("lab", [*KINDS, Lab(preset="ten-times"), Lab(sentence="one")])
def test_how_far_the_scores_spread_is_computed(lab: Lab) -> None:
    given = parameters_of(lab)
    x = tensor_of(lab).double()
    queries, keys = (
        x @ given[f"w_{role}"].double() + given.get(f"b_{role}", torch.zeros(1, 2)).double()
        for role in ("query", "key")
    )
    spread = float((queries @ keys.T).std(correction=0))
    told = spread_said(trainable.trace_of(lab))
    first, second = (float(number) for number in re.findall(r"[\d.]+\d", told))
    assert first == pytest.approx(spread, abs=1e-4)
    assert second == pytest.approx(spread / 2**0.5, abs=1e-4)


def test_the_drawn_queries_and_keys_are_such_as_the_page_says() -> None:
    queries, keys = vectors(256, seed=123, n_tokens=64)
    for drawn_ in (queries, keys):
        assert abs(float(drawn_.mean())) < 0.03
        assert abs(float(drawn_.var()) - 1) < 0.05
    assert 0.9 < float((queries @ keys.T / 256**0.5).std()) < 1.1
    moved = (queries + 1) @ (keys + 1).T / 256**0.5  # of mean 1, the spread is another
    assert float(moved.std()) > 1.5


def test_what_is_equal_is_not_called_most() -> None:
    lab = Lab(preset="equal")
    told = roles_said(trainable.trace_of(lab), lab)
    assert "It finds all tokens equally, with a weight of 0.1667." in told
    assert "All tokens give it the same, 0.1667." in told
    twice = Lab(sentence="go journey go journey", query=0)
    told = roles_said(trainable.trace_of(twice), twice)
    plain = told.replace("\\", "")
    assert "It finds go (1) and go (3) most, with a weight of" in plain
    assert "go (1) and go (3) give it most, " in plain
    told = roles_said(trainable.trace_of(Lab()), Lab())
    assert "It finds journey most, with a weight of 0.2264." in told


def test_the_study_is_drawn_from_what_was_measured() -> None:
    at = page(most_d_k=64, parameter_seed=5)
    spec = cards(at, "figures:scale")["spread"]["spec"]
    assert spec == spread_spec(scales(64, 5))


def test_the_prediction_is_answered_by_the_core() -> None:
    at = page(answers={"qkv": "It grows"})
    assert any(text.startswith("Right. Its scores all double") for text in said(at))
