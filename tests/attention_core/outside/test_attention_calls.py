"""What cannot be looked into is refused, and what was made otherwise is said."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from attention_core import watch
from attention_core.mechanisms.attention import Then, weighing
from attention_core.operations import Softmax
from attention_core.outside import attention_calls
from tests.attention_core.outside.watched import HEADS, WIDTH, L, assert_nothing_stays, numbers


def test_a_trace_says_that_it_is_not_what_the_call_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = numbers(L, 11)

    def without_the_mask(softmax: Softmax) -> tuple[Then, ...]:
        return tuple(then for then in weighing(softmax) if then.name != "masked")

    monkeypatch.setattr(attention_calls, "weighing", without_the_mask)
    with watch() as traces:
        functional.scaled_dot_product_attention(tokens, tokens, tokens, is_causal=True)
    (said,) = traces[0].disagreements
    assert said.startswith("context differs from F.scaled_dot_product_attention by ")
    assert [check.ok for check in traces[0].check("context")][-1] is False
    assert said in repr(traces[0])
    assert said in traces[0]._repr_html_()


def test_tensors_without_numbers_are_refused_in_words() -> None:
    tokens = torch.empty(L, 11, device="meta")
    refused = pytest.raises(ValueError, match=r"plain tensors; got a tensor without numbers \(meta")
    with refused, watch():
        functional.scaled_dot_product_attention(tokens, tokens, tokens)
    assert_nothing_stays()


def test_nested_tensors_are_refused_in_words() -> None:
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 37, batch_first=True).eval()
    nested = torch.nested.nested_tensor([numbers(3, WIDTH), numbers(2, WIDTH)])
    refused = pytest.raises(ValueError, match="plain tensors; got a nested tensor")
    with refused, torch.no_grad(), watch(layer):
        layer(nested)
    assert_nothing_stays()
