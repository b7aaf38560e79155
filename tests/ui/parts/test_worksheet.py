"""The worksheet's sentence, options and files."""

import pytest

from tests.screen import broken, opened, order, said, send, table
from ui.lab import link
from ui.lab.lab import Lab


def test_the_seed_is_visible_where_it_matters() -> None:
    at = opened()
    assert "_seed" not in [widget.key for widget in at.number_input]
    at.selectbox(key="_preset").set_value("random").run()
    first = table(at)["cells"]
    at.number_input(key="_seed").set_value(7).run()
    assert table(at)["cells"] != first
    at.number_input(key="_seed").set_value(123).run()
    assert table(at)["cells"] == first


def test_a_sentence_longer_than_can_be_kept_is_cut_and_said() -> None:
    at = opened()
    at.text_input[0].set_value("a " * 60_000).run()
    assert broken(at) == []
    assert "120,000 characters" in at.session_state["session"].complaint
    assert len(at.text_input[0].value or "") == 100_000


def test_undo_leads_back_to_a_sentence_that_stood_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = iter([10.0, 10.5, 20.0])
    monkeypatch.setattr("ui.parts.worksheet.time.monotonic", lambda: next(now))
    at = opened()
    for sentence in ("first one", "first one here", "second"):
        at.text_input(key="_sentence").set_value(sentence).run()
    send(at, order(1, "undo"))
    assert at.text_input(key="_sentence").value == "first one here"
    send(at, order(2, "undo"))
    assert at.text_input(key="_sentence").value == "Your journey starts with one step"


def test_more_tokens_than_can_be_used_are_said() -> None:
    at = opened(lab=link.encode(Lab(sentence="word " * 513)))
    assert "The sentence has 513 tokens. The first 512 are used." in said(at)
    assert len(at.session_state["session"].lab.tokens) == 512
