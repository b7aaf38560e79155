"""The switch of conventions: part of the lab, no part of its history, seen on every page."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Conventions
from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS
from attention_core.figures.overview import unpacked
from attention_core.notebook import INPUTS
from tests.attention_core import printed
from tests.screen import (
    FRAME,
    PAGES,
    broken,
    codes,
    components,
    edit,
    markdown_texts,
    opened,
    send,
    table,
)
from ui.cards.card import Group, as_drawn
from ui.cards.step_cards import latex_of, legend, step_card
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons import LESSONS
from ui.lessons.lesson import Lesson

EVERY = list(itertools.product(QUERIES_AS, COUNT_FROM, SYMBOLS))
COLUMNS = Conventions("columns")
TURNED = Lab(queries_as="columns", count_from=0, symbols="words")
TRACE = SIMPLE_SELF_ATTENTION.run(inputs=INPUTS)
PAGE = {page.stem: page for page in PAGES}
NO_SENTENCE = (
    "why_attention",
    "bahdanau_attention",
    "normalisation_lab",
    "train_it_yourself",
    "your_tensors",
)


def figures(at: AppTest) -> dict[tuple[str, str], Any]:
    """Every card on the page, by its group and id."""
    return {
        (group, card["id"]): card
        for group, data in components(at).items()
        if group.startswith("figures:")
        for card in data["figures"]
    }


def heatmap(card: Any) -> Any:
    return next((trace for trace in card["spec"]["data"] if trace["type"] == "heatmap"), None)


def numbers_in(heatmap: Any) -> Any:
    """The rows of a heatmap, which travel packed where they have no labels."""
    z = heatmap["z"]
    return unpacked(z).tolist() if isinstance(z, dict) else z


# ---- Cards -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRACE.steps)
def test_a_turned_card_is_turned_in_all_its_parts(name: str) -> None:
    checks = TRACE.check()
    (usual,) = Group([step_card(TRACE, name, printed.TOKENS, checks)]).data["figures"]
    turned = step_card(TRACE, name, printed.TOKENS, checks, conventions=COLUMNS)
    (card,) = Group([turned]).data["figures"]
    assert heatmap(card)["z"] == TRACE[name].mT.tolist()
    assert card["shape"] == " × ".join(str(size) for size in TRACE[name].mT.shape)
    assert card["cells"] == {**usual["cells"], "turned": True}
    assert usual["cells"]["turned"] is False
    assert card["formula"] == f"{usual['formula']}  # shown: {name}.T"
    assert card["title"] == usual["title"]
    assert "turns" not in card
    assert "turns" not in usual
    if name == "weights":
        assert "Each column sums to 1." in card["check"]["text"]
        assert card["alt"].startswith("column Your: most on Your, 0.2098;")
        assert any(line.startswith("each column sums to 1") for line in card["check"]["detail"])
    if name == "context":
        assert card["height"] < usual["height"], "3 rows and not 6"


def test_the_core_is_untouched_by_conventions() -> None:
    before = [TRACE[name].clone() for name in TRACE.steps]
    as_drawn(step_card(TRACE, "scores", printed.TOKENS, TRACE.check(), conventions=COLUMNS))
    assert all(torch.equal(TRACE[n], b) for n, b in zip(TRACE.steps, before, strict=True))


# ---- Formulas ----------------------------------------------------------------------------------

FORMULAS = {
    ("rows", "notebook"): [
        r"\omega_{ij} = x_i \cdot x_j = \sum_c x_{ic}\,x_{jc}",
        r"z_i = \sum_j \alpha_{ij}\,x_j",
    ],
    ("rows", "paper"): [
        r"S = Q K^\top",
        r"S_{ij} = Q_i \cdot K_j = \sum_c Q_{ic}\,K_{jc}",
        "O = P V",
        r"O_i = \sum_j P_{ij}\,V_j",
    ],
    ("columns", "paper"): [
        r"S = K^\top Q",
        r"S_{ji} = Q_i \cdot K_j = \sum_c Q_{ci}\,K_{cj}",
        "O = V P",
        r"O_i = \sum_j P_{ji}\,V_j",
    ],
    ("columns", "words"): [
        r"\text{score}_{ji} = \text{query}_i \cdot \text{key}_j"
        r" = \sum_c \text{query}_{ci}\,\text{key}_{cj}",
        r"\text{context vector}_i = \sum_j \text{weight}_{ji}\,\text{value}_j",
    ],
}


@pytest.mark.parametrize(("chosen", "expected"), FORMULAS.items(), ids=str)
def test_formulas_follow(chosen: tuple[str, str], expected: list[str]) -> None:
    conventions = Conventions(chosen[0], symbols=chosen[1])
    steps = [SIMPLE_SELF_ATTENTION.step(name) for name in ("scores", "context")]
    assert [latex for step in steps for latex in latex_of(step, conventions)] == expected
    lines = "\n".join(legend(steps, conventions))
    is_turned = chosen[0] == "columns"
    assert ("query token (column)" in lines) is is_turned
    assert ("(d_in, n_tokens)" in lines) is is_turned
    assert ("trained weights" in lines) is (chosen[1] == "paper")
    assert ("(notebook)" in lines) is (chosen[1] != "notebook")


def test_one_value_in_three_roles_has_one_line() -> None:
    lines = legend(SIMPLE_SELF_ATTENTION.steps, Conventions(symbols="paper"))
    assert lines[0].startswith("- $Q$, $K$, $V$ — `inputs`: one vector per token")
    lines = legend(ONE_QUERY.steps, Conventions(symbols="paper"))
    assert [line.split(" — ")[0] for line in lines[:2]] == ["- $q$", "- $K$, $V$"]
    usual = legend(SIMPLE_SELF_ATTENTION.steps, Conventions())
    assert (
        usual[0] == "- $x$ — `inputs`: one vector per token, (n_tokens, d_in). Elsewhere: X, resid."
    )


# ---- The lab -----------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", EVERY, ids=str)
def test_they_travel_in_the_address_and_in_a_file(chosen: tuple[Any, ...]) -> None:
    lab = Lab(queries_as=chosen[0], count_from=chosen[1], symbols=chosen[2])
    assert lab.conventions == Conventions(*chosen)
    assert link.decode(link.encode(lab)) == lab
    assert link.from_file(link.to_file(lab).encode()) == lab


def test_the_first_lab_is_the_notebooks() -> None:
    assert Lab().conventions == Conventions("rows", 1, "notebook")


def test_the_line_about_the_last_edit_stays_and_follows() -> None:
    at = send(opened(FRAME), edit(1, ("journey|1", 1, 2.0)))
    assert any("editing journey · d2 changed" in caption.value for caption in at.caption)
    at.radio(key="_count_from").set_value(0).run()
    assert any("editing journey · d1 changed" in caption.value for caption in at.caption)


# ---- Pages -------------------------------------------------------------------------------------

STATE: dict[str, Any] = {"order_seed": 7, "query": 2, "temperature": 2.0}
SESSIONS = {  # what they show is of a session: a file, the training of another process
    "your_tensors": ("figures:tensor_steps", "weights", 0, 0, 1),
    "train_it_yourself": None,
}


def looked_at(lesson: Lesson) -> tuple[Any, ...] | None:
    """Return a cell of a lesson that can be explained: of its first weights, or else of anything.

    It is a place on the page, a value, a head if it has one, a row and a column.
    """
    if lesson.name in SESSIONS:
        return SESSIONS[lesson.name]
    found = [
        (place, card.cells["name"], *([] if head is None else [head]), 0, 1)
        for place, figures in lesson.figures.items()
        if figures.make
        for group in [figures.make(Lab().choosing(**STATE))]
        for card in group.cards
        if card.cells and group.explained
        for head in [card.cells["head"]]
    ]
    weights = [cell for cell in found if cell[1] == "weights"]
    return (weights or found)[0]


@pytest.fixture(scope="module")
def usual() -> dict[str, AppTest]:
    """Every page as it is at first."""
    return {
        stem: opened(page, lab=link.encode(Lab().choosing(**STATE))) for stem, page in PAGE.items()
    }


@pytest.mark.parametrize("chosen", EVERY, ids=str)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_the_same_numbers_in_every_convention(
    page: Path, chosen: tuple[Any, ...], usual: dict[str, AppTest]
) -> None:
    named = dict(zip(("queries_as", "count_from", "symbols"), chosen, strict=True))
    cell = looked_at(LESSONS[page.stem])
    trail = (cell,) if cell else ()
    at = opened(page, lab=link.encode(Lab().choosing(**STATE, **named, trail=trail)))
    assert broken(at) == []
    before, after = figures(usual[page.stem]), figures(at)
    assert list(before) == list(after)
    conventions = Conventions(*chosen)
    for where, card in after.items():
        cells, own = heatmap(card), heatmap(before[where])
        if cells is None:
            assert before[where]["check"] == card["check"]
            continue
        flips = conventions.is_turned and where[1] != "jacobian"
        rows = numbers_in(cells)
        z = [list(line) for line in zip(*rows, strict=True)] if flips else rows
        assert z == numbers_in(own), where
        assert (cells["zmin"], cells["zmax"]) == (own["zmin"], own["zmax"])
        assert card["check"] is None or card["check"]["ok"]
        if card["cells"]:
            assert card["cells"]["turned"] is conventions.is_turned
            assert card["cells"]["reads"] == before[where]["cells"]["reads"]
    panels = [data for name, data in components(at).items() if name.startswith("explain:")]
    assert [bool(panel["formula"]) for panel in panels] == [True] * len(trail)
    editors = [data for name, data in components(at).items() if name.startswith("table:")]
    assert {data["count_from"] for data in editors} <= {chosen[1]}
    assert [data["cells"] for data in editors] == [
        data["cells"]
        for name, data in components(usual[page.stem]).items()
        if name.startswith("table:")
    ]
    assert codes(at) == codes(usual[page.stem])


def texts(page: str, **chosen: Any) -> str:
    """Everything a page says."""
    return texts_of(page, Lab().choosing(**chosen))


def texts_of(page: str, lab: Lab) -> str:
    """Everything a page says of a lab."""
    at = opened(PAGE[page], lab=link.encode(lab))
    assert broken(at) == []
    tables = [str(shown.value) for shown in at.table]
    headings = [str(heading.value) for heading in (*at.subheader, *at.title)]
    html = [str(data["alt"]) + data["note"] for data in figures(at).values()]
    return "\n".join([*markdown_texts(at), *tables, *headings, *html])


ASKED = [page for page in PAGE if page not in NO_SENTENCE]
LINES = {"qqa": "row", "qqqqqb": "column", "qqqc": "rows"}
NUMBERS = ((0.4, 0.1, 0.9), (0.5, 0.8, 0.6), (0.2, 0.3, 0.7))


@pytest.mark.parametrize("page", ASKED)
def test_a_users_word_is_never_taken_for_a_line_of_a_picture(page: str) -> None:
    """Where rows are columns, the word "row" is still the user's."""
    told = []
    for words in (list(LINES), list(LINES.values())):
        entries = [
            (word, 1, column, entry)
            for word, row in zip(words, NUMBERS, strict=True)
            for column, entry in enumerate(row)
        ]
        lab = Lab().choosing(sentence=" ".join(words), queries_as="columns", order_seed=3)
        lines = texts_of(page, lab.with_entries(entries)).split("\n")
        # What a preset would make of the sentence depends on its words.
        told.append("\n".join(line for line in lines if "*Ten times larger*:" not in line))
    other, own = told
    assert own == re.sub("|".join(LINES), lambda word: LINES[word[0]], other)


@pytest.mark.parametrize("page", PAGE)
def test_no_page_has_a_symbol_of_another_set(page: str) -> None:
    for symbols in ("paper", "words"):
        lines = texts(page, symbols=symbols).split("\n")
        # Where the legend says what others call a value, it may name them.
        prose = [line.split("Elsewhere:")[0] for line in lines]
        for sign in ("ω", "α", r"\omega", r"\alpha", "x⁽", "z⁽", "x^{(q)}", "z_i", "x_i"):
            assert not [line for line in prose if sign in line and "x, ω, α, z" not in line], sign


def test_the_pictures_of_page_2_call_the_context_vector_the_same() -> None:
    at = opened(PAGE["one_query"], lab=link.encode(Lab(symbols="paper", count_from=0)))
    shown = {card_id: card["spec"] for (_, card_id), card in figures(at).items()}
    assert shown["flow"]["layout"]["yaxis2"]["ticktext"][0].startswith("<b>O</b>")
    assert shown["space"]["data"][-1]["name"] == "O"
    assert shown["space"]["layout"]["scene"]["xaxis"]["title"]["text"] == "d0"


def test_page_3_says_columns_of_what_are_columns() -> None:
    told = texts("all_tokens", queries_as="columns", order_seed=7)
    assert "Every column sums to 1" in told
    assert "All columns: weights and context vectors" in told
    assert "Which column went where" in told
    assert "its column sums to" in told
    assert "every column sums to 1 all the same" in told.replace("\\", "")
    for gone in ("Every row sums to 1", "lit row", "Light up the row", "every row sums"):
        assert gone not in told
    usual = texts("all_tokens", order_seed=7)
    assert "Every row sums to 1" in usual
    assert "lit row" in usual


def test_numbers_of_tokens_follow_on_the_pages() -> None:
    repeated = {"sentence": "to be to be", "count_from": 0}
    assert "to (0)" in texts("one_query", **repeated).replace("\\", "")
    assert "x⁽¹⁾" in texts("one_query", **repeated)
    assert "x⁽²⁾" in texts("one_query", sentence="to be to be")
    told = texts("all_tokens", sentence="to be", order_seed=3, count_from=0)
    assert "**to** 0 → 1 · **be** 1 → 0" in told
    at = opened(PAGE["normalisation_lab"], lab=link.encode(Lab(count_from=0)))
    assert components(at)["table:row_scores"]["columns"][0] == "key 0"


def test_an_answer_means_the_same_token_when_numbers_change() -> None:
    at = opened(FRAME, lab=link.encode(Lab(sentence="to to to be")))
    asked = at.main.radio[0]
    asked.set_value(1).run()
    assert [text.replace("\\", "") for text in at.main.radio[0].options][:2] == ["to (1)", "to (2)"]
    at.radio(key="_count_from").set_value(0).run()
    assert broken(at) == []
    asked = at.main.radio[0]
    assert [text.replace("\\", "") for text in asked.options][:2] == ["to (0)", "to (1)"]
    assert asked.value == 1, "still the second token"


def test_an_answer_about_rows_stays_when_they_become_columns() -> None:
    at = opened(FRAME)
    at.switch_page("../pages/all_tokens.py").run()
    last = len(at.main.radio[0].options) - 1
    at.main.radio[0].set_value(last).run()
    at.radio(key="_queries_as").set_value("columns").run()
    assert at.main.radio[0].value == last
    assert at.main.radio[0].options[last] == "every column sums to 1 all the same"


def test_files_are_the_same_in_every_convention() -> None:
    at = opened(lab=link.encode(Lab()))
    other = opened(lab=link.encode(TURNED))
    assert table(at)["rows"] == table(other)["rows"]
    assert table(at)["cells"] == table(other)["cells"]
    assert table(other)["columns"] == ["d0", "d1", "d2"]
