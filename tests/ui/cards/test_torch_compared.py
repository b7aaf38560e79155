"""A run beside torch's own attention, in words."""

from ui.cards import overriding
from ui.cards.torch_compared import compared
from ui.lab.lab import Lab
from ui.lessons.queries_keys_values import figures as trainable

PRIMES = Lab(sentence="a b c d e f g", d=5, preset="random", d_out=3, d_value=11)


def test_torchs_own_attention_is_named_with_its_difference() -> None:
    told = compared(trainable.trace_of(PRIMES))
    assert "`scaled_dot_product_attention` on the same numbers gives the same `context`" in told


def test_torchs_own_attention_cannot_be_told_numbers_of_ones_own() -> None:
    trace = trainable.trace_of(Lab())
    lab = overriding.with_override(Lab(), trace, "qkv", "weights", (0, 0), 0.5)
    told = compared(trainable.trace_of(lab))
    assert told == "Torch cannot be told the numbers you put into a step: nothing to compare."
