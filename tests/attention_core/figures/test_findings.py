"""What a figure shows, in a sentence."""

import re

import torch

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    MULTI_HEAD_ATTENTION,
    ONE_QUERY,
    SIMPLE_SELF_ATTENTION,
    Conventions,
    normalisations,
)
from attention_core.figures import finding
from attention_core.figures.findings import leading
from tests.attention_core import printed
from tests.attention_core.matrices import matrix

COLUMNS, FROM_0 = Conventions("columns"), Conventions(count_from=0)
X = torch.tensor(printed.X)
TRACE = SIMPLE_SELF_ATTENTION.run(inputs=X)


def test_weights_are_told_row_by_row() -> None:
    told = finding(TRACE, "weights", printed.TOKENS)
    assert told.startswith("row Your: most on Your, 0.2098; row journey: most on journey, 0.2379;")
    assert told.endswith("row step: most on journey, 0.2184.")
    assert told.count("row ") == 6


def test_the_rest_is_told_at_a_glance() -> None:
    assert finding(TRACE, "scores", printed.TOKENS) == (
        "largest 1.4950, journey with journey; smallest 0.2935, one with step."
    )
    assert finding(TRACE, "inputs", printed.TOKENS) == (
        "largest 0.8900, Your with d3; smallest 0.0500, step with d1."
    )


def test_repeated_words_are_told_apart() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(3))
    told = finding(trace, "weights", ["to", "be", "to"])
    assert told.startswith("row to (token 1): most on to (token 1), ")


def test_a_token_written_leftwards_does_not_turn_the_sentence() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]))
    told = finding(trace, "weights", ["שלום2", "مرحبا", "日本"])
    assert told.startswith("row \u2068שלום2\u2069: most on \u2068שלום2\u2069, ")
    assert "row \u2068مرحبا\u2069: most on 日本, " in told


def test_many_rows_are_counted() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(10, 3, 0))
    told = finding(trace, "weights", [f"w{row}" for row in range(10)])
    assert told.count("row w") == 6
    assert told.endswith("; and 4 more rows.")
    told = finding(trace, "weights", ["row"] * 10, conventions=Conventions("columns"))
    assert told.startswith("column row (token 1): most on row (token ")
    assert told.endswith("; and 4 more columns.")


def test_one_query_is_called_the_query() -> None:
    trace = ONE_QUERY.run(query=X[1:2], inputs=X)
    told = finding(trace, "weights", printed.TOKENS)
    assert told == "row the query: most on journey, 0.2379."


def test_what_is_not_a_number_is_said() -> None:
    trace = normalisations().run(scores=torch.tensor([[1000.0, 0.0]]))
    assert finding(trace, "naive", ["a", "b"]) == "1 of 2 cells are not a finite number."
    trace = normalisations().run(scores=torch.tensor([[1.0, -1.0]]))
    assert trace["by_sum"].isinf().all()
    assert finding(trace, "by_sum", ["a", "b"]) == "2 of 2 cells are not a finite number."


def test_no_token_is_named_where_none_stands_out() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.full((3, 2), 0.5))
    assert finding(trace, "weights", ["a", "b", "c"]).startswith(
        "row a: equal on all, 0.3333; row b"
    )


def test_those_that_share_the_first_place_are_named_or_counted() -> None:
    trace = CAUSAL_SELF_ATTENTION.run(torch.full((5, 2), 0.5), *(torch.eye(2),) * 3)
    assert finding(trace, "weights", list("abcde")) == (
        "row a: most on a, 1.0000; row b: most on a and b, each 0.5000; row c: most on 3 of them, "
        "each 0.3333; row d: most on 4 of them, each 0.2500; row e: equal on all, 0.2000."
    )
    trace = trace.mechanism.with_overrides({"weights": {(0, 0): 0.0}}).run(**trace.inputs)
    assert finding(trace, "weights", list("abcde")).startswith("row a: all 0; row b: ")


def test_what_differs_by_rounding_shares_the_first_place() -> None:
    assert leading(torch.tensor([0.3, 0.35, 0.35 - 1e-7])) == [1, 2]
    assert leading(torch.tensor([0.3, 0.35, 0.3499])) == [1]


def test_each_head_is_told_by_itself() -> None:
    trace = MULTI_HEAD_ATTENTION.run(X, *(torch.eye(3),) * 3, n_heads=3, w_out=torch.eye(3))
    for head in range(3):
        largest = float(trace["values"][head].max())
        told = finding(trace, "values", printed.TOKENS, head=head)
        assert told.startswith(f"largest {largest:.4f}, ")


def test_numbers_in_findings_follow() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(5, 3, 7))
    assert "to (token 2)" in finding(trace, "weights", ["a", "to", "to", "b", "c"])
    told = finding(trace, "weights", ["a", "to", "to", "b", "c"], conventions=FROM_0)
    assert "to (token 1)" in told
    assert "to (token 3)" not in told
    assert re.search(r"with d[012];", finding(trace, "context", list("abcde"), conventions=FROM_0))
    rows = finding(trace, "weights", list("abcde"))
    assert rows.count("row ") == 5
    assert finding(trace, "weights", list("abcde"), conventions=COLUMNS) == rows.replace(
        "row ", "column "
    )


def test_a_word_that_is_row_stays_what_it_is() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(5, 3, 7))
    told = finding(trace, "weights", ["row", "rows", "b", "c", "d"], conventions=COLUMNS)
    assert told.startswith("column row: most on ")
