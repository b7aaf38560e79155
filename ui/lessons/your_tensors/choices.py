"""What the lesson "Your tensors" adds to the lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ui.lab.checks import MAX_SENTENCE, MAX_TOKENS, flag, named, one_of, text, whole
from ui.lab.choices import Choices, choice

TENSOR_MASKS = ("as the file suggests", "none", "causal")


@dataclass(frozen=True, slots=True)
class TensorChoices(Choices):
    """What the lesson adds to the lab: which file is open, and what its tensors are."""

    tensors: str = choice(
        "",
        text(64),
        'which file *Your tensors* shows: the first 16 digits of its SHA-256; "" for the example',
    )
    tensor_roles: Mapping[str, str] = choice(
        {},
        named(text(200)),
        'what its arrays are: "=" and the array\'s name by role (queries, keys, values, weights, '
        'inputs, w_query, w_key, w_value, mask); "" for none',
    )
    tensor_tokens: str = choice("", text(MAX_SENTENCE), "names for its tokens, a word each")
    tensor_mask: str = choice(
        TENSOR_MASKS[0],
        one_of(TENSOR_MASKS),
        "the mask its queries and keys meet with, or none, or causal",
    )
    tensors_scaled: bool = choice(True, flag, "whether its scores are divided by √d")
    tensor_layer: int = choice(
        0, whole(0, MAX_TOKENS - 1), "the layer that is looked at, from 0 to 511", is_view=True
    )
    tensor_head: int = choice(
        0, whole(0, MAX_TOKENS - 1), "the head that is looked at, from 0 to 511", is_view=True
    )
