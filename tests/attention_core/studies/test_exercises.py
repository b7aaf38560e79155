"""Exercises for paper: small whole numbers, sheets that differ, answers of the mechanism."""

import math
import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from attention_core.studies.exercises import KINDS, LARGEST_EXPONENT, Exercise, exercise, exercises

each_kind = pytest.mark.parametrize("kind", KINDS)


def softmax(scores: Tensor) -> Tensor:
    """The weights, exactly."""
    return scores.softmax(-1)


def attention(sheet: Exercise, weigh: Callable[[Tensor], Tensor] = softmax) -> dict[str, Tensor]:
    """The answers in torch's own few lines, in float64, with weights made in one's own way."""
    given = {name: sheet.trace[name].double() for name in sheet.given}
    inputs = given["inputs"]
    if sheet.kind == "simple":
        scores = inputs @ inputs.T
        weights = weigh(scores)
        return {"scores": scores, "weights": weights, "context": weights @ inputs}
    queries, keys, values = (inputs @ given[f"w_{role}"] for role in ("query", "key", "value"))
    found = {"queries": queries, "keys": keys, "values": values}
    if sheet.kind == "heads":  # two heads of width 1: a column is a head
        found = {name: tensor.T[..., None] for name, tensor in found.items()}
    queries, keys, values = found.values()
    found["scores"] = queries @ keys.transpose(-2, -1)
    before = found["scaled"] = found["scores"] / math.sqrt(queries.shape[-1])
    if sheet.kind != "trainable":
        hidden = torch.ones(3, 3).triu(1).bool()
        before = found["masked"] = before.masked_fill(hidden, -math.inf)
    found["weights"] = weigh(before)
    found["context"] = found["weights"] @ values
    if sheet.kind == "heads":
        found["concatenated"] = torch.cat([*found["context"]], dim=-1)
        found["output"] = found["concatenated"] @ given["w_out"]
    return found


@each_kind
def test_the_answers_are_those_of_another_route(kind: str) -> None:
    for seed in (0, 1, 7919):
        sheet = exercise(kind, seed)
        expected = attention(sheet)
        assert set(sheet.asked) <= set(expected)
        for name in sheet.asked:
            torch.testing.assert_close(
                sheet.trace[name].double(), expected[name], atol=1e-6, rtol=0
            )
        assert all(check.ok for check in sheet.trace.check())


@each_kind
def test_the_numbers_are_small_and_whole(kind: str) -> None:
    for sheet in exercises(kind, 20):
        for name in sheet.given:
            given = sheet.trace[name]
            assert -1 <= given.min() <= given.max() <= 2, "as the docs say"
            assert torch.equal(given, given.round())
        before = sheet.trace[sheet.trace.mechanism.step("weights").of[0]]
        needed = set(before[before.isfinite()].tolist())
        assert needed <= set(sheet.exponents), "the table of e^x has all that is needed"
        assert max(map(abs, needed)) <= LARGEST_EXPONENT


@each_kind
def test_there_is_something_to_see_on_each_sheet(kind: str) -> None:
    for sheet in exercises(kind, 30):
        before = sheet.trace[sheet.trace.mechanism.step("weights").of[0]]
        last = before[..., -1, :]  # with a mask, the only token that sees all
        for scores in last.reshape(-1, last.shape[-1]).tolist():
            assert len(set(scores)) > 1, "in every head the last token prefers somebody"
        tokens = sheet.trace["inputs"].tolist()
        assert len(set(map(tuple, tokens))) == len(tokens), "no two tokens are the same"
        for name in sheet.given:
            given = sheet.trace[name]
            for along in (0, 1):
                assert given.shape[along] == 1 or bool(given.any(dim=along).all()), "no empty line"


@each_kind
def test_a_class_of_200_gets_200_different_sheets(kind: str) -> None:
    n_sheets = 200 if kind == "simple" else 41  # the simple one has the fewest numbers to draw
    sheets = exercises(kind, n_sheets, first_seed=5)
    drawn = {tuple(n for x in s.given for n in s.trace[x].flatten().tolist()) for s in sheets}
    seeds = [sheet.seed for sheet in sheets]
    assert len(drawn) == n_sheets
    assert seeds == sorted(set(seeds))
    again = exercise(kind, seeds[-1])
    assert again.tokens == sheets[-1].tokens
    assert all(torch.equal(again.trace[n], sheets[-1].trace[n]) for n in sheets[-1].trace.inputs)


def test_a_sheet_is_the_same_on_every_machine() -> None:
    sheet = exercise("trainable", 1)
    assert sheet.tokens == ("dogs", "draw", "seeds")
    assert sheet.trace["inputs"].tolist() == [[0.0, 1.0], [1.0, 1.0], [0.0, -1.0]]


@pytest.mark.parametrize(
    ("kind", "seed", "tokens", "reason"),
    [
        ("complex", 1, (), "kind must be one of simple, trainable, causal, heads; got 'complex'"),
        ("simple", -1, (), "seed must be a whole number from 0"),
        ("simple", True, (), "seed must be a whole number from 0"),
        ("simple", 2**31, (), "seed must be a whole number from 0"),
        ("simple", 1, ("one",), "an exercise has 3 tokens; got 1"),
    ],
)
def test_what_is_no_exercise_is_refused(
    kind: str, seed: int, tokens: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        exercise(kind, seed, tokens)


def test_no_sheets_are_refused() -> None:
    with pytest.raises(ValueError, match="n_sheets must be a whole number from 1; got 0"):
        exercises("simple", 0)


def test_more_sheets_than_there_are_are_refused_within_seconds() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"hardly more than \d+ different sheets .* not 10000"):
        exercises("simple", 10_000)
    assert time.process_time() - began < 20
