"""Conventions change what is shown and never a number."""

import re
from typing import Any

import pytest
import torch

from attention_core import Conventions, Trace
from attention_core.figures import heatmap_spec, pointing
from attention_core.glossary import symbol
from tests.attention_core.figures.runs import each_run
from tests.attention_core.instances import INSTANCES
from tests.attention_core.matrices import matrix

COLUMNS, FROM_0 = Conventions("columns"), Conventions(count_from=0)


def labels(axis: dict[str, Any]) -> list[tuple[int, str]]:
    return list(zip(axis["tickvals"], axis["ticktext"], strict=True))


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


def test_a_name_with_indices_in_it_stays_as_it_is() -> None:
    named = symbol("a_{ij}")
    assert COLUMNS.formula(rf"{named}_{{ij}} = 1") == rf"{named}_{{ji}} = 1"
