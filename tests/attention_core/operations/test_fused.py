"""What torch's own attention can do besides is what these do."""

import math

import torch
from torch.nn.functional import scaled_dot_product_attention

from attention_core.operations import AddScores, MultiplyBy, RepeatHeads, SafeSoftmax
from tests.attention_core.matrices import matrix

QUERIES, KEYS, VALUES = matrix(4, 7, 3, 1), matrix(2, 5, 3, 2), matrix(2, 5, 3, 3)
ADDED = matrix(7, 5, 4)


def test_scale_mask_of_floats_and_shared_heads_are_torchs() -> None:
    theirs = scaled_dot_product_attention(
        QUERIES[None], KEYS[None], VALUES[None], attn_mask=ADDED, scale=0.7, enable_gqa=True
    )
    share = RepeatHeads(2)
    keys, values = share.compute(KEYS), share.compute(VALUES)
    scores = AddScores().compute(MultiplyBy(0.7).compute(QUERIES @ keys.mT), ADDED)
    torch.testing.assert_close(SafeSoftmax().compute(scores) @ values, theirs[0])


def test_heads_that_share_read_the_same_one() -> None:
    share = RepeatHeads(2)
    assert share.sources((3, 4, 1), [KEYS.shape]) == (((1, 4, 1),),)
    assert torch.equal(
        share.compute(KEYS), share.in_float64(KEYS, largest=torch.finfo(torch.float64).max)
    )


def test_a_query_that_may_attend_to_nothing_gets_0_and_the_others_torchs_softmax() -> None:
    scores = ADDED.clone()
    scores[2] = -math.inf
    found = SafeSoftmax().compute(scores)
    assert found[2].tolist() == [0.0] * 5
    rest = torch.arange(7) != 2
    assert torch.equal(found[rest], torch.softmax(scores[rest], dim=-1))
