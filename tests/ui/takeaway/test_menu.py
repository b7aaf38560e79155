"""The menu "Take it with you": on every page, made only when asked for, and what it opens."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from tests.attention_core import printed
from tests.screen import FRAME, PAGES, broken, components, edit, opened, said, send, table
from tests.ui.labs import bomb, full_table
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal
from ui.lab import link
from ui.lab.csv_file import write_csv
from ui.lab.edits import Edits
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.takeaway import menu as takeaway

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def menu_of(at: AppTest | None = None) -> AppTest:
    """Open the menu."""
    at = at or opened(FRAME)
    at.session_state["_takeaway"] = True
    return at.run()


@each_page
def test_the_menu_stands_first_on_every_page_and_is_empty_until_it_opens(page: Path) -> None:
    at = opened(FRAME)
    at.switch_page(f"../pages/{page.name}").run()
    assert broken(at) == []
    assert offers(at) == []
    menu_of(at)
    assert broken(at) == []
    assert "Download this lab (.json)" in offers(at)
    first = next(iter(at.main.children.values()))
    assert offers(first) == offers(at)


def test_nothing_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(lab: Lab) -> NoReturn:
        raise AssertionError("the page was run again for a file that nobody asked for")

    lesson = replace(LESSONS["start_here"], shown=made)
    monkeypatch.setitem(LESSONS._lessons, lesson.name, lesson)
    at = menu_of()
    assert broken(at) == []
    visit = takeaway.Visit(lesson, Lab())
    with pytest.raises(AssertionError, match="nobody asked for"):
        visit.shown()


def test_the_files_of_a_page_are_named_after_it() -> None:
    assert takeaway.Visit(LESSONS["queries_keys_values"], Lab()).stem == (
        "attention-lab-queries-keys-values"
    )


def test_a_run_that_is_too_large_for_a_file_of_tensors_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("attention_core.outside.saving.MAX_BYTES", 600)
    visit = takeaway.Visit(LESSONS["dropout"], Lab())
    archive = zipfile.ZipFile(io.BytesIO(takeaway._trace_files(visit, ".npz")))
    assert archive.namelist() == ["dropout is missing.txt", "evaluation is missing.txt"]
    assert "may have 600 bytes" in archive.read("dropout is missing.txt").decode()


def test_what_was_measured_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    visits: list[takeaway.Visit] = []
    monkeypatch.setattr("ui.takeaway.menu.SECTIONS", (visits.append,))
    at = opened(FRAME)
    at.switch_page("../pages/all_tokens.py").run()
    [button] = [button for button in at.button if button.label == "Measure both now"]
    button.click().run()
    _, _, timings = at.session_state["_timings"]
    menu_of(at)
    assert broken(at) == []
    [table] = visits[-1].measured
    assert table.rows == tuple(tuple(timing) for timing in timings)
    assert f"random inputs of width {Lab().d}" in table.said


def offers(at: Any) -> list[str]:
    """Return the files that can be had."""
    return [button.label for button in at.get("download_button")]


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
