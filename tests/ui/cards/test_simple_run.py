"""The run of simple self-attention, with the user's own numbers in its steps."""

import torch

from attention_core import SIMPLE_SELF_ATTENTION
from ui.cards import overriding
from ui.cards.embeddings import tensor_of
from ui.cards.simple_run import STORED_AS, trace_of
from ui.lab.lab import Lab


def test_the_users_own_number_stands_in_its_step() -> None:
    lab = Lab()
    computed = SIMPLE_SELF_ATTENTION.run(inputs=tensor_of(lab))
    assert torch.equal(trace_of(lab)["weights"], computed["weights"])
    own = overriding.with_override(lab, computed, STORED_AS, "weights", (1, 0), 0.5)
    assert float(trace_of(own)["weights"][1, 0]) == 0.5
    assert torch.equal(trace_of(own)["scores"], computed["scores"])
