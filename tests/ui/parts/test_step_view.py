"""A mechanism's steps on the page: the picture, the verdict, the code that can be pasted."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import broken, cards, codes, markdown_texts, opened
from ui.lab import link
from ui.lab.lab import Lab


def test_code_that_reads_the_file_says_where_it_comes_from() -> None:
    script = (
        "import torch\nfrom attention_core import SIMPLE_SELF_ATTENTION\n"
        "from ui.parts import step_view\n"
        "step_view.code(SIMPLE_SELF_ATTENTION.run(inputs=torch.rand(100, 11)))"
    )
    at = AppTest.from_string(script, default_timeout=30).run()
    assert broken(at) == []
    assert "100 × 11 = 1,100 numbers" in at.caption[0].value
    assert "“embeddings.csv”, which is under “Take it with you”" in at.caption[0].value


NEW_PAGE = """
from tests.attention_core.matrices import matrix
from tests.new_mechanism import LUKEWARM
from ui.cards import step_cards
from ui.parts import step_view

trace = LUKEWARM.run(ideas=matrix(3, 2, 0), doubts=matrix(5, 2, 1))
group = step_cards.steps(trace, trace.steps, ["a", "b", "c", "d", "e"])
step_view.draw(group, widget_key="figures:new")
step_view.formulas(LUKEWARM)
step_view.code(trace)
"""


def test_a_new_mechanism_has_a_page_section_without_code_of_its_own() -> None:
    at = AppTest.from_string(NEW_PAGE, default_timeout=30).run()
    assert broken(at) == []
    shown = cards(at, "figures:new")
    assert list(shown) == ["sympathies", "half_hearted", "portions"]
    assert [card["title"] for card in shown.values()] == ["Sympathies", "Half hearted", "Portions"]
    assert [card["shape"] for card in shown.values()] == ["3 × 5"] * 3
    assert all(card["check"]["ok"] and card["alt"] for card in shown.values())
    assert shown["half_hearted"]["formula"] == "half_hearted = sympathies / 2"
    assert shown["half_hearted"]["spec"]["layout"]["xaxis"]["ticktext"] == list("abcde")
    told = "\n".join([*(formula.value for formula in at.latex), *markdown_texts(at)])
    for name in ("sympathies", "half hearted", "portions", "ideas", "doubts"):
        assert rf"\text{{{name}}}" in told
    assert r"\text{half hearted}_{ij} = \text{sympathies}_{ij} / 2" in told
    assert codes(at)[0].endswith("portions = torch.softmax(half_hearted, dim=-1)")


@pytest.mark.parametrize("queries_as", ["rows", "columns"])
def test_figures_whose_script_did_not_load_are_drawn_plainly(queries_as: str) -> None:
    at = opened(lab=link.encode(Lab(queries_as=queries_as)))
    at.session_state["figures:start"] = {"failed": True}
    at.run()
    assert broken(at) == []
    assert any("so these are plain ones" in caption.value for caption in at.caption)
    plain = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    drawn = [card["spec"] for card in cards(at).values()]
    assert [own["data"][0]["type"] for own in plain] == ["heatmap"] * len(drawn)
    assert [own["data"][0]["y"] for own in plain] == [own["data"][0]["y"] for own in drawn]
