"""Where a number comes from, in words: what a cell is called, and the formula of a long sum."""

import torch

from attention_core import MULTI_HEAD_ATTENTION, ONE_QUERY, USUAL, Conventions
from tests.attention_core import printed
from ui.cards.explained import MOST_TERMS, CellWords, Explained, label_of, shortened


def test_a_long_sum_keeps_its_ends_and_its_result() -> None:
    terms = [f"{term}·2" for term in range(20)]
    told = shortened(" + ".join(terms) + " = 380.0000").split(" + ")
    assert len(told) == MOST_TERMS
    assert told[:9] == terms[:9]
    assert told[9:] == ["…", "18·2", "19·2 = 380.0000"]
    few = " + ".join(terms[:MOST_TERMS]) + " = 1"
    assert shortened(few) == few


def test_a_cell_of_a_head_says_its_head_and_tokens() -> None:
    inputs = torch.tensor(printed.X)
    w = torch.ones(3, 4)
    trace = MULTI_HEAD_ATTENTION.run(inputs, w, w, w, n_heads=2, w_out=torch.eye(4))
    assert label_of(trace, printed.TOKENS, USUAL, "weights", (1, 1, 2)) == (
        "weights · head 2 · journey → starts"
    )
    from_0 = Conventions(count_from=0)
    assert label_of(trace, printed.TOKENS, from_0, "values", (0, 5, 1)) == (
        "values · head 0 · step · d1"
    )


def test_a_query_that_is_a_row_of_the_table_leads_there() -> None:
    inputs = torch.tensor(printed.X)
    trace = ONE_QUERY.run(query=inputs[[1]], inputs=inputs)
    words = CellWords(Explained(trace, printed.TOKENS, "journey", 1), USUAL)
    told = words.explanation("scores", 0, 2)
    assert told["formula"] == trace.explain("scores", 0, 2).formula
    first = told["operands"][0]
    assert (first["name"], first["cell"], first["is_input"]) == ("inputs", [1, 0], True)
    assert first["label"] == "query · journey · d1"
