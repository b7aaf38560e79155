"""Conventions change what is shown and never a number."""

import itertools
import re
from typing import Any

import pytest
import torch

from attention_core import (
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    Conventions,
    Trace,
    normalisations,
)
from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS
from attention_core.figures import (
    finding,
    flow_spec,
    heatmap_spec,
    matrix_spec,
    pointing,
    space_spec,
    turned,
)
from attention_core.figures.heatmap import label_template
from attention_core.figures.labels import LABELLED_COLUMNS
from attention_core.glossary import TERMS, symbol, vector
from attention_core.operations import Softmax
from tests.attention_core.instances import INSTANCES
from tests.attention_core.matrices import matrix
from tests.new_mechanism import LUKEWARM

COLUMNS, FROM_0 = Conventions("columns"), Conventions(count_from=0)
X = matrix(5, 3, 7)
RUNS: dict[str, Trace] = {
    "simple": SIMPLE_SELF_ATTENTION.run(inputs=X),
    "wrong axis": SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2)).run(inputs=X),
    "one query": ONE_QUERY.run(query=X[[4]], inputs=X),
    "normalisations": normalisations(2.0).run(scores=matrix(1, 5, 3)),
    "another mechanism": LUKEWARM.run(ideas=matrix(3, 2, 0), doubts=matrix(5, 2, 1)),
}
TOKENS = ["<b>to</b>", "be", "to", "or", "not"]
each_run = pytest.mark.parametrize("trace", RUNS.values(), ids=RUNS)
EVERY = [Conventions(*chosen) for chosen in itertools.product(QUERIES_AS, COUNT_FROM, SYMBOLS)]


def labels(axis: dict[str, Any]) -> list[tuple[int, str]]:
    return list(zip(axis["tickvals"], axis["ticktext"], strict=True))


@each_run
def test_a_turned_figure_is_the_transpose_in_all_its_parts(trace: Trace) -> None:
    for name in (*trace.inputs, *trace.steps):
        spec = heatmap_spec(trace, name, TOKENS)
        again = turned(spec)
        before, after = spec["data"][0], again["data"][0]
        assert after["z"] == trace[name].mT.tolist()
        assert (after["x"], after["y"]) == (before["y"], before["x"])
        across, down = again["layout"]["xaxis"], again["layout"]["yaxis"]
        assert across["title"] == spec["layout"]["yaxis"]["title"]
        assert down["title"] == spec["layout"]["xaxis"]["title"]
        assert labels(across) == labels(spec["layout"]["yaxis"])
        assert labels(down) == labels(spec["layout"]["xaxis"])
        assert (across["side"], down["autorange"]) == ("top", "reversed")
        assert "autorange" not in across
        assert after.get("texttemplate", "") == label_template(len(after["y"]), len(after["x"]))
        assert {part: after[part] for part in ("zmin", "zmax", "meta", "colorbar")} == {
            part: before[part] for part in ("zmin", "zmax", "meta", "colorbar")
        }
        assert again["layout"]["title"] == spec["layout"]["title"]


def hovered(spec: dict[str, Any], across: int, down: int) -> str:
    """Return what Plotly says of a cell on screen."""
    cells, layout = spec["data"][0], spec["layout"]
    parts = {
        "%{x}": dict(labels(layout["xaxis"]))[across],
        "%{y}": dict(labels(layout["yaxis"]))[down],
        "%{z:.4f}": f"{cells['z'][down][across]:.4f}",
    }
    return re.sub(r"%\{[^}]+\}", lambda part: parts[part[0]], str(cells["hovertemplate"]))


@each_run
def test_each_cell_says_the_same_wherever_it_stands(trace: Trace) -> None:
    for name in (*trace.inputs, *trace.steps):
        spec = heatmap_spec(trace, name, TOKENS)
        n_rows, n_columns = trace[name].shape
        for row, column in itertools.product(range(n_rows), range(n_columns)):
            assert hovered(spec, column, row) == hovered(turned(spec), row, column)


@pytest.mark.parametrize("row", range(5))
def test_the_lit_row_becomes_the_lit_column(row: int) -> None:
    trace = RUNS["simple"]
    for name in trace.steps:
        spec = turned(heatmap_spec(trace, name, TOKENS, lit_row=row))
        cells, frame = spec["data"]
        assert cells["z"] == trace[name].mT.tolist()
        assert (min(frame["x"]), max(frame["x"])) == (row - 0.5, row + 0.5)
        assert (min(frame["y"]), max(frame["y"])) == (-0.5, len(cells["y"]) - 0.5)
        across, down = spec["layout"]["xaxis"], spec["layout"]["yaxis"]
        assert across["range"] == [-0.5, 4.5]
        assert (down["range"], down["autorange"]) == ([len(cells["y"]) - 0.5, -0.5], False)
        bold = [position for position, text in labels(across) if text.startswith("<b>▾ ")]
        assert bold == [row]
        assert len(across["tickvals"]) == 5


@pytest.mark.parametrize("row", [0, 1, 31, 63])
def test_the_lit_column_is_named_among_many_and_no_label_stands_too_near(row: int) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(64))
    words = [f"▸{i}" for i in range(64)]
    axis = turned(heatmap_spec(trace, "weights", words, lit_row=row))["layout"]["xaxis"]
    named = dict(labels(axis))
    assert named[row] == f"<b>▾ ▸{row}</b>"
    assert [text for text in named.values() if "<b>" in text] == [named[row]]
    assert 10 < len(named) <= LABELLED_COLUMNS
    places = sorted(named)
    assert min(b - a for a, b in itertools.pairwise(places)) >= 2


def test_texts_in_cells_and_marks_over_them_turn_too() -> None:
    spec = matrix_spec(
        torch.ones(2, 3), [list("ab"), list("xyz")], axes=("r", "c"), title="", kind="scores",
        sentence="",
    )  # fmt: skip
    spec["data"][0] |= {"texttemplate": "%{text}", "text": [list("123"), list("456")]}
    spec["data"].append(
        {"type": "scatter", "x": [2], "y": [9], "marker": {"symbol": "triangle-up"}}
    )
    cells, mark = turned(spec)["data"]
    assert cells["text"] == [["1", "4"], ["2", "5"], ["3", "6"]]
    assert cells["texttemplate"] == "%{text}"
    assert (mark["x"], mark["y"], mark["marker"]["symbol"]) == ([9], [2], "triangle-left")


@each_run
def test_counting_from_0_changes_labels_and_nothing_else(trace: Trace) -> None:
    for name in (*trace.inputs, *trace.steps):
        one, zero = (heatmap_spec(trace, name, [], conventions=c) for c in (Conventions(), FROM_0))
        for axis in ("xaxis", "yaxis"):
            texts = one["layout"][axis].pop("ticktext"), zero["layout"][axis].pop("ticktext")
            for from_1, from_0 in zip(*texts, strict=True):
                lowered = re.sub(r"\d+$", lambda number: str(int(number[0]) - 1), from_1)
                assert from_0 == lowered
            one["layout"][axis].pop("tickangle", 0), zero["layout"][axis].pop("tickangle", 0)
        assert one == zero
        told = [dict(pointing(trace, name, [], conventions=c)) for c in (Conventions(), FROM_0)]
        for cells in told:
            labels: Any = cells.pop("rows"), cells.pop("columns")
            assert tuple(map(len, labels)) == tuple(trace[name].shape)
        assert told[0] == told[1]


def test_numbers_in_findings_follow() -> None:
    trace = RUNS["simple"]
    assert "to (token 2)" in finding(trace, "weights", ["a", "to", "to", "b", "c"])
    told = finding(trace, "weights", ["a", "to", "to", "b", "c"], conventions=FROM_0)
    assert "to (token 1)" in told
    assert "to (token 3)" not in told
    assert re.search(r"with d[012];", finding(trace, "context", TOKENS, conventions=FROM_0))
    rows = finding(trace, "weights", list("abcde"))
    assert rows.count("row ") == 5
    assert finding(trace, "weights", list("abcde"), conventions=COLUMNS) == rows.replace(
        "row ", "column "
    )


def test_a_word_that_is_row_stays_what_it_is() -> None:
    told = finding(RUNS["simple"], "weights", ["row", "rows", "b", "c", "d"], conventions=COLUMNS)
    assert told.startswith("column row: most on ")


def test_a_sentence_has_its_lines_in_their_places_and_its_fields_as_they_are() -> None:
    template = "{Rows} are queries, a {row}'s sum; the {columns} of {token}. {Row} {Column} {rows}."
    word = "row {column} rows, Column"
    assert Conventions().say(template, token=word) == (
        f"Rows are queries, a row's sum; the columns of {word}. Row Column rows."
    )
    assert COLUMNS.say(template, token=word) == (
        f"Columns are queries, a column's sum; the rows of {word}. Column Row columns."
    )
    assert COLUMNS.say("{Columns}, a {column}") == "Rows, a row"


def test_a_sentence_has_every_field_once() -> None:
    with pytest.raises(KeyError, match="token"):
        Conventions().say("the {row} of {token}")
    with pytest.raises(TypeError, match="row"):
        Conventions().say("the {row}", row="mine")


def test_a_shape_is_said_as_it_is_drawn() -> None:
    assert Conventions().shape("n_tokens", 3) == "(n_tokens, 3)"
    assert COLUMNS.shape("n_tokens", 3) == "(3, n_tokens)"


@pytest.mark.parametrize("operation", INSTANCES.values(), ids=INSTANCES)
def test_the_indices_of_every_formula_turn(operation: Any) -> None:
    latex = operation.latex("R", *(f"O^{k}" for k, _ in enumerate(operation.reads)))
    formula = COLUMNS.formula(latex)
    assert Conventions().formula(latex) == latex
    assert COLUMNS.formula(formula) == latex
    assert sorted(formula) == sorted(latex)
    assert "_{ij}" not in formula
    assert len(operation.roles) in (0, len(operation.reads))


OF_A_WHOLE_MATRIX = {
    *("DotProducts", "DotProductsOfHeads", "WeightedSum", "Projection", "Projection with a bias"),
    *("Softmax", "Softmax over queries", "SafeSoftmax", "NaiveSoftmax", "DropNothing"),
}


@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize("is_turned", [False, True])
def test_the_matrix_formulas_are_true(name: str, is_turned: bool) -> None:
    """Each product in the formula, read as torch, gives the matrix that is computed."""
    operation: Any = INSTANCES[name]
    operands = {
        f"O{k}": matrix(1 if pattern[0] == "0" else 4, 4, k)
        for k, pattern in enumerate(operation.reads)
    }
    latex = operation.matrix_latex("R", *operands, is_turned=is_turned)
    assert latex.startswith("R = ") if name in OF_A_WHOLE_MATRIX else latex == ""
    if not latex:
        return
    drawn = {name: x.mT if is_turned else x for name, x in operands.items()}
    text = (
        latex.removeprefix("R = ")
        .replace(r"^\top", ".mT")
        .replace(" ", " @ ")
        .replace("@ + @", "+")
    )
    text = text.replace(r"\operatorname{softmax}", "softmax")

    def softmax(scores: torch.Tensor) -> torch.Tensor:
        return torch.softmax(scores, dim=-2 if is_turned else -1)  # over the keys

    found = eval(text, {**drawn, "softmax": softmax})
    expected = operation.compute(*operands.values())
    torch.testing.assert_close(found, expected.mT if is_turned else expected)


def test_every_value_has_a_symbol_of_its_own_in_each_set() -> None:
    for chosen in SYMBOLS:
        found = [symbol(term.name, Conventions(symbols=chosen)) for term in TERMS]
        assert len(set(found)) == len(TERMS)
        assert all(found)
    assert [symbol("inputs", Conventions(symbols="paper"), role) for role in ("", "value")] == [
        "X",
        "V",
    ]
    assert symbol("weights", Conventions(symbols="paper"), "value") == "P"
    assert symbol("my_step", Conventions(symbols="paper")) == r"\text{my step}"
    assert symbol("my_step", Conventions(symbols="words"), "key") == r"\text{my step}"


def test_vectors_are_called_by_symbol_and_number() -> None:
    found = {
        (c.count_from, c.symbols): vector("inputs", 9, c, role="query")
        for c in EVERY
        if not c.is_turned
    }
    assert found == {
        (0, "notebook"): "x⁽⁹⁾",
        (0, "paper"): "Q₉",
        (0, "words"): "query 9",
        (1, "notebook"): "x⁽¹⁰⁾",
        (1, "paper"): "Q₁₀",
        (1, "words"): "query 10",
    }


@pytest.mark.parametrize("conventions", EVERY, ids=str)
def test_pictures_keep_their_numbers(conventions: Conventions) -> None:
    trace = RUNS["one query"]
    parts = trace["inputs"], trace["context"]
    flow = flow_spec(trace["weights"], *parts, TOKENS, conventions)
    space = space_spec(trace["inputs"], 4, trace["context"], TOKENS, conventions)
    usual = flow_spec(trace["weights"], *parts, TOKENS)["data"]
    assert flow["data"] == usual
    for arrow, own in zip(
        space["data"], space_spec(trace["inputs"], 4, trace["context"], TOKENS)["data"], strict=True
    ):
        assert [arrow[axis] for axis in "xyz"] == [own[axis] for axis in "xyz"]
    called = {"notebook": "z", "paper": "O", "words": "context vector"}[conventions.symbols]
    assert space["data"][-1]["name"] == called
    assert space["layout"]["scene"]["xaxis"]["title"]["text"] == f"d{conventions.count_from}"
    shown = flow["layout"]["yaxis2"]["ticktext"][0]
    assert shown.startswith(f"<b>{called.replace(' ', '<br>')}</b><br>")
