"""The figures ahead of the page run: the same as the run's, from the same lab and edits."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message
from streamlit.testing.v1 import AppTest

from tests.coroutines import finished
from tests.screen import FRAME, PAGES, broken, cards, components, edit, opened, send, table
from ui.cards.editors import LONGEST_QUESTION
from ui.lab import link
from ui.lab.lab import Lab
from ui.lab.link import decode, encode
from ui.lab.state import Session
from ui.lessons import LESSONS
from ui.server.live import MAX_QUESTION, answer, endpoint

FIGURES = "figures:start"
NORMALISATION = next(page for page in PAGES if page.stem == "normalisation_lab")


def question(lab: Lab, *ops: Any, groups: list[Any] | None = None) -> dict[str, Any]:
    """What a browser asks."""
    asked = {"lab": encode(lab), "table": "embeddings", "ops": list(ops)}
    return {**asked, "groups": [FIGURES] if groups is None else groups}


def groups_of(at: AppTest) -> dict[str, Any]:
    """What a page has handed to its groups of figures."""
    return {key: data for key, data in components(at).items() if key in LESSONS.groups}


# A training and a file are no functions of the lab, and nothing on their pages is edited.
NOT_EDITED = {"train_it_yourself", "your_tensors"}
EDITED = [page for page in PAGES if page.stem not in NOT_EDITED]


@pytest.mark.parametrize("script", EDITED, ids=lambda path: path.stem)
def test_the_figures_ahead_are_those_of_the_page_run(script: Path) -> None:
    at = opened(script)
    dice = random.Random(script.stem)
    for turn in range(1, 4):
        shown = groups_of(at)
        assert shown
        editor = next(name for name in LESSONS.editors if f"table:{name}" in components(at))
        told = components(at)[f"table:{editor}"]
        row = dice.choice(told["rows"])["id"]
        operation = edit(turn, (row, dice.randrange(3), round(dice.uniform(-2, 2), 3)))
        ahead = answer(
            {"lab": told["lab"], "table": editor, "ops": [operation], "groups": list(shown)}
        )
        send(at, operation, widget_key=f"table:{editor}")
        assert broken(at) == []
        ran = groups_of(at)
        for name, data in json.loads(json.dumps(ahead["groups"])).items():
            assert data == {part: ran[name][part] for part in data}
        assert ran != shown
        assert ahead["address"] == components(at)[f"table:{editor}"]["lab"]


def test_every_group_of_the_app_is_on_a_page() -> None:
    drawn = {key for script in PAGES for key in groups_of(opened(script))}
    cold = encode(Lab().choosing(temperature=0.5))
    drawn |= set(groups_of(opened(NORMALISATION, lab=cold)))
    looked_at = encode(Lab(has_lens=True))
    drawn |= {key for script in PAGES for key in groups_of(opened(script, lab=looked_at))}
    assert drawn == set(LESSONS.groups)


def test_the_answer_holds_the_lab_with_the_edits_and_which_were_seen() -> None:
    lab = Lab(sentence="to be or not", seed=7)
    told = answer(question(lab, edit(3, ("be|1", 2, 0.5)), edit(5, ("to|1", 0, -1.0))))
    after = decode(told["address"])
    assert dict(after.edits) == {("be", 1, 3, 2): 0.5, ("to", 1, 3, 0): -1.0}
    assert after.applied["embeddings"] == 5
    assert replace(after, edits=lab.edits, applied=lab.applied) == lab


def test_what_the_lab_has_seen_is_not_done_again() -> None:
    lab = decode(answer(question(Lab(), edit(3, ("one|1", 0, 0.5))))["address"])
    later = lab.with_entries([("one", 1, 0, 0.75)])
    told = answer(question(later, edit(3, ("one|1", 0, 0.5))))
    assert decode(told["address"]) == later


def test_an_id_twice_in_one_question_counts_once() -> None:
    twice = edit(3, ("one|1", 0, 0.5)), edit(3, ("one|1", 0, 0.75), ("one|1", 1, 0.25))
    told = answer(question(Lab(), *twice))
    assert told == answer(question(Lab(), twice[0]))
    assert dict(decode(told["address"]).edits) == {("one", 1, 3, 0): 0.5}


def test_a_lab_too_large_for_an_address_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = question(Lab(), edit(3, ("one|1", 0, 0.5)))
    size = len(answer(asked)["address"])
    monkeypatch.setattr(link, "ADDRESS_LIMIT", size)
    assert answer(asked)["address"]
    monkeypatch.setattr(link, "ADDRESS_LIMIT", size - 1)
    told = answer(asked)
    assert told["address"] is None
    assert told["groups"]


def test_without_edits_it_shows_the_lab_as_it_is() -> None:
    start = answer(question(Lab()))
    assert start["address"] == ""
    run = cards(opened())
    assert json.loads(json.dumps(start["groups"][FIGURES]["figures"])) == list(run.values())


BAD: list[Any] = [
    None,
    [],
    {},
    {**question(Lab()), "table": "none"},
    {**question(Lab()), "lab": "1.broken"},
    {**question(Lab()), "lab": "2." + "A" * 40},
    {**question(Lab()), "groups": FIGURES},
    question(Lab(), groups=["figures:none"]),
    question(Lab(), groups=[[FIGURES]]),
    question(Lab(), groups=[FIGURES] * 17),
    question(Lab(), {"id": 1, "op": "undo"}),
    question(Lab(), {"id": 1, "op": "set", "gesture": 1, "cells": []}),
    question(Lab(), edit(1, ("nobody|1", 0, 0.5))),
    question(Lab(), edit(1, ("one|1", 7, 0.5))),
    question(Lab(), edit(1, ("one|1", 0, float("nan")))),
    question(Lab(), edit(1, ("one|1", 0, 1e300))),
    {**question(Lab()), "ops": "x"},
]


@pytest.mark.parametrize("asked", BAD)
def test_a_bad_question_is_refused(asked: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        answer(asked)


def post(body: bytes) -> Response:
    """Let the route answer a body."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return finished(endpoint(Request({"type": "http", "method": "POST"}, receive)))


def test_the_route_answers_and_refuses() -> None:
    good = post(json.dumps(question(Lab(), edit(1, ("one|1", 0, 0.5)))).encode())
    assert good.status_code == 200
    assert json.loads(bytes(good.body))["groups"][FIGURES]["figures"][0]["id"] == "scores"
    for asked in BAD:
        assert post(json.dumps(asked).encode()).status_code == 422
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        assert post(body).status_code == 422
    assert post(b" " * (MAX_QUESTION + 1)).status_code == 413


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["lab", "table", "ops", "groups", "id", "op", "cells"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_anything_at_all_is_answered_or_refused(asked: Any) -> None:
    reply = post(json.dumps(asked).encode())
    assert reply.status_code in (200, 422)


def test_a_lab_too_large_for_a_question_waits_for_its_run() -> None:
    dice = random.Random(1)
    lab = Lab(sentence=" ".join(f"w{row}" for row in range(64)))
    for width in (14, 15, 16):
        lab = replace(lab, d=width)
        words = [token.word for token in lab.tokens]
        cells = [(word, 1, column, dice.random()) for word in words for column in range(width)]
        lab = lab.with_entries(cells)
    assert len(encode(lab)) > LONGEST_QUESTION
    at = AppTest.from_file(str(FRAME), default_timeout=30)
    at.session_state["session"] = Session(lab)
    assert table(at.run())["lab"] is None
    assert table(opened(lab=encode(Lab(sentence="to be"))))["lab"] == encode(Lab(sentence="to be"))
