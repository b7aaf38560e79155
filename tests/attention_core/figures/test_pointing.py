"""What the browser is told to light is what the core says a cell is made of."""

import itertools
import re

import pytest
import torch

from attention_core import (
    MULTI_HEAD_ATTENTION,
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    Trace,
    normalisations,
)
from attention_core.figures import pointing
from attention_core.operations import Softmax
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import D_HEAD, HEADS, TOKENS, several
from tests.new_mechanism import LUKEWARM

Cell = tuple[int, int]
QUERY_ROW = 4
X = matrix(5, 3, 7)
SCORES = matrix(1, 5, 3)
RUNS: dict[str, tuple[Trace, int | None]] = {
    "simple": (SIMPLE_SELF_ATTENTION.run(inputs=X), None),
    "wrong axis": (
        SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2)).run(inputs=X),
        None,
    ),
    "one query": (ONE_QUERY.run(query=X[[QUERY_ROW]], inputs=X), None),
    "one query of the table": (ONE_QUERY.run(query=X[[QUERY_ROW]], inputs=X), QUERY_ROW),
    "normalisations": (normalisations(2.0).run(scores=SCORES), None),
    "another mechanism": (LUKEWARM.run(ideas=matrix(3, 2, 0), doubts=matrix(5, 2, 1)), None),
}
each_run = pytest.mark.parametrize(("trace", "query_row"), RUNS.values(), ids=RUNS)


def expanded(pattern: str, cell: Cell, shape: torch.Size) -> set[Cell]:
    """Return the cells that a pattern names, by the rules that the browser goes by."""
    parts = re.findall(r"\d+|[ij:]", pattern)
    assert "".join(parts) == pattern
    assert len(parts) == 2
    along = []
    for part, size in zip(parts, shape, strict=True):
        at = {"i": cell[0], "j": cell[1]}.get(part)
        if part == ":":
            along.append(range(size))
        else:
            position = int(part) if at is None else at
            along.append(range(position, position + 1))
    return set(itertools.product(*along))  # type: ignore[arg-type]


def named(trace: Trace, name: str, cell: Cell, query_row: int | None) -> set[tuple[str, Cell]]:
    """Return the cells that the core's explanation names; a query of the table is its row."""
    found = set()
    for operand, (row, column), _ in trace.explain(name, *cell).operands:
        if operand == "query" and query_row is not None:
            found.add(("inputs", (query_row, column)))
        else:
            found.add((operand, (row, column)))
    return found


@each_run
def test_each_cell_reads_what_its_explanation_names(trace: Trace, query_row: int | None) -> None:
    labels = [f"t{row}" for row in range(5)]
    for name in trace.steps:
        told = pointing(trace, name, labels, query_row=query_row)
        n_rows, n_columns = trace[name].shape
        for cell in itertools.product(range(n_rows), range(n_columns)):
            read = {
                (operand, at)
                for operand, pattern in zip(told["of"], told["reads"], strict=True)
                for at in expanded(pattern, cell, trace[operand].shape)
            }
            assert read == named(trace, name, cell, query_row), f"{name} {cell}"


@each_run
def test_each_value_has_a_label_for_every_row_and_column(
    trace: Trace, query_row: int | None
) -> None:
    labels = [f"<b>{row}</b>" for row in range(5)]
    for name in (*trace.inputs, *trace.steps):
        told = pointing(trace, name, labels, query_row=query_row)
        assert (len(told["rows"]), len(told["columns"])) == tuple(trace[name].shape)
        assert told["name"] == name
        for part in ("{row}", "{column}", "{value}"):
            assert told["sentence"].count(part) == 1
        if trace.axes(name)[1] == "key token" and len(told["columns"]) == 5:
            assert told["columns"] == labels  # plain: it is not Plotly that shows them


def test_inputs_are_made_of_nothing() -> None:
    told = pointing(RUNS["simple"][0], "inputs", list("abcde"))
    assert (told["of"], told["reads"]) == ([], [])
    assert told["sentence"] == "{row} · {column} = {value}"


def test_the_only_row_is_the_querys() -> None:
    told = pointing(RUNS["one query"][0], "scores", list("abcde"), query="e", query_row=QUERY_ROW)
    assert told["rows"] == ["e"]
    assert told["of"] == ["inputs", "inputs"]
    assert told["reads"] == ["4:", "j:"]


def test_a_matrix_of_a_head_says_which() -> None:
    given = several(3, bias=True)
    trace = MULTI_HEAD_ATTENTION.run(**given, n_heads=HEADS)
    labels = [f"t{row}" for row in range(TOKENS)]
    told = pointing(trace, "queries", labels, head=1)
    assert (told["head"], told["shape"]) == (1, [TOKENS, D_HEAD])
    assert (told["of"], told["rows"]) == (["inputs", "w_query", "b_query"], labels)
    assert told["reads"] == ["i:", f":[h*{D_HEAD}+j]", f"0[h*{D_HEAD}+j]"]
    joined = pointing(trace, "concatenated", labels)
    assert (joined["head"], joined["shape"]) == (None, [TOKENS, HEADS * D_HEAD])
    for name, head in (("queries", None), ("queries", HEADS), ("queries", -1), ("mask", 0)):
        with pytest.raises(ValueError, match=rf"{name} has shape"):
            pointing(trace, name, labels, head=head)


def test_a_blank_cell_is_called_what_it_is() -> None:
    """Both −∞ and what is no number are drawn as nothing: so only one of them may be named."""
    scores = torch.tensor([[0.5, -torch.inf], [1.0, 2.0]])
    trace = Trace(RUNS["simple"][0].mechanism, {"inputs": torch.eye(2), "scores": scores})
    assert pointing(trace, "scores", ["a", "b"])["blank"] == "−∞"
    for other in (
        scores.nan_to_num(nan=0.0, neginf=torch.nan),
        scores + torch.tensor([torch.nan, 0]),
    ):
        spoilt = Trace(trace.mechanism, {"inputs": torch.eye(2), "scores": other})
        assert "blank" not in pointing(spoilt, "scores", ["a", "b"])
