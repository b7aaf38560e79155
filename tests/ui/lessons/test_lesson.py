"""A lesson is a declaration: one that nobody wrote code for is found by everything there is."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import make_dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import streamlit as st

from attention_core.export.proof import blocks, script
from tests.attention_core.export.proofs import run
from tests.screen import FRAME, broken, cards, components, edit, opened, order, said, send
from ui.lab import link
from ui.lab.choices import Choices, choice
from ui.lab.lab import Lab, known_fields
from ui.lessons import LESSONS
from ui.lessons.lesson import PAGES, Lesson
from ui.server.live import answer
from ui.takeaway import report
from ui.takeaway.menu import Visit

FILES = {
    "pages/louder.py": '''
"""Louder: scores times a number of one's own."""

import streamlit as st

from toy.lesson import LESSON
from toy.figures import trace_of
from ui.parts import closing, figure_group, worksheet

st.title(LESSON.question)
lab, table = worksheet.worksheet()
figure_group.figures("figures:louder", lab)
closing.lens_and_goal(LESSON, trace_of(lab), lab)
closing.to_try(LESSON, lab)
closing.predictions(LESSON, lab)
with table:
    worksheet.embeddings_table(lab)
''',
    "toy/figures.py": '''
"""The figures of a toy."""

from dataclasses import dataclass

from attention_core import normalisations
from attention_core.export import Shown
from ui.cards import overriding, step_cards
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.prediction import Truth
from ui.lab.checks import whole
from ui.lab.choices import Choices, choice


@dataclass(frozen=True, slots=True)
class LouderChoices(Choices):
    """How loud."""

    loudness: int = choice(2, whole(1, 9), "what the toy divides its scores by")


def trace_of(lab):
    tensor = tensor_of(lab)
    run = normalisations(1 / lab.of(LouderChoices).loudness).run(scores=tensor @ tensor.mT)
    return overriding.applied(run, lab, "louder")


def steps(lab):
    trace = trace_of(lab)
    group = step_cards.steps(trace, ("scaled", "weights"), labels_of(lab))
    return overriding.overridable(group, "louder")


def shown(lab):
    return [Shown("louder", "Louder", trace_of(lab), labels_of(lab))]


def question(lab):
    return "Louder?", ["yes", "no"], Truth(0, "It is.")
''',
    "toy/lesson.py": '''
"""A toy lesson, declared."""

from pathlib import Path

from toy import figures
from ui.lessons.lesson import Figures, Lesson, MainRun

LESSON = Lesson(
    name="louder",
    title="Louder",
    icon=":material/volume_up:",
    question="What if everybody shouted?",
    story="Your own",
    place=75,
    figures={"figures:louder": Figures("Shouting", figures.steps)},
    shown=figures.shown,
    choices=figures.LouderChoices,
    has_one_run=True,
    main_run=MainRun(
        stored_as="louder", trace_of=figures.trace_of, places=("figures:louder",)
    ),
    predictions={"louder": figures.question},
    to_try=lambda lab: "- Shout.",
    pages=Path(__file__).parents[1] / "pages",
)
''',
}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    """A lesson from outside: its page script and its folder, registered."""
    folder = tmp_path_factory.mktemp("outside")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        lesson: Lesson = importlib.import_module("toy.lesson").LESSON
        LESSONS.add(lesson)
        yield lesson
        LESSONS.remove(lesson.name)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == "toy"]:
            del sys.modules[name]


LOUD: dict[str, Any] = {"sentence": "to be or not", "loudness": 5}
STORED_AS = {"trail": (("figures:louder", "weights", 1, 0),), "has_lens": True}


def page_of(toy: Lesson, **chosen: Any) -> Any:
    at = opened(FRAME, lab=link.encode(Lab().choosing(**LOUD | chosen)))
    return at.switch_page(str(toy.script)).run()


def test_it_is_page_folder_and_test() -> None:
    assert len(FILES) + 1 <= 4
    assert sorted(FILES) == ["pages/louder.py", "toy/figures.py", "toy/lesson.py"]


def test_it_is_in_the_navigation_where_it_belongs(
    toy: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []
    navigation = st.navigation

    def noted(pages: Any, **how: Any) -> Any:
        found[:] = pages
        return navigation(pages, **how)

    monkeypatch.setattr(st, "navigation", noted)
    assert broken(opened(FRAME)) == []
    titles = [page.title for page in found]
    assert len(titles) == len(LESSONS)
    assert titles[titles.index("Normalisation lab") + 1] == "Louder"
    assert next(page.url_path for page in found if page.title == "Louder") == "louder"


def test_its_page_shows_its_figures_its_lens_what_to_try_and_its_question(toy: Lesson) -> None:
    at = page_of(toy, **STORED_AS)
    assert broken(at) == []
    assert [title.value for title in at.title] == ["What if everybody shouted?"]
    assert list(cards(at, "figures:louder")) == ["scaled", "weights"]
    assert list(cards(at, "figures:lens:louder")) == ["lens_scores"]
    assert components(at)["explain:figures:louder"]["formula"]
    assert any("Shout." in text.value for text in at.markdown)
    at.radio(key="_answer:louder").set_value(0).run()
    assert any("Right. It is." in text for text in said(at))


def test_it_is_in_the_fast_lane_with_the_numbers_of_its_page(toy: Lesson) -> None:
    at, operation = page_of(toy), edit(1, ("be|1", 2, 0.5))
    asked = {
        "lab": link.encode(Lab().choosing(**LOUD)),
        "table": "embeddings",
        "ops": [operation],
        "groups": ["figures:louder"],
    }
    ahead = json.loads(json.dumps(answer(asked)["groups"]["figures:louder"]["figures"]))
    before = list(cards(at, "figures:louder").values())
    send(at, operation)
    assert list(cards(at, "figures:louder").values()) == ahead != before


def test_its_choices_and_own_numbers_go_round_in_a_link_and_a_file(toy: Lesson) -> None:
    lab = Lab().choosing(**LOUD)
    assert link.decode(link.encode(lab)) == lab == link.from_file(link.to_file(lab).encode())
    assert lab.value("loudness") == 5
    assert known_fields()["loudness"].metadata["meaning"] == "what the toy divides its scores by"
    with pytest.raises(link.LinkError, match="loudness should be a whole number from 1 to 9"):
        link.from_file(b'{"attention_lab": 2, "loudness": 10}')
    assert link.decode(components(page_of(toy))["keeper"]["address"]) == lab


def test_it_is_in_the_report(toy: Lesson) -> None:
    at = page_of(toy)
    at.session_state["_takeaway"] = True
    at.run()
    lab, drawn = Lab().choosing(**LOUD), tuple(at.session_state["noted"].items())
    html = report.report_of(drawn, lab, lesson=toy, link="", made=datetime(2026, 1, 2))
    assert "<h1>Louder</h1>" in html
    assert "Shouting" in html
    assert "to be or not" in html


def test_it_is_in_the_proof_with_the_numbers_of_its_page(toy: Lesson) -> None:
    visit = Visit(toy, Lab().choosing(**LOUD))
    text = script(blocks(visit.lesson.title, visit.shown()))
    names = run(text)
    (shown,) = visit.shown()
    assert names["weights"].equal(shown.trace["weights"])
    assert visit.stem == "attention-lab-louder"


def test_its_choices_are_undone_and_done_again(toy: Lesson) -> None:
    at = page_of(toy)
    session = at.session_state["session"]
    lab = session.lab.choosing(loudness=9)
    at.session_state["session"] = replace(session, lab=lab, past=(session.lab,))
    assert cards(at.run(), "figures:louder")
    loudest = cards(at, "figures:louder")
    send(at, order(1, "undo"))
    assert at.session_state["session"].lab.value("loudness") == 5
    assert cards(at, "figures:louder") != loudest
    send(at, order(2, "redo"))
    assert cards(at, "figures:louder") == loudest


def test_names_are_given_once(toy: Lesson) -> None:
    with pytest.raises(ValueError, match="there is already figures:"):
        LESSONS.add(replace(toy, choices=None))
    with pytest.raises(ValueError, match="there is already louder"):
        LESSONS.add(replace(toy, choices=None, figures={}, main_run=None))
    with pytest.raises(ValueError, match="story is one of"):
        replace(toy, story="Nowhere")


def test_a_choice_has_one_owner(toy: Lesson) -> None:
    taken = [("loudness", int, choice(1, int, "another"))]
    kind = make_dataclass("Another", taken, bases=(Choices,), frozen=True)
    other = replace(toy, name="another", figures={}, main_run=None, choices=kind)
    with pytest.raises(ValueError, match="already a choice called loudness"):
        LESSONS.add(other)
    assert "another" not in {lesson.name for lesson in LESSONS}


def test_the_syllabus_is_the_folders_in_their_order() -> None:
    declared = Path(__file__).parents[3].glob("ui/lessons/*/lesson.py")
    own = [lesson for lesson in LESSONS if lesson.pages == PAGES]
    assert {lesson.name for lesson in own} == {path.parent.name for path in declared}
    assert [lesson.name for lesson in own][:2] == ["start_here", "why_attention"]
    assert LESSONS.at("") is own[0]
    assert LESSONS.at("dropout") is LESSONS["dropout"]
    assert all(lesson.script.is_file() for lesson in own)


def test_modules_of_lessons_say_their_own_name() -> None:
    for lesson in LESSONS:
        module: ModuleType | None = sys.modules.get(f"ui.lessons.{lesson.name}.lesson")
        assert module is None or lesson is module.LESSON


def test_a_choice_is_called_like_no_field_that_lessons_share(toy: Lesson) -> None:
    shared = [("sentence", str, choice("", str, "the text"))]
    kind = make_dataclass("Shadow", shared, bases=(Choices,), frozen=True)
    shadow = replace(toy, name="shadow", figures={}, main_run=None, choices=kind)
    with pytest.raises(ValueError, match="there is already sentence"):
        LESSONS.add(shadow)
