"""Every page, as visitors open and mistreat it."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core import SIMPLE_SELF_ATTENTION
from attention_core.figures.labels import literal as plotly_literal
from attention_core.figures.labels import short
from attention_core.glossary import term
from attention_core.notebook import INPUTS
from attention_core.operations import DotProducts, Operation, Softmax, WeightedSum
from tests.attention_core import printed
from tests.screen import (
    FRAME,
    PAGES,
    PROJECT,
    broken,
    cards,
    codes,
    components,
    edit,
    markdown_texts,
    opened,
    order,
    said,
    send,
    table,
)
from tests.ui.labs import bomb, packed, packed_json
from ui.cards.literal import literal
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
WORKSHEET_PAGES = [page for page in PAGES if "worksheet.worksheet(" in page.read_text()]
each_worksheet = pytest.mark.parametrize("page", WORKSHEET_PAGES, ids=lambda page: page.stem)

SENTENCES = {
    "empty": "",
    "blank": "   ",
    "only punctuation": "?! …",
    "one word": "one",
    "a word 20 times": "to " * 20,
    "ten thousand words": " ".join(f"word{number}" for number in range(10_000)),
    "control characters": "a\x00b\x1b[31mc\x7f\u202e d",
    "a lone surrogate": "a \ud800 b",
    "emoji": "👩‍👩‍👧‍👦 🇩🇪🇫🇷 👍🏽",
    "right to left": "שלום עולם",
    "markup": "<b>x</b> <img src=x onerror=alert(1)> $x$ [a](javascript:alert(1)) *a* `c` :red[r]",
}


def test_every_page_is_in_the_syllabus() -> None:
    scripts = (PROJECT / "pages").glob("*.py")
    assert sorted(page.name for page in scripts) == sorted(lesson.script.name for lesson in LESSONS)


@each_page
def test_a_page_stands_alone(page: Path) -> None:
    at = opened(page)
    assert broken(at) == []
    assert len(at.title) == 1


@each_page
def test_a_page_in_the_frame(page: Path) -> None:
    at = opened(FRAME)
    address = components(at)["keeper"]["address"]
    at.switch_page(f"../pages/{page.name}").run()
    assert broken(at) == []
    assert at.title[0].value == opened(page).title[0].value
    assert components(at)["keeper"]["address"] == address


@each_worksheet
@pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)
def test_any_sentence_in_any_page(page: Path, sentence: str) -> None:
    at = opened(page, lab=packed_json({"sentence": sentence}))
    assert broken(at) == []
    at = opened(page)
    at.text_input[0].set_value(sentence.encode("utf-8", "ignore").decode()).run()
    assert broken(at) == []
    assert table(at)["rows"]
    for text in markdown_texts(at):
        assert not re.search(r"<(b|img)\b|(?<!\\)\[a\]\(java|(?<!\\):red\[|\x00|\x1b", text), text


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("", "The sentence is empty."),
        ("  ", "The sentence is empty."),
        ("?!", "only punctuation"),
        (SENTENCES["ten thousand words"], "10,000 tokens. The first 512 are used."),
    ],
)
def test_what_became_of_the_sentence_is_said(sentence: str, message: str) -> None:
    at = opened()
    at.text_input[0].set_value(sentence).run()
    assert [message in text for text in said(at)] == [True]
    assert at.text_input[0].value == sentence
    at.text_input[0].set_value("to be").run()
    assert said(at) == []
    assert [row["label"] for row in table(at)["rows"]] == ["to", "be"]


MARKUP = ["<b>x</b>", "$x$", "*a*", "[a](javascript:alert(1))", ":red[r]", "`c`", "~~s~~", "a_b_c"]


def test_words_that_are_markup_are_shown_literally() -> None:
    at = opened()
    at.toggle(key="_keep_punctuation").set_value(True).run()
    at.text_input[0].set_value(" ".join(MARKUP)).run()
    assert broken(at) == []
    tokens = [row["label"] for row in table(at)["rows"]]
    assert {"<", "$", "*", "[", "`", ":", "~"} <= set(tokens)
    shown = cards(at)["scores"]["spec"]["layout"]["xaxis"]["ticktext"]
    assert {"&lt;", "&gt;"} <= set(shown)
    assert not {"<", ">"} & set(shown)
    at.text_input[0].set_value("* $ <b>").run()
    options = at.radio[0].proto.options  # many tokens are offered in a list, few as buttons
    assert list(options) == [literal(token) for token in "*$<b>"]


def test_the_opening_page_has_the_notebooks_numbers() -> None:
    at = opened()
    assert table(at)["cells"] == printed.X
    shown = cards(at)
    assert list(shown) == ["scores", "weights", "context"]
    for name, rows in printed.ALL_TOKENS.items():
        assert printed.rounded(shown[name]["spec"]["data"][0]["z"]) == rows
    assert "matches the notebook to 4 decimals" in "".join(markdown_texts(at))


def assert_plotted(card: dict[str, Any], tensor: torch.Tensor, tokens: list[str]) -> None:
    """Fail unless the arrays, axes, title and colour range are the trace's."""
    data, layout = card["spec"]["data"][0], card["spec"]["layout"]
    assert data["z"] == tensor.double().tolist()
    name = card["id"]
    square = name != "context"
    labels = [plotly_literal(short(token)) for token in tokens]
    assert layout["title"]["text"] == card["title"] == term(name).title
    assert layout["yaxis"]["title"]["text"] == "query token"
    assert layout["xaxis"]["title"]["text"] == ("key token" if square else "dimension")
    assert layout["yaxis"]["ticktext"] == labels
    columns = [f"d{column + 1}" for column in range(tensor.shape[1])]
    assert layout["xaxis"]["ticktext"] == (labels if square else columns)
    largest = float(tensor.abs().max())
    assert (data["zmin"], data["zmax"]) == (0 if name == "weights" else -largest, largest)
    assert card["shape"] == " × ".join(map(str, tensor.shape))
    assert card["alt"]


@pytest.mark.parametrize("sentence", [Lab().sentence, "<b> two & three", "to be or not to be"])
def test_the_pictures_are_the_trace(sentence: str) -> None:
    at = opened()
    at.text_input[0].set_value(sentence).run()
    send(at, edit(1, (table(at)["rows"][0]["id"], 1, -3.25)))
    inputs = torch.tensor(table(at)["cells"])
    tokens = [row["label"] for row in table(at)["rows"]]
    trace = SIMPLE_SELF_ATTENTION.run(inputs=inputs)
    for name, card in cards(at).items():
        assert_plotted(card, trace[name], tokens)
        assert card["check"]["ok"]
    names: dict[str, Any] = {}
    exec(codes(at)[0], names)  # the code on the page computes what the page shows
    assert torch.equal(names["context"], trace["context"])


def test_the_badge_is_there_only_for_the_notebooks_inputs() -> None:
    at = send(opened(), edit(1, ("journey|1", 0, 2.0)))
    assert "the notebook to 4 decimals" not in "".join(markdown_texts(at))
    send(at, order(2, "undo"))
    assert "matches the notebook to 4 decimals" in "".join(markdown_texts(at))


OF_START = [("scores", DotProducts), ("weights", Softmax), ("context", WeightedSum)]


@pytest.mark.parametrize(("name", "operation"), OF_START)
@pytest.mark.parametrize("route", ["compute", "by_hand"])
def test_a_spoilt_operation_turns_red_on_the_page(
    name: str, operation: type[Operation], route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Any = getattr(operation, route)

    def wrong(*args: Any, **more: Any) -> Any:
        result = right(*args, **more)
        if isinstance(result, torch.Tensor):
            result = result.clone()
            result[-1, -1] += 1e-3
            return result
        return result + 1e-3

    monkeypatch.setattr(operation, route, wrong)
    at = opened()
    assert broken(at) == []
    verdicts = {card_id: card["check"] for card_id, card in cards(at).items()}
    assert [card_id for card_id, told in verdicts.items() if not told["ok"]] == [name]
    assert f"Something is wrong with these numbers: {name} · loops" in verdicts[name]["text"]
    assert "largest difference 0.001; where it is worst" in verdicts[name]["text"]
    assert any("BROKEN" in line for line in verdicts[name]["detail"])


def test_a_wrong_picture_of_the_notebook_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Softmax.compute
    monkeypatch.setattr(Softmax, "compute", lambda self, *scores: right(self, *scores) + 1e-3)
    assert "differs from the notebook" in "".join(markdown_texts(opened()))


@pytest.mark.parametrize("preset", ["notebook", "one-hot", "random", "equal", "ten-times"])
@pytest.mark.parametrize("d", [1, 16])
def test_every_preset_at_every_width(preset: str, d: int) -> None:
    at = opened()
    at.selectbox(key="_preset").set_value(preset).run()
    at.number_input(key="_d").set_value(d).run()
    assert broken(at) == []
    assert all(card["check"]["ok"] for card in cards(at).values())
    assert cards(at)["context"]["shape"] == f"6 × {d}"


def expected_answer() -> int:
    """Return which token "with" attends to most once its first value is doubled."""
    doubled = INPUTS.clone()
    doubled[3, 0] *= 2
    return int(torch.softmax(doubled @ doubled.T, dim=-1)[3].argmax())


def test_a_prediction_is_checked_by_the_core() -> None:
    at = opened()
    right = expected_answer()
    at.radio[0].set_value(right).run()
    assert at.success[0].value.startswith("Right. With the first value doubled, with gives 0.")
    at.radio[0].set_value((right + 1) % 6).run()
    assert not at.success
    assert f"Not quite: it is **{printed.TOKENS[right]}**" in at.info[0].value
    send(at, order(1, "undo"))
    assert at.radio[0].value == (right + 1) % 6, "a guess is not an edit to undo"
    assert broken(at) == []


def test_an_answer_goes_with_the_address() -> None:
    at = opened(FRAME)
    at.radio[0].set_value(expected_answer()).run()
    again = opened(FRAME, lab=components(at)["keeper"]["address"])
    assert again.success


def test_an_answer_to_other_tokens_is_no_answer() -> None:
    at = opened()
    at.radio[0].set_value(2).run()
    at.text_input[0].set_value("to be or not").run()
    assert broken(at) == []
    assert at.radio[0].value is None


HOSTILE_ADDRESSES = {
    "noise": "junk",
    "cut short": link.encode(Lab(sentence="to be"))[:-4],
    "another version": f"{link.VERSION + 1}.{link.encode(Lab(d=4))[2:]}",
    "markup": "<script>alert(1)</script>",
    "a bomb": bomb(44),
    "nonsense inside": packed(b"[" * 100_000),
    "wrong kinds": packed_json({"d": "3"}),
    "a lone surrogate": packed_json({"sentence": "\ud800"}),
    "60 kB": "1." + "A" * 60_000,
    "a name that is none": "1.\x00",
}


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES.values(), ids=HOSTILE_ADDRESSES)
def test_a_hostile_address_opens_the_first_lab_and_says_so(address: str) -> None:
    assert len(address) <= 61_000
    at = opened(FRAME, lab=address)
    assert broken(at) == []
    assert at.warning[0].value.endswith("You see the lab everyone starts with.")
    assert table(at)["cells"] == printed.X
    assert not at.run().warning


@each_worksheet
def test_the_largest_lab(page: Path) -> None:
    lab = Lab(sentence=SENTENCES["ten thousand words"], d=16, preset="random").with_entries(
        [(f"word{row}", 1, column, row + column / 7) for row in range(64) for column in range(16)]
    )
    at = opened(page, lab=link.encode(lab))
    assert broken(at) == []
    assert len(table(at)["cells"]) == 64
    assert len(table(at)["edited"]) == 64 * 16


def test_a_choice_made_on_one_page_is_there_on_the_next() -> None:
    at = send(opened(FRAME), edit(1, ("journey|1", 0, 2.0)))
    at.text_input[0].set_value("journey two").run()
    for page in (*reversed(WORKSHEET_PAGES), *WORKSHEET_PAGES):
        at.switch_page(f"../pages/{page.name}").run()
        assert broken(at) == []
        assert table(at)["cells"][0][0] == 2.0
        assert at.text_input[0].value == "journey two"
        assert at.number_input(key="_d").value == 3


def test_apptest_would_see_a_broken_page() -> None:
    at = AppTest.from_string("1 / 0", default_timeout=30).run()
    assert broken(at)
