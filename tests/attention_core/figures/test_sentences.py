"""Two sentences beside each other: a line for each weight, and nothing of what comes later."""

import pytest
import torch

from attention_core.figures import matrix_spec
from attention_core.figures.sentences import (
    NOT_YET,
    WIDEST,
    likeliest_spec,
    lines_spec,
    with_frames,
)

WEIGHTS = torch.tensor([[0.7, 0.3, 0.0], [0.05, 0.15, 0.8]])
READ, WRITTEN = ["<b>four</b>", "and", "two"], ["vier", "zwei"]


@pytest.mark.parametrize("step", [0, 1])
def test_the_words_lines_are_as_wide_as_their_weights(step: int) -> None:
    spec = lines_spec(WEIGHTS, WRITTEN, READ, step)
    lines = [line for line in spec["data"] if line["meta"]["colors"] and line["mode"] == "lines"][
        -3:
    ]
    assert [line["line"]["width"] for line in lines] == pytest.approx(
        [WIDEST * weight for weight in WEIGHTS[step].tolist()]
    )
    assert [line["opacity"] > 0 for line in lines] == [weight >= 0.01 for weight in WEIGHTS[step]]
    read = spec["layout"]["yaxis"]["ticktext"]
    assert read[0] == f"&lt;b&gt;four&lt;/b&gt; <b>{WEIGHTS[step, 0]:.4f}</b>"


def test_what_comes_later_is_not_shown_yet() -> None:
    spec = lines_spec(WEIGHTS, WRITTEN, READ, 0)
    assert spec["layout"]["yaxis2"]["ticktext"] == ["<b>vier</b>", NOT_YET]
    assert "zwei" not in str(spec)
    assert lines_spec(WEIGHTS, WRITTEN, READ, 1)["layout"]["yaxis2"]["ticktext"] == [
        "vier",
        "<b>zwei</b>",
    ]


def test_lines_of_earlier_words_lie_in_bundles_by_their_strength() -> None:
    bundles = lines_spec(WEIGHTS, WRITTEN, READ, 1)["data"][:4]
    texts = [set(bundle["text"]) for bundle in bundles]
    assert texts == [
        set(),
        set(),
        {"and → vier: weight 0.3000"},
        {"&lt;b&gt;four&lt;/b&gt; → vier: weight 0.7000"},
    ]


def test_the_likeliest_word_is_bold_and_on_top() -> None:
    spec = likeliest_spec([("<vier>", 0.75), ("drei", 1e-7)])
    assert spec["data"][0]["text"] == ["0.7500", "&lt;0.0001"]
    assert spec["data"][0]["y"] == [0, 1]
    assert spec["layout"]["yaxis"]["range"] == [1.5, -0.5]
    assert spec["layout"]["yaxis"]["ticktext"] == ["<b>&lt;vier&gt;</b>", "drei"]


def test_a_frame_is_around_each_cell() -> None:
    spec = matrix_spec(
        WEIGHTS, [WRITTEN, READ], axes=("r", "c"), title="", kind="weights", sentence=""
    )
    heatmap, frames = with_frames(spec, [(1, 2)])["data"]
    assert heatmap["z"] == spec["data"][0]["z"]
    assert (min(frames["x"][:-1]), max(frames["x"][:-1])) == (2 - 0.46, 2 + 0.46)
    assert (min(frames["y"][:-1]), max(frames["y"][:-1])) == (1 - 0.44, 1 + 0.44)
    assert frames["x"][-1] is None
