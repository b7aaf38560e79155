"""The spread of dot products is measured, and plain Python finds the same."""

import math
import statistics

import pytest
import torch

from attention_core.figures.curves import peak_finding, peak_spec, spread_finding, spread_spec
from attention_core.studies.scale import scales, vectors, widths


@pytest.mark.parametrize("seed", [0, 123])
def test_loops_find_the_same(seed: int) -> None:
    n_tokens = 7
    for found in scales(13, seed, n_tokens):
        queries, keys = (part.tolist() for part in vectors(found.d_k, seed, n_tokens))
        rows = [
            [sum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
            for query in queries
        ]
        root = math.sqrt(found.d_k)
        for divisor, spread, peak in (
            (1, found.spread, found.peak),
            (root, found.scaled_spread, found.scaled_peak),
        ):
            scores = [[score / divisor for score in row] for row in rows]
            everything = [score for row in scores for score in row]
            assert spread == pytest.approx(statistics.pstdev(everything), rel=1e-4)
            tops = [
                math.exp(max(row)) / math.fsum(math.exp(score) for score in row) for row in scores
            ]
            assert peak == pytest.approx(statistics.fmean(tops), rel=1e-4)


def test_the_spread_grows_like_the_root_and_scaling_stops_it() -> None:
    for found in scales(1024):
        assert found.spread == pytest.approx(math.sqrt(found.d_k), rel=0.15)
        assert found.scaled_spread == pytest.approx(1, rel=0.15)
    narrow, *_, wide = scales(1024)
    assert wide.peak > 0.8 > 0.3 > wide.scaled_peak
    assert wide.peak > 2 * narrow.peak


def test_widths_end_at_the_one_asked_for() -> None:
    assert widths(1) == [1]
    assert widths(2) == [1, 2]
    assert widths(37) == [1, 2, 4, 8, 16, 32, 37]


def test_the_vectors_are_drawn_from_a_seed_of_their_own() -> None:
    before = torch.random.get_rng_state()
    assert scales(8, 5) == scales(8, 5) != scales(8, 6)
    assert torch.equal(torch.random.get_rng_state(), before)
    queries, keys = vectors(3, 5, 7)
    assert queries.shape == keys.shape == (7, 3)
    assert not torch.equal(queries, keys)


@pytest.mark.parametrize("most", [0, -1, 4097, 2.0, True])
def test_a_width_out_of_range_is_refused(most: int) -> None:
    with pytest.raises(ValueError, match=r"most must be a whole number from 1 to 4096; got"):
        scales(most)


def test_the_plots_show_what_was_measured() -> None:
    found = scales(16)
    for spec, names in (
        (spread_spec(found), ("spread", "scaled_spread")),
        (peak_spec(found), ("peak", "scaled_peak")),
    ):
        for line, name in zip(spec["data"], names, strict=True):
            assert line["x"] == [1, 2, 4, 8, 16]
            assert line["y"] == [getattr(scale, name) for scale in found]
    assert f"{found[-1].spread:.4f}".rstrip("0") in spread_finding(found)
    assert f"{found[-1].scaled_peak:.4f}".rstrip("0") in peak_finding(found)
