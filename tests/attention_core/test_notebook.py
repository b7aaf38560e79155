"""The badge: really computed, and only while the inputs are the notebook's own."""

import pytest
import torch

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION
from attention_core.notebook import PRINTED, PRINTED_FOR_QUERY, matches_notebook
from attention_core.operations import Softmax
from tests.attention_core import printed

X = torch.tensor(printed.X)


def test_the_codes_copy_is_the_notebooks() -> None:
    for ours, theirs in ((PRINTED, printed.ALL_TOKENS), (PRINTED_FOR_QUERY, printed.ONE_QUERY)):
        assert {n: printed.rounded(t.tolist()) for n, t in ours.items()} == theirs


def test_it_matches() -> None:
    assert matches_notebook(SIMPLE_SELF_ATTENTION.run(inputs=X)) is True
    assert matches_notebook(ONE_QUERY.run(query=X[1:2], inputs=X)) is True


def test_it_has_nothing_to_say_about_other_inputs() -> None:
    edited = X.clone()
    edited[2, 1] += 0.01
    assert matches_notebook(SIMPLE_SELF_ATTENTION.run(inputs=edited)) is None
    assert matches_notebook(ONE_QUERY.run(query=X[2:3], inputs=X)) is None


def test_it_has_nothing_to_say_about_another_mechanism() -> None:
    other = SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2))
    assert matches_notebook(other.run(inputs=X)) is None


def test_it_notices_a_fourth_decimal(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Softmax.compute
    monkeypatch.setattr(Softmax, "compute", lambda self, *scores: right(self, *scores) + 1e-4)
    assert matches_notebook(SIMPLE_SELF_ATTENTION.run(inputs=X)) is False
