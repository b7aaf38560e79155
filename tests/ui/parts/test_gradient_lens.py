"""The gradient lens: the derivatives as drawn, checked, of the cell that is looked at."""

from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core.studies.lens import sensitivity
from tests.screen import PROJECT, broken, cards, components, opened, said
from ui.cards import lens
from ui.cards.simple_run import trace_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS

RUNS = {
    lesson.name: lesson.main_run
    for lesson in LESSONS
    if lesson.main_run and lesson.main_run.has_lens
}
each = pytest.mark.parametrize("stem", RUNS)


def page(stem: str, **chosen: Any) -> AppTest:
    lab = Lab().choosing(**{"has_lens": True, **chosen})
    return opened(PROJECT / "pages" / f"{stem}.py", lab=link.encode(lab))


@each
def test_every_number_of_every_table_has_its_derivative(stem: str) -> None:
    run = RUNS[stem]
    lab = Lab(has_lens=True)
    at = page(stem)
    assert broken(at) == []
    trace = run.trace_of(lab)
    name = trace.steps[-1]
    expected = sensitivity(trace, name, (0, 0))
    drawn = cards(at, run.lens_place)
    assert set(drawn) == {f"lens_{own}" for own in expected}
    for own, slopes in expected.items():
        z = torch.tensor(drawn[f"lens_{own}"]["spec"]["data"][0]["z"], dtype=torch.float64)
        assert torch.equal(z, slopes)
        assert drawn[f"lens_{own}"]["check"]["ok"]
        assert "the complex step" in drawn[f"lens_{own}"]["check"]["text"]


@each
def test_it_is_off_until_it_is_asked_for(stem: str) -> None:
    at = page(stem, has_lens=False)
    assert RUNS[stem].lens_place not in components(at)
    at.toggle(key="_has_lens").set_value(True).run()
    assert broken(at) == []
    assert RUNS[stem].lens_place in components(at)


def test_what_it_says_holds_for_small_changes_and_not_for_one_more() -> None:
    lab = Lab(has_lens=True)
    slope = float(sensitivity(trace_of(lab), "context", (0, 0))["inputs"][1, 0])
    before = float(trace_of(lab)["context"][0, 0])
    moved = {}
    for step in (0.01, 1.0):
        own = lab.with_entries([("journey", 1, 0, 0.55 + step)])
        moved[step] = float(trace_of(own)["context"][0, 0]) - before
    assert moved[0.01] / 0.01 == pytest.approx(slope, rel=0.02)
    assert moved[1.0] != pytest.approx(slope, rel=0.2)
    at = page("start_here")
    (told,) = [text.value for text in at.markdown if text.value.startswith("How fast **context")]
    assert "holds for small changes" in told
    alt = cards(at, f"{lens.NAME}start")["lens_inputs"]["alt"]
    assert alt.endswith(" times as much as a small change there.")


def test_it_looks_at_the_cell_that_was_picked() -> None:
    lab = Lab(trail=(("figures:start", "weights", 1, 4),))
    at = page("start_here", trail=lab.trail)
    expected = sensitivity(trace_of(lab), "weights", (1, 4))["inputs"]
    z = cards(at, f"{lens.NAME}start")["lens_inputs"]["spec"]["data"][0]["z"]
    assert torch.equal(torch.tensor(z, dtype=torch.float64), expected)


def test_what_is_not_a_number_has_no_derivative_and_says_so() -> None:
    cell = (("figures:masked", "masked", 0, 5),)
    at = page("causal_attention", trail=cell)
    assert broken(at) == []
    assert any(text.startswith("No derivative here") for text in said(at))


def test_too_many_numbers_are_not_waited_for() -> None:
    at = page("start_here", sentence=" ".join(f"w{n}" for n in range(300)), d=16)
    assert broken(at) == []
    assert any("4,800" in text for text in said(at))
    assert f"{lens.NAME}start" not in components(at)
