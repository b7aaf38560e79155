"""Files that open in the app: chosen in the menu or dropped on a page, taken in or refused."""

import base64
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.attention_core import printed
from tests.screen import FRAME, broken, components, edit, markdown_texts, opened, said, send, table
from tests.ui.labs import bomb, full_table
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal
from ui.lab import files as lab_files
from ui.lab import link
from ui.lab.csv_file import write_csv
from ui.lab.edits import Edits
from ui.lab.lab import Lab


def menu_of(at: AppTest | None = None) -> AppTest:
    """Open the menu."""
    at = at or opened(FRAME)
    at.session_state["_takeaway"] = True
    return at.run()


def upload(at: AppTest, name: str, contents: bytes) -> AppTest:
    """Drop a file on the page."""
    at.file_uploader[0].set_value((name, contents, "application/octet-stream")).run()
    return at


def test_a_lab_file_opens() -> None:
    lab = Lab(sentence="to <b> be", d=2).with_entries([("to", 1, 0, 7.0)])
    at = upload(menu_of(), "my*lab*.json", link.to_file(lab).encode())
    assert broken(at) == []
    assert table(at)["cells"] == [list(row) for row in lab.embeddings]
    assert at.text_input(key="_sentence").value == "to <b> be"
    send(at, edit(1, ("to|1", 0, 8.0)))
    assert table(at)["cells"][0][0] == 8.0


def test_embeddings_open_and_the_sentence_follows() -> None:
    rows = [[1.0, 2.0], [3.0, -4.5]]
    at = upload(menu_of(), "mine.csv", write_csv(["don't", "stop"], rows))
    assert broken(at) == []
    assert (table(at)["cells"], at.text_input(key="_sentence").value) == (rows, "don't stop")
    assert at.number_input(key="_d").value == 2


def test_the_downloaded_embeddings_open_as_they_were() -> None:
    at = send(menu_of(), edit(1, ("journey|1", 0, 2.0)))
    cells = table(at)["cells"]
    fresh = upload(menu_of(), "embeddings.csv", write_csv(printed.TOKENS, cells))
    assert table(fresh)["cells"] == cells
    assert table(fresh)["edited"] == [[1, 0]]
    assert fresh.text_input(key="_sentence").value == "Your journey starts with one step"


def test_the_same_file_opens_twice() -> None:
    at = opened(FRAME)
    for _ in range(2):
        upload(menu_of(at), "mine.csv", b"token,d1\nto,5\n")
        assert not at.session_state["_takeaway"], "what was opened is not hidden by the menu"
        assert table(at)["cells"] == [[5.0]]
        at.text_input(key="_sentence").set_value("something else").run()


@pytest.mark.parametrize(
    ("name", "contents", "reason"),
    [
        ("a.csv", b"", "It is empty"),
        ("a.csv", b"\x89PNG\x00", "not text in UTF-8"),
        ("a.csv", b"word,x\na,1\n", "first line must be"),
        ("a.csv", b"token,d1\ntwo words,1\n", "one word in each row"),
        ("a.csv", b"token,d1\n,1\n", "one word in each row"),
        ("a.csv", b"a" * 4_000_001, "at most 4,000,000 are read"),
        ("a.csv", b"token,d1\nto,nan\n", "“nan” is not a number"),
        ("a.json", b"", "could not be read as JSON"),
        ("a.json", b"{}", "no “attention_lab”"),
        ("a.json", b'{"attention_lab": 1, "d": 99}', "d should be a whole number from 1 to 64"),
        ("a.json", b'{"attention_lab": 1, "sentence": "\\ud800"}', "sentence should be"),
        ("a.json", bomb(1).encode(), "could not be read as JSON"),
        ("<b>*$x$.json", b"[]", "JSON of another kind"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_file_that_is_something_else_changes_nothing(
    name: str, contents: bytes, reason: str
) -> None:
    at = send(menu_of(), edit(1, ("journey|1", 0, 2.0)))
    before = table(at)["cells"]
    upload(at, name, contents)
    assert broken(at) == []
    told = " ".join(said(at))
    assert literal(reason) in told
    assert "Nothing was changed." in told
    assert "<b>*$x$" not in told
    assert table(at)["cells"] == before


def test_too_many_edits_for_a_file_are_said() -> None:
    many = {(f"w{n}", 1, 64, column): 1.0 for n in range(1_024) for column in range(64)}
    at = menu_of()
    at.session_state["session"] = type(at.session_state["session"])(Lab(edits=Edits.of(many)))
    upload(at, "a.csv", b"token,d1\nto,5\n")
    assert broken(at) == []
    assert literal("at most 65,536 edited numbers") in " ".join(said(at))


def test_the_largest_csv_opens_and_is_edited() -> None:
    full = full_table()
    at = upload(menu_of(), "large.csv", write_csv(labels_of(full), full.embeddings))
    assert broken(at) == []
    lab = at.session_state["session"].lab
    assert lab.embeddings == full.embeddings
    assert (len(table(at)["rows"]), len(table(at)["page"]["ids"])) == (16, 512)
    send(at, edit(1, ("word511|1", 63, 5.0)))
    assert at.session_state["session"].lab.embeddings[511][63] == 5.0
    assert components(at)["keeper"]["store"], "it comes back after a reload"


def told(at: AppTest) -> str:
    return "\n".join([*markdown_texts(at), *said(at)]).replace("\\", "")


def told_drop(at: AppTest, **message: Any) -> AppTest:
    at.session_state["keeper"] = {"dropped": {"serial": 1, **message}}
    return at.run()


def test_a_lab_dropped_on_a_page_opens_once() -> None:
    content = base64.b64encode(link.to_file(Lab(sentence="to be")).encode()).decode()
    at = told_drop(opened(FRAME), name="lab.json", content=content)
    assert broken(at) == []
    assert at.text_input(key="_sentence").value == "to be"
    at.text_input(key="_sentence").set_value("or not").run()
    assert at.text_input(key="_sentence").value == "or not"


@pytest.mark.parametrize(
    "message",
    [
        {"name": "a.txt", "size": 3},
        {"name": "a.json", "content": "%%%"},
        {"name": "a.json", "content": "AAAA"},
        {"name": "a.json", "content": "A" * (2 * lab_files.MAX_FILE + 1)},
        {"name": 3, "content": None},
        {},
    ],
    ids=str,
)
def test_what_cannot_be_opened_changes_nothing(message: dict[str, Any]) -> None:
    at = told_drop(opened(FRAME), **message)
    assert broken(at) == []
    assert "Nothing was changed." in told(at)


def test_tensors_dropped_elsewhere_turn_to_their_page() -> None:
    at = told_drop(opened(FRAME), name="a.npz", turn=True)
    assert broken(at) == []
    assert at.title[0].value == "What is in the attention of your own model?"
