"""The nested loops: their scores, their count, their timing."""

import itertools

import pytest
import torch

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.notebook import INPUTS, SCORES
from attention_core.studies.loops import agreement, measure, scores_by_loops, tokens_to_loop


def test_the_loops_give_the_notebooks_scores() -> None:
    looped = scores_by_loops(INPUTS).scores
    torch.testing.assert_close(looped, SCORES, rtol=0, atol=5e-5)


@pytest.mark.parametrize(("n_tokens", "d_in"), [(1, 1), (2, 3), (7, 5), (13, 16)])
def test_the_loops_agree_with_the_product_and_count_every_multiplication(
    n_tokens: int, d_in: int, rng: torch.Generator
) -> None:
    inputs = torch.randn(n_tokens, d_in, generator=rng)
    scores, multiplications = scores_by_loops(inputs)
    product = SIMPLE_SELF_ATTENTION.run(inputs=inputs)["scores"]
    assert agreement(scores, product, inputs).ok
    assert multiplications == n_tokens * n_tokens * d_in


def test_a_wrong_score_is_no_agreement(rng: torch.Generator) -> None:
    inputs = torch.randn(5, 3, generator=rng)
    wrong = inputs @ inputs.T
    wrong[4, 1] += 1e-3
    check = agreement(scores_by_loops(inputs).scores, wrong, inputs)
    assert not check.ok
    assert check.max_difference == pytest.approx(1e-3, rel=1e-2)


def test_large_numbers_may_differ_by_their_own_rounding(rng: torch.Generator) -> None:
    inputs = 1e6 * torch.randn(11, 16, generator=rng)
    assert agreement(scores_by_loops(inputs).scores, inputs @ inputs.T, inputs).ok


def test_both_ways_are_timed_for_each_size() -> None:
    timings = measure(3, (2, 5), runs=2)
    assert [timing.n_tokens for timing in timings] == [2, 5]
    assert all(timing.loops > 0 and timing.product > 0 for timing in timings)


def test_the_time_is_the_median_of_the_runs() -> None:
    # Each run reads the clock for the limit, at its start and at its end.
    runs = [9.0, 1.0, 2.0]
    ticks = [0.0]
    for _ in ("product", "loops"):
        for run in runs:
            ticks += [0.0] * (run != runs[0]) + [0.0, run]
    ticks.append(0.0)
    reading = iter(ticks)
    (timing,) = measure(3, (2,), runs=3, clock=lambda: next(reading))
    assert timing.loops == timing.product == 2.0


def test_no_larger_size_is_begun_when_time_is_up() -> None:
    seconds = itertools.count()
    timings = measure(3, (2, 4, 8), seconds=2.0, clock=lambda: float(next(seconds)))
    assert [timing.n_tokens for timing in timings] == [2]


@pytest.mark.parametrize(("n_tokens", "looped"), [(1, 1), (64, 64), (65, 32), (512, 32)])
def test_the_loops_of_a_page_are_bounded(n_tokens: int, looped: int) -> None:
    assert tokens_to_loop(n_tokens) == looped


def test_the_loops_over_the_first_tokens_give_that_part_of_the_product(
    rng: torch.Generator,
) -> None:
    inputs = torch.randn(100, 64, generator=rng)
    part = tokens_to_loop(100)
    scores, multiplications = scores_by_loops(inputs[:part])
    whole = SIMPLE_SELF_ATTENTION.run(inputs=inputs)["scores"]
    assert agreement(scores, whole[:part, :part], inputs[:part]).ok
    assert multiplications == 32 * 32 * 64
