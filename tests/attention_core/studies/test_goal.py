"""Goal seek: what it claims is what a run gives, within the bound, and it says what cannot be."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    CROSS_ATTENTION,
    MULTI_HEAD_ATTENTION,
    SELF_ATTENTION,
    SIMPLE_SELF_ATTENTION,
    Trace,
)
from attention_core.studies.goal import (
    CLOSEST,
    GOING_ON,
    MASKED,
    NO_SLOPE,
    OUT_OF_BOUND,
    OUT_OF_STEPS,
    OUT_OF_TIME,
    REACHED,
    STATUSES,
    Attempt,
    seek,
)
from tests.attention_core import runs
from tests.attention_core.matrices import matrix

X = matrix(7, 5, 3, dtype=torch.float32, size=1.0)
LONG = 60.0  # seconds that no test needs: what is reached does not depend on the machine


def search(trace: Trace, query: int, key: int, target: float, **more: Any) -> list[Attempt]:
    attempts = list(seek(trace, query, key, target, **{"seconds": LONG, **more}))
    assert [attempt.number for attempt in attempts] == list(range(len(attempts)))
    assert all(attempt.status in STATUSES for attempt in attempts)
    assert [attempt.status == GOING_ON for attempt in attempts[:-1]] == [True] * (len(attempts) - 1)
    assert attempts[-1].status != GOING_ON
    return attempts


SEARCHES: dict[str, tuple[Trace, tuple[str, ...], dict[str, Any]]] = {
    "simple": (SIMPLE_SELF_ATTENTION.run(inputs=X), ("inputs",), {}),
    "query weights": (SELF_ATTENTION.run(**runs.single(2)), ("w_query",), {}),
    "query and key weights": (
        CAUSAL_SELF_ATTENTION.run(**runs.single(2, dtype=torch.float32)),
        ("w_query", "w_key"),
        {},
    ),
    "biases": (SELF_ATTENTION.run(**runs.single(2, bias=True)), ("b_query", "b_key"), {}),
    "cross": (CROSS_ATTENTION.run(**runs.cross(1)), ("key_inputs",), {}),
    "one head": (
        MULTI_HEAD_ATTENTION.run(**runs.several(1), n_heads=runs.HEADS),
        ("inputs",),
        {"head": 2},
    ),
    "dropped": (
        CAUSAL_SELF_ATTENTION.run(**runs.single(2), dropout=0.1, training=True, seed=3),
        ("inputs",),
        {"step": "dropped"},
    ),
}


@pytest.mark.parametrize("case", SEARCHES)
def test_what_it_claims_is_what_a_fresh_run_gives(case: str) -> None:
    trace, moving, more = SEARCHES[case]
    step, head = more.get("step", "weights"), more.get("head")
    row = trace[step][5] if head is None else trace[step][head, 5]
    key = min(range(6), key=lambda j: float(row[j]) or 2.0)  # the least that is not masked
    attempts = search(trace, 5, key, 0.8, moving=moving, **more)
    assert attempts[-1].status == REACHED
    assert attempts[-1].weight >= 0.8
    assert len(attempts) > 1
    cell = (5, key) if head is None else (head, 5, key)
    for attempt in attempts:
        assert set(attempt.inputs) == set(moving)
        again = trace.mechanism.run(**{**trace.inputs, **attempt.inputs})
        assert float(again[step][cell]) == attempt.weight
        off = [
            (attempt.inputs[name].double() - trace[name].double()).square().sum() for name in moving
        ]
        assert attempt.moved == pytest.approx(math.sqrt(sum(map(float, off))))
        assert all(attempt.inputs[name].dtype == trace[name].dtype for name in moving)
    for before, after in pairwise(attempts):
        assert after.weight > before.weight


def test_the_start_is_the_trace_and_stays_as_it_was() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    attempts = search(trace, 1, 0, 0.9)
    assert attempts[0].weight == float(trace["weights"][1, 0])
    assert torch.equal(attempts[0].inputs["inputs"], X)
    attempts[0].inputs["inputs"][:] = 0
    assert torch.equal(trace["inputs"], X)


def test_the_same_question_has_the_same_answer() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    one, other = (search(trace, 1, 0, 0.9) for _ in range(2))
    assert [attempt.weight for attempt in one] == [attempt.weight for attempt in other]
    assert torch.equal(one[-1].inputs["inputs"], other[-1].inputs["inputs"])


def test_what_is_reached_already_needs_no_step() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    (only,) = search(trace, 1, 0, float(trace["weights"][1, 0]))
    assert (only.status, only.number, only.moved) == (REACHED, 0, 0)


@pytest.mark.parametrize("bound", [1e-4, 0.01, 0.3, 1.7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_bound_is_held_by_every_attempt(bound: float, dtype: torch.dtype) -> None:
    trace = SELF_ATTENTION.run(**runs.single(2, dtype=dtype))
    attempts = search(trace, 5, 3, 1.0, moving=("inputs", "w_query"), bound=bound, max_steps=300)
    for attempt in attempts:
        off = [float((t.double() - trace[n].double()).norm()) for n, t in attempt.inputs.items()]
        assert math.hypot(*off) <= bound
    assert attempts[-1].status in (OUT_OF_BOUND, OUT_OF_STEPS, CLOSEST, REACHED)
    assert attempts[-1].weight > attempts[0].weight


def test_what_the_bound_forbids_is_said() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    *_, last = search(trace, 1, 0, 0.99, bound=0.2)
    assert last.status == OUT_OF_BOUND
    assert last.moved == pytest.approx(0.2, rel=1e-3)
    *_, freed = search(trace, 1, 0, 0.99, bound=20.0)
    assert freed.status == REACHED


def test_within_the_bound_it_finds_about_the_best() -> None:
    scores = SIMPLE_SELF_ATTENTION.run(inputs=X)
    *_, last = search(scores, 1, 0, 0.99, bound=0.2)
    dice = torch.Generator().manual_seed(0)
    for _ in range(500):
        move = torch.randn(X.shape, generator=dice)
        other = SIMPLE_SELF_ATTENTION.run(inputs=X + move / move.norm() * 0.2)
        assert float(other["weights"][1, 0]) < last.weight


@pytest.mark.parametrize("run", ["causal", "heads", "dropped"])
def test_what_is_masked_is_refused_at_once(run: str) -> None:
    trace = runs.RUNS[run]
    head = 1 if trace["weights"].ndim == 3 else None
    for step in ("weights", "dropped"):
        (only,) = search(trace, 1, 4, 0.5, step=step, head=head)
        assert (only.status, only.weight, only.moved) == (MASKED, 0.0, 0.0)


def test_a_row_that_may_attend_to_nothing_is_masked() -> None:
    mask = torch.ones(runs.TOKENS, runs.TOKENS, dtype=torch.bool)
    mask[2] = False
    trace = CAUSAL_SELF_ATTENTION.run(**runs.single(0), mask=mask)
    (only,) = search(trace, 2, 0, 0.5)
    assert only.status == MASKED
    assert math.isnan(only.weight)


def test_what_was_dropped_is_masked() -> None:
    trace = runs.RUNS["dropped"]
    query, key = (~trace["kept"] & trace["mask"]).nonzero()[-1].tolist()
    (only,) = search(trace, query, key, 0.9, step="dropped")
    assert only.status == MASKED
    assert search(trace, query, key, 0.9)[-1].status == REACHED


def test_what_nothing_that_moves_changes_is_said() -> None:
    trace = SELF_ATTENTION.run(**runs.single(0))
    (only,) = search(trace, 2, 1, 0.95, moving=("w_value",))
    assert only.status == NO_SLOPE
    own = trace.mechanism.with_overrides({"weights": {(2, 0): 0.25}}).run(**trace.inputs)
    (only,) = search(own, 2, 0, 0.95)
    assert (only.status, only.weight) == (NO_SLOPE, 0.25)


def test_two_equal_tokens_share() -> None:
    given = runs.single(0)
    given["inputs"][4] = given["inputs"][0]
    attempts = search(SELF_ATTENTION.run(**given), 2, 0, 0.9, moving=("w_query",), max_steps=150)
    assert attempts[-1].status in (CLOSEST, OUT_OF_STEPS)
    assert 0.4 < attempts[-1].weight <= 0.5


def test_a_weight_too_small_for_a_number_is_reached_too() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[30.0, 1.0], [1.0, 30.0]]))
    assert float(trace["weights"][0, 1]) == 0
    assert search(trace, 0, 1, 0.9)[-1].status == REACHED


def test_time_and_steps_run_out() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    assert search(trace, 1, 0, 0.999999, seconds=0)[-1].status == OUT_OF_TIME
    last = search(trace, 1, 0, 0.999999, max_steps=2)[-1]
    assert (last.status, last.number) == (OUT_OF_STEPS, 2)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"moving": ()}, "what may move must be among inputs, w_query.*; got nothing"),
        ({"moving": ("mask",)}, "what may move must be among inputs, w_query.*; got mask"),
        ({"moving": ("scores",)}, "got scores"),
        ({"target": 0.0}, "above 0 and at most 1; got 0"),
        ({"target": 1.5}, "above 0 and at most 1; got 1.5"),
        ({"target": math.nan}, "above 0 and at most 1; got nan"),
        ({"bound": 0.0}, "the bound must be a length above 0"),
        ({"bound": math.inf}, "the bound must be a length above 0"),
        ({"head": 0}, "needs no head, as it has none; got 0"),
    ],
)
def test_what_cannot_be_sought_is_refused(more: dict[str, Any], message: str) -> None:
    trace = CAUSAL_SELF_ATTENTION.run(**runs.single(0))
    with pytest.raises(ValueError, match=message):
        seek(trace, 1, 0, **{"target": 0.9, **more})


def test_a_head_is_needed_where_there_are_some() -> None:
    trace = runs.RUNS["heads"]
    with pytest.raises(ValueError, match="needs a head, as it has some; got None"):
        seek(trace, 1, 0, 0.9)
    with pytest.raises(IndexError, match="there is no cell"):
        seek(trace, 1, 0, 0.9, head=runs.HEADS)
    with pytest.raises(KeyError):
        seek(trace, 1, 0, 0.9, step="shares")
