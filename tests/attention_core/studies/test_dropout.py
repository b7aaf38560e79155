"""The mean over draws is that of real draws, and comes closer to the weights."""

import math

import pytest
import torch

from attention_core import CAUSAL_SELF_ATTENTION
from attention_core.studies.dropout import mean_over_draws
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import single

WEIGHTS = torch.softmax(matrix(7, 5, 0), dim=-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.75])
def test_runs_with_the_same_seeds_have_the_same_mean(rate: float, dtype: torch.dtype) -> None:
    one = single(0, dtype=dtype)
    weights = CAUSAL_SELF_ATTENTION.run(**one)["weights"]
    found = mean_over_draws(weights, rate, 13, seed=11)
    runs = [
        CAUSAL_SELF_ATTENTION.run(**one, dropout=rate, training=True, seed=11 + draw)["dropped"]
        for draw in range(13)
    ]
    torch.testing.assert_close(found.mean, torch.stack(runs).mean(dim=0))
    assert found.mean.dtype == dtype
    for n_draws, distance in enumerate(found.distances, start=1):
        rows = [run.tolist() for run in runs[:n_draws]]  # the second route: plain Python
        farthest = max(
            abs(math.fsum(row[i][j] for row in rows) / n_draws - weights[i, j].item())
            for i in range(len(weights))
            for j in range(len(weights))
        )
        assert distance == pytest.approx(farthest, abs=1e-5)


def test_it_comes_closer_like_the_root_of_the_number_of_draws() -> None:
    found = mean_over_draws(WEIGHTS, 0.5, 2000)
    assert found.distances[-1] < 0.1 * found.distances[0]
    assert found.distances[-1] < 4 * found.expected[-1]
    assert found.expected[0] == pytest.approx(float(WEIGHTS.max()))  # √(0.5 / 0.5) = 1
    assert found.expected[99] == pytest.approx(found.expected[0] / 10)
    one_cell = torch.tensor([[0.0, 0.8]], dtype=torch.float64)
    draws = [mean_over_draws(one_cell, 0.2, 1, seed).distances[0] for seed in range(2000)]
    spread = math.sqrt(sum(draw**2 for draw in draws) / len(draws))
    assert mean_over_draws(one_cell, 0.2, 1).expected[0] == pytest.approx(spread, rel=0.1)


def test_nothing_dropped_is_no_distance() -> None:
    found = mean_over_draws(WEIGHTS, 0.0, 3)
    assert found.distances == found.expected == (0.0, 0.0, 0.0)
    assert torch.equal(found.mean, WEIGHTS)


def test_what_is_not_a_number_does_not_count() -> None:
    weights = WEIGHTS.clone()
    weights[3] = math.nan
    found = mean_over_draws(weights, 0.5, 4)
    assert found.mean.isnan().any(dim=1).tolist() == [row == 3 for row in range(7)]
    assert all(math.isfinite(distance) for distance in (*found.distances, *found.expected))


@pytest.mark.parametrize("n_draws", [0, 10_001, 2.0, True])
def test_a_number_of_draws_out_of_range_is_refused(n_draws: int) -> None:
    with pytest.raises(ValueError, match=r"n_draws must be a whole number from 1 to 10,000; got"):
        mean_over_draws(WEIGHTS, 0.5, n_draws)


def test_a_rate_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
        mean_over_draws(WEIGHTS, 1.0, 1)
