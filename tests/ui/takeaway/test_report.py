"""The report of every page: everything the page has drawn, and never too large."""

import json
import re
from dataclasses import replace
from datetime import datetime
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core import Mechanism, Trace
from tests.screen import FRAME, PAGES, broken, components, opened
from tests.ui.takeaway.test_menu import offers
from ui.cards.card import Group
from ui.cards.explained import Explained
from ui.lab import link, state
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.takeaway import report

MADE = datetime(2026, 1, 2, 3, 4)
WORDS = '</script> <img/onerror=alert(1)> "a" b\u2028c'
READ_NUMBERS = {"why_attention", "bahdanau_attention", "train_it_yourself"}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def shown(page: Path, lab: Lab) -> AppTest:
    """A page with this lab, its menu open."""
    return _shown(page, link.to_file(lab))


@cache
def _shown(page: Path, text: str) -> AppTest:
    at, lab = opened(FRAME), link.from_file(text.encode())
    at.session_state["session"] = type(at.session_state["session"])(lab)
    at.switch_page(f"../pages/{page.name}").run()
    at.session_state["_takeaway"] = True  # another page begins with its menu closed
    at.run()
    assert broken(at) == []
    return at


def report_of(page: Path, lab: Lab) -> str:
    """The report of a page."""
    drawn = tuple(shown(page, lab).session_state["noted"].items())
    return report.report_of(
        drawn, lab, lesson=LESSONS[page.stem], link="http://localhost/?lab=1.x", made=MADE
    )


def specs_of(html: str) -> list[Any]:
    """The figure JSON in a report."""
    found = re.search(r'id="specs">(.*?)</script>', html, re.S)
    assert found
    specs: list[Any] = json.loads(found[1])
    return specs


@each_page
def test_a_report_has_every_figure_of_its_page(page: Path) -> None:
    lab = Lab(sentence=WORDS)
    html = report_of(page, lab)
    figures = [
        card["spec"]
        for name, data in components(shown(page, lab)).items()
        if name.startswith("figures:")
        for card in data["figures"]
    ]
    ours = [json.dumps(spec, sort_keys=True) for spec in specs_of(html)]
    assert sorted(ours) == sorted(json.dumps(spec, sort_keys=True) for spec in figures)
    lesson = LESSONS[page.stem]
    assert f"<h1>{lesson.title}</h1>" in html
    assert lesson.question in html.replace("&#x27;", "'")
    assert ours
    has_run = any(group.explained for group in shown(page, lab).session_state["noted"].values())
    assert ("What it was computed from" in html) == has_run
    assert "<img" not in html.split("<script>")[0]


@each_page
def test_up_to_64_tokens_a_report_has_less_than_6_megabytes(page: Path) -> None:
    words = " ".join(f"word{n}" for n in range(report.SMALL))
    lab = Lab().choosing(sentence=words, d=64, preset="random", d_out=64, n_heads=16, order_seed=3)
    assert len(report_of(page, lab).encode()) < report.MOST


def test_a_longer_sentence_says_how_large_its_report_is() -> None:
    lab = Lab(sentence=" ".join(f"word{n}" for n in range(report.SMALL + 1)))
    labels = offers(shown(PAGES[0], lab))
    assert any(re.fullmatch(r"As a report \(\.html, about [45] MB\)", t) for t in labels)
    small = offers(shown(PAGES[0], Lab(sentence="to be")))
    assert "As a report (.html)" in small


def test_the_tokens_of_whatever_is_shown_count() -> None:
    weights = torch.ones((2, report.SMALL + 3))
    trace = Trace(Mechanism(("weights",), ()), {"weights": weights})
    group = Group([], Explained(trace, ()))
    assert report.most_tokens((("figures:x", group),), Lab(sentence="to be")) == report.SMALL + 3
    assert report.most_tokens((), Lab(sentence="to be")) == 2


def test_the_size_of_a_report_is_found_out_once_for_each_lab(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Lab] = []

    def counted(drawn: report.Drawn, lab: Lab, **_: object) -> str:
        made.append(lab)
        return "x"

    monkeypatch.setattr(report, "report_of", counted)
    at = opened(FRAME)
    at.session_state["_takeaway"] = True
    long = Lab(sentence=" ".join(f"word{n}" for n in range(report.SMALL + 1)))
    session = at.session_state["session"]
    at.session_state["session"] = type(session)(long)
    at.run().run()
    assert made == [long]
    at.session_state["session"] = type(session)(replace(long, seed=long.seed + 1))
    at.run().run()
    assert len(made) == 2


def test_a_session_keeps_what_was_drawn_only_while_the_menu_is_open() -> None:
    at = opened(FRAME)
    assert "noted" not in at.session_state
    at.session_state["_takeaway"] = True
    assert at.run().session_state["noted"]
    at.session_state["_takeaway"] = False
    assert "noted" not in at.run().session_state


@each_page
def test_every_formula_is_drawn_in_other_symbols_too(page: Path) -> None:
    lab = Lab(queries_as="columns", count_from=0, symbols="words")
    assert "in plain words" in report_of(page, lab)


def test_a_page_without_pictures_offers_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "noted", list)
    told = offers(shown(PAGES[0], Lab(sentence="nothing is drawn")))
    assert told
    assert not [label for label in told if label.startswith("As a report")]


def test_what_is_translated_is_the_sentence_of_its_pages() -> None:
    lab = Lab(sentence="a sentence of other pages", numbers="forty two")
    for page in PAGES:
        html, is_read = report_of(page, lab), page.stem in READ_NUMBERS
        assert ("<dd>forty two</dd>" in html) == is_read
        assert ("<dd>a sentence of other pages</dd>" in html) != is_read


def test_numbers_that_are_none_are_not_named_but_the_sentence_that_was_read() -> None:
    for numbers, read in (("hello", "thirty four seven sixty one"), ("42, 7", "forty two seven")):
        for page in PAGES:
            if page.stem in READ_NUMBERS:
                html = report_of(page, Lab(sentence="of other pages", numbers=numbers))
                assert f"<dd>{read}</dd>" in html
                assert f"<dd>{numbers}</dd>" not in html


def test_conventions_are_said_and_followed() -> None:
    lab = Lab(queries_as="columns", count_from=0, symbols="paper")
    html = report_of(PAGES[0], lab)
    head = unescape(html.split("</header>")[0])
    assert "queries are columns, counted from 0, in the paper's symbols Q, K, V" in head
    assert specs_of(html)[0]["layout"]["xaxis"]["title"]["text"] == "query token"
    assert "<mi>Q</mi>" in html


def test_a_lab_too_large_for_an_address_says_so_instead_of_a_link() -> None:
    html = report.report_of((), Lab(), lesson=LESSONS["start_here"], link="", made=MADE)
    assert "too large for an address" in html
    assert "<a " not in html.split("<script>")[0]
    assert "2026-01-02 03:04 UTC" in html


def test_the_figures_of_every_page_have_headings() -> None:
    figures = LESSONS.figures
    assert all(own.heading for own in figures.values())
    others = {"figures:timings", "figures:training"}
    others |= {f"figures:tensor_{part}" for part in ("heads", "steps", "inputs")}
    assert {name for name, own in figures.items() if own.make is None} == others
