"""The worksheet's sentence, options and files."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.attention_core import printed
from tests.screen import FRAME, broken, components, edit, opened, order, said, send, table
from tests.ui.labs import bomb, full_table
from ui import link
from ui.csv_file import write_csv
from ui.edits import Edits
from ui.lab import Lab
from ui.literal import literal
from ui.worksheet import labels_of


def upload(at: AppTest, name: str, contents: bytes) -> AppTest:
    """Drop a file on the page."""
    at.file_uploader[0].set_value((name, contents, "application/octet-stream")).run()
    return at


def test_a_lab_file_opens() -> None:
    lab = Lab(sentence="to <b> be", d=2).with_entries([("to", 1, 0, 7.0)])
    at = upload(opened(), "my*lab*.json", link.to_file(lab).encode())
    assert broken(at) == []
    assert table(at)["cells"] == [list(row) for row in lab.embeddings]
    assert at.text_input[0].value == "to <b> be"
    send(at, edit(1, ("to|1", 0, 8.0)))
    assert table(at)["cells"][0][0] == 8.0


def test_embeddings_open_and_the_sentence_follows() -> None:
    rows = [[1.0, 2.0], [3.0, -4.5]]
    at = upload(opened(), "mine.csv", write_csv(["don't", "stop"], rows))
    assert broken(at) == []
    assert (table(at)["cells"], at.text_input[0].value) == (rows, "don't stop")
    assert at.number_input(key="_d").value == 2


def test_the_downloaded_embeddings_open_as_they_were() -> None:
    at = send(opened(), edit(1, ("journey|1", 0, 2.0)))
    cells = table(at)["cells"]
    fresh = upload(opened(), "embeddings.csv", write_csv(printed.TOKENS, cells))
    assert table(fresh)["cells"] == cells
    assert table(fresh)["edited"] == [[1, 0]]
    assert fresh.text_input[0].value == "Your journey starts with one step"


def test_the_same_file_opens_twice() -> None:
    at = opened()
    for _ in range(2):
        upload(at, "mine.csv", b"token,d1\nto,5\n")
        assert table(at)["cells"] == [[5.0]]
        at.text_input[0].set_value("something else").run()


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
    at = send(opened(), edit(1, ("journey|1", 0, 2.0)))
    before = table(at)["cells"]
    upload(at, name, contents)
    assert broken(at) == []
    told = " ".join(said(at.run() if not said(at) else at)) or at.session_state["session"].complaint
    assert literal(reason) in told
    assert "Nothing was changed." in told
    assert "<b>*$x$" not in told
    assert table(at)["cells"] == before


def test_too_many_edits_for_a_file_are_said() -> None:
    many = {(f"w{n}", 1, 64, column): 1.0 for n in range(1_024) for column in range(64)}
    at = opened()
    at.session_state["session"] = type(at.session_state["session"])(Lab(edits=Edits.of(many)))
    upload(at, "a.csv", b"token,d1\nto,5\n")
    assert broken(at) == []
    assert literal("at most 65,536 edited numbers") in at.session_state["session"].complaint


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
    monkeypatch.setattr("ui.worksheet.time.monotonic", lambda: next(now))
    at = opened()
    for sentence in ("first one", "first one here", "second"):
        at.text_input(key="_sentence").set_value(sentence).run()
    send(at, order(1, "undo"))
    assert at.text_input(key="_sentence").value == "first one here"
    send(at, order(2, "undo"))
    assert at.text_input(key="_sentence").value == "Your journey starts with one step"


def test_the_largest_csv_opens_and_is_edited() -> None:
    full = full_table()
    at = upload(opened(FRAME), "large.csv", write_csv(labels_of(full), full.embeddings))
    assert broken(at) == []
    lab = at.session_state["session"].lab
    assert lab.embeddings == full.embeddings
    assert (len(table(at)["rows"]), len(table(at)["page"]["ids"])) == (16, 512)
    send(at, edit(1, ("word511|1", 63, 5.0)))
    assert at.session_state["session"].lab.embeddings[511][63] == 5.0
    assert components(at)["keeper"]["store"], "it comes back after a reload"


def test_more_tokens_than_can_be_used_are_said() -> None:
    at = opened(lab=link.encode(Lab(sentence="word " * 513)))
    assert "The sentence has 513 tokens. The first 512 are used." in said(at)
    assert len(at.session_state["session"].lab.tokens) == 512
