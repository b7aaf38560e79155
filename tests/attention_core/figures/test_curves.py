"""Line plots: the numbers that were measured, at their places."""

from attention_core.figures.curves import (
    Curve,
    curves_spec,
    peak_finding,
    peak_spec,
    spread_finding,
    spread_spec,
)
from attention_core.figures.palette import ROLE_COLOURS
from attention_core.studies.scale import scales


def test_a_line_has_its_numbers_at_their_places() -> None:
    curve = Curve("loss", "value", [3.0, 1.5], unit=" bits", dash="dot")
    spec = curves_spec(
        "Training", [10, 20], [curve], x_title="steps", y_title="loss",
        x_axis={"type": "log"}, y_axis={"range": [0, 4]},
    )  # fmt: skip
    (line,) = spec["data"]
    assert (line["x"], line["y"], line["name"]) == ([10, 20], [3.0, 1.5], "loss")
    assert line["line"]["dash"] == "dot"
    assert line["meta"]["colors"] == ROLE_COLOURS["value"]
    assert line["hovertemplate"] == "loss, %{x}: %{y:.4~g} bits<extra></extra>"
    assert spec["layout"]["xaxis"] == {
        "title": {"text": "steps"},
        "fixedrange": True,
        "type": "log",
    }
    assert spec["layout"]["yaxis"]["range"] == [0, 4]


def test_both_ways_of_dividing_are_drawn_and_told_at_the_largest_width() -> None:
    found = scales(13, 0, 7)
    widths = [scale.d_k for scale in found]
    plain, over = spread_spec(found)["data"]
    assert plain["x"] == over["x"] == widths
    assert plain["y"] == [scale.spread for scale in found]
    assert over["y"] == [scale.scaled_spread for scale in found]
    plain, over = peak_spec(found)["data"]
    assert plain["y"] == [scale.peak for scale in found]
    assert over["y"] == [scale.scaled_peak for scale in found]
    for told in (spread_finding(found), peak_finding(found)):
        assert told.startswith(f"at d_k = {widths[-1]} the ")
