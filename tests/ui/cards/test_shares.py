"""The shares of one query's attention: whose are shown, and how they are printed."""

import math

import torch

from attention_core import ONE_QUERY
from ui.cards.shares import LARGEST, MOST_WHOLE, largest, left_out, share_text

MANY = torch.rand(300, 64, generator=torch.Generator().manual_seed(1))
LONG = ONE_QUERY.run(query=MANY[[5]], inputs=MANY)


def test_the_largest_weights_are_shown_in_the_sentences_order() -> None:
    shown = largest(LONG, 5)
    weights = LONG["weights"][0]
    assert shown == sorted(shown)
    assert 5 in shown
    kept = [row for row in shown if row != 5]
    assert float(weights[kept].min()) >= float(weights.sort(descending=True).values[LARGEST])


def test_of_few_tokens_all_are_shown_and_none_is_left_out() -> None:
    few = ONE_QUERY.run(query=MANY[[5]], inputs=MANY[:MOST_WHOLE])
    assert largest(few) == list(range(MOST_WHOLE))
    assert left_out(largest(few), MOST_WHOLE) == []
    assert left_out([0, 2], 4) == [1, 3]


def test_a_share_that_is_no_number_is_called_that() -> None:
    assert [share_text(share) for share in (0.25, math.nan)] == ["0.2500", "NaN"]
