"""Goal seek on the pages: what is claimed is reached, replayed, refused, and kept over a reload."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from attention_core.studies.goal import MASKED
from tests.screen import PROJECT, broken, cards, components, edit, markdown_texts, opened, send
from ui.cards import goal_path
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.lessons.causal_attention import runs as causal_runs

RUNS = {
    lesson.name: lesson.main_run
    for lesson in LESSONS
    if lesson.main_run and lesson.main_run.has_goal
}
each = pytest.mark.parametrize("stem", RUNS)


def page(stem: str, **chosen: Any) -> AppTest:
    lab = link.encode(Lab().choosing(**chosen))
    return opened(PROJECT / "pages" / f"{stem}.py", lab=lab)


def searched(stem: str, **chosen: Any) -> AppTest:
    at = page(stem, goal=(4, 1, 0.9, 0.0), **chosen)
    at.button(key="_goal_search").click().run()
    assert broken(at) == []
    return at


def weight(at: AppTest, stem: str) -> float:
    shown = next(own for place in RUNS[stem].places if "weights" in (own := cards(at, place)))
    return float(shown["weights"]["spec"]["data"][0]["z"][4][1])


@each
def test_what_is_claimed_is_on_the_screen(stem: str) -> None:
    at = searched(stem)
    assert weight(at, stem) >= 0.9
    assert any(text.startswith("**Reached** in ") for text in markdown_texts(at))


@each
def test_the_slider_goes_through_the_steps(stem: str) -> None:
    before = weight(page(stem), stem)
    at = searched(stem)
    last = int(at.slider(key="_goal_step").max or 0)
    assert last > 1
    found = [weight(at, stem)]
    for step in (last // 2, 0):
        at.slider(key="_goal_step").set_value(step).run()
        assert broken(at) == []
        found.append(weight(at, stem))
    assert found[0] > found[1] > found[2] == before


def test_a_reload_replays_the_same_search() -> None:
    at = searched("start_here")
    at.slider(key="_goal_step").set_value(2).run()
    address = components(at)["table:embeddings"]["lab"]
    again = opened(PROJECT / "pages" / "start_here.py", lab=address)
    assert broken(again) == []
    assert again.slider(key="_goal_step").value == 2
    assert weight(again, "start_here") == weight(at, "start_here")
    assert again.slider(key="_goal_step").max == at.slider(key="_goal_step").max


def test_only_what_may_move_moves() -> None:
    at = searched("queries_keys_values", goal_moves=("w_query",))
    lab = link.decode(components(at)["table:embeddings"]["lab"])
    assert not lab.edits
    assert {name for name, _, _ in lab.parameters.rows} == {"w_query"}


def test_a_bound_that_is_too_tight_is_said() -> None:
    at = page("start_here", goal=(4, 1, 0.9, 0.1))
    at.button(key="_goal_search").click().run()
    assert broken(at) == []
    assert any(text.startswith("**Not reached within the bound") for text in markdown_texts(at))
    lab = link.decode(components(at)["table:embeddings"]["lab"])
    assert float((lab.tensor - Lab().tensor).norm()) <= 0.1 + 1e-6


def test_a_masked_weight_cannot_be_reached_and_it_says_so() -> None:
    at = page("causal_attention", goal=(1, 4, 0.9, 0.0))
    at.button(key="_goal_search").click().run()
    assert broken(at) == []
    assert any(text.startswith("**Not reachable: masked") for text in markdown_texts(at))
    (only,) = goal_path.attempts_of(Lab(goal=(1, 4, 0.9, 0.0)), causal_runs.trace_of)
    assert only.status == MASKED


def test_nothing_that_may_move_is_a_message() -> None:
    at = page("queries_keys_values", goal_moves=())
    at.button(key="_goal_search").click().run()
    assert broken(at) == []
    told = [str(warning.value) for warning in at.warning]
    assert any("choose at least one thing that may move" in text for text in told)


def test_the_search_is_undone_as_one_step() -> None:
    at = searched("start_here")
    at.slider(key="_goal_step").set_value(1).run()
    at = send(at, {"id": 1, "op": "undo"})
    lab = link.decode(components(at)["table:embeddings"]["lab"])
    assert not lab.edits


def test_another_sentence_keeps_the_page_working() -> None:
    at = searched("start_here")
    at.text_input(key="_sentence").set_value("to be or not").run()
    assert broken(at) == []
    assert any("began with another sentence" in str(info.value) for info in at.info)
    at = send(at, edit(1, ("be|1", 0, 0.5)))
    assert broken(at) == []


@pytest.mark.parametrize("text", ["S:zzz", "nothing", "S:1."])
def test_a_damaged_start_is_passed_over(text: str) -> None:
    assert broken(page("start_here", goal_from=text)) == []
