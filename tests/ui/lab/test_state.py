"""One visitor's lab over many runs, in the address and in the browser's storage."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.screen import FRAME, broken, components, edit, opened, said, send, table
from ui.lab import files, link
from ui.lab.lab import Lab
from ui.lab.state import MAX_UNDO

LARGE = Lab(sentence=" ".join(f"word{n}" for n in range(64)), d=16).with_entries(
    [
        (f"word{n}", 1, column, (n * 7919 + column * 31) % 9973 / 9973)
        for n in range(64)
        for column in range(16)
    ]
)


def keeper(at: AppTest) -> dict[str, Any]:
    """Return what the page's keeper of the address is told."""
    told: dict[str, Any] = components(at)["keeper"]
    return told


def test_the_first_lab_leaves_the_address_clean() -> None:
    at = opened(FRAME)
    told = keeper(at)
    assert (told["address"], told["store"], told["want"]) == ("", None, None)


def test_every_choice_goes_into_the_address_and_comes_back() -> None:
    at = send(opened(FRAME), edit(1, ("journey|1", 0, 0.123456789)))
    at.number_input(key="_d").set_value(4).run()
    at.number_input(key="_d").set_value(3).run()
    at.text_input[0].set_value("journey of ×").run()
    at.toggle(key="_keep_punctuation").set_value(True).run()
    address = keeper(at)["address"]
    again = opened(FRAME, lab=address)
    assert table(again)["cells"] == table(at)["cells"]
    assert table(again)["cells"][0][0] == 0.123456789
    assert again.text_input[0].value == "journey of ×"
    assert again.toggle(key="_keep_punctuation").value is True
    assert keeper(again)["address"] == address


def test_the_edits_taken_in_are_known_after_a_reload() -> None:
    first = edit(1, ("journey|1", 0, 2.0))
    at = send(opened(FRAME), first)
    again = opened(FRAME, lab=keeper(at)["address"])
    send(again, first)
    assert table(again)["ack"] == 1
    assert table(again)["can_undo"] is False


def test_a_large_lab_lives_in_the_browsers_storage() -> None:
    text = link.encode(LARGE)
    assert len(text) > link.ADDRESS_LIMIT
    at = opened(FRAME, lab=text)
    assert broken(at) == []
    told = keeper(at)
    assert told["store"] == {"id": told["address"].removeprefix("local."), "lab": text}
    at.session_state["_takeaway"] = True
    at.run()
    assert any("too large for an address" in element.value for element in at.markdown)
    send(at, edit(1, ("word0|1", 0, 5.0)))
    assert keeper(at)["address"] == told["address"]
    assert keeper(at)["store"]["lab"] != text


def test_the_browser_is_told_how_large_a_file_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keeper(opened(FRAME))["most_bytes"] == files.MAX_FILE
    monkeypatch.setattr(link, "JSON_LIMIT", 7)
    assert keeper(opened(FRAME))["most_bytes"] == 7


def restored(answer: Any) -> AppTest:
    """Return the page that a stored address opens, once the browser has answered."""
    at = opened(FRAME, lab="local.abc123")
    assert keeper(at)["want"] == "abc123"
    at.session_state["keeper"] = {"restored": answer}
    return at.run()


def test_a_stored_lab_comes_back() -> None:
    at = restored({"id": "abc123", "lab": link.encode(LARGE)})
    assert broken(at) == said(at) == []
    assert table(at)["cells"] == [list(row) for row in LARGE.embeddings]
    assert keeper(at)["address"] == "local.abc123"


def test_a_lab_that_another_browser_stores_is_explained() -> None:
    at = restored({"id": "abc123", "lab": None})
    assert "kept in another browser" in at.warning[0].value
    assert keeper(at)["want"] is None
    assert at.text_input[0].value == Lab().sentence
    assert not at.run().warning


def test_what_storage_never_holds_is_survived() -> None:
    answers: list[Any] = [1, "x", [], {}, {"id": "other", "lab": ""}, {"id": ["abc123"], "lab": 1}]
    for answer in answers:
        at = restored(answer)
        assert broken(at) == []
        assert at.text_input[0].value == Lab().sentence
    stored: list[Any] = ["junk", "local.abc123", "1.", "2.AAAA", 3, [], {}]
    for lab in stored:
        at = restored({"id": "abc123", "lab": lab})
        assert broken(at) == []
        assert at.warning
        assert at.text_input[0].value == Lab().sentence


def test_storage_that_refuses_is_said() -> None:
    at = opened(FRAME, lab=link.encode(LARGE))
    at.session_state["keeper"] = {"failed": True}
    at.run()
    assert "does not let the page store it" in at.warning[0].value


def test_the_history_is_limited() -> None:
    at = opened()
    send(at, *(edit(op_id, ("journey|1", 0, op_id / 1000)) for op_id in range(1, MAX_UNDO + 50)))
    assert len(at.session_state["session"].past) == MAX_UNDO
