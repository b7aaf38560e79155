"""What a page shows, as data: labels in the user's words, tables with whole rows."""

import pytest
import torch

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION
from attention_core.export import Derived, Shown, Table

X = torch.eye(3)
TRACE = SIMPLE_SELF_ATTENTION.run(inputs=X)


def test_tokens_are_called_by_word_and_the_rest_by_number() -> None:
    shown = Shown("run", "A run", TRACE, ["to", "be", "row"], ["a", "b", "c"])
    assert shown.labels("query token", 3) == ["to", "be", "row"]
    assert shown.labels("key token", 3) == ["a", "b", "c"]
    assert shown.labels("token", 2) == ["token 1", "token 2"]  # other tokens than these
    assert shown.labels("input dimension", 2) == ["d1", "d2"]
    assert shown.labels("head", 2) == ["head 1", "head 2"]


def test_keys_are_the_queries_unless_others_are_given() -> None:
    assert Shown("run", "A run", TRACE, ["to", "be", "or"]).keys == ["to", "be", "or"]


def test_a_run_is_labelled_with_its_tokens() -> None:
    both = Shown("run", "A run", TRACE, ["to", "be", "or"], ["a", "b", "c"]).labelled()
    assert (both.tokens, both.key_tokens) == (("to", "be", "or"), ("a", "b", "c"))
    one = ONE_QUERY.run(query=X[:1], inputs=X)
    assert Shown("run", "A run", one, ["to"], ["a", "b", "c"]).labelled().tokens == ("a", "b", "c")


def test_a_value_besides_the_steps_has_axes_of_its_own() -> None:
    entropy = Derived("entropy", "how spread", "", torch.zeros(3), ("query token",), 0.0)
    shown = Shown("run", "A run", TRACE, ["to", "be", "or"], derived=(entropy,))
    assert shown.axes("entropy") == ("query token",)
    assert shown.axes("weights") == ("query token", "key token")


def test_a_table_has_whole_rows() -> None:
    with pytest.raises(ValueError, match="each row of timings must have 2 entries"):
        Table("timings", "Timings", "Measured.", ("tokens", "ms"), ((6, 1.5), (12,)))
