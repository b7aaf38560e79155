"""A projection is torch's linear layer."""

import pytest
import torch
from torch.nn.functional import linear

from attention_core import Trace
from attention_core.operations import Projection
from tests.attention_core.instances import alone
from tests.attention_core.matrices import matrix

X, WEIGHT, BIAS = matrix(7, 5, 1), matrix(5, 3, 2), matrix(1, 3, 3)


def test_it_is_torchs_linear_layer() -> None:
    torch.testing.assert_close(Projection().compute(X, WEIGHT), linear(X, WEIGHT.T))
    found = Projection(biased=True).compute(X, WEIGHT, BIAS)
    torch.testing.assert_close(found, linear(X, WEIGHT.T, BIAS[0]))


@pytest.mark.parametrize("bias", [BIAS[:, :1], BIAS.T, matrix(7, 3, 4)])
def test_a_bias_is_one_row_as_wide_as_the_result(bias: torch.Tensor) -> None:
    with pytest.raises(RuntimeError, match="do not fit"):
        Projection(biased=True).compute(X, WEIGHT, bias)


@pytest.mark.parametrize("biased", [False, True])
def test_a_value_longer_than_its_vectors_breaks_the_law(biased: bool) -> None:
    trace = alone(Projection(biased=biased))
    assert all(check.ok for check in trace.check())
    spoilt = trace.output.clone()
    spoilt[2, 1] = 1e4
    checks = Trace(trace.mechanism, {**trace.inputs, "result": spoilt}).check()
    (law,) = [check for check in checks if check.law]
    assert not law.ok
    assert law.route.endswith(", plus the bias") is biased
