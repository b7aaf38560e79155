"""Any value of any trace can be drawn in one call, with the numbers it has."""

from typing import Any

import pytest
import torch

from attention_core import Conventions, Trace, watch
from attention_core.figures import draw
from attention_core.figures.overview import unpacked
from tests.attention_core.runs import RUNS

EACH = [(trace, name) for trace in RUNS.values() for name in trace.names]


def watched() -> Trace:
    attention = torch.nn.MultiheadAttention(22, 2)
    with watch() as traces:
        attention(torch.randn(5, 22), torch.randn(7, 22), torch.randn(7, 22))
    return traces[0].with_tokens(["a", "b", "c", "d", "<e>"], list("tuvwxyz"))


def numbers_in(figure: Any) -> torch.Tensor:
    """The numbers of a heatmap, NaN where it is blank; wide ones travel as typed arrays."""
    z = figure.data[0].z
    if isinstance(z, dict):
        return unpacked(z)
    return torch.tensor([[float("nan") if cell is None else cell for cell in row] for row in z])


@pytest.mark.parametrize(("trace", "name"), EACH, ids=[name for _, name in EACH])
def test_every_value_is_drawn(trace: Trace, name: str) -> None:
    matrix = trace[name] if trace[name].ndim == 2 else trace[name][0]
    drawn = numbers_in(draw(trace, name))
    finite = matrix.detach().double()
    finite = finite.masked_fill(~torch.isfinite(finite), torch.nan)
    assert torch.allclose(drawn.double(), finite, equal_nan=True, atol=1e-6)


def test_a_watched_trace_is_drawn_with_its_tokens_and_head() -> None:
    trace = watched()
    figure = draw(trace, "weights", head=1)
    assert figure.layout.xaxis.ticktext == tuple("tuvwxyz")
    assert figure.layout.yaxis.ticktext == ("a", "b", "c", "d", "&lt;e&gt;")
    assert figure.layout.title.text == "Attention weights, head 1 of 2"
    assert torch.allclose(torch.tensor(figure.data[0].z), trace["weights"][1].double().float())
    turned = draw(trace, "weights", head=1, conventions=Conventions(queries_as="columns"))
    assert turned.layout.xaxis.title.text == "query token"
    assert len(draw(trace, "keys").data[0].z) == 7


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(KeyError, match="no value 'weight' among queries, keys, values"):
        draw(watched(), "weight")
    with pytest.raises(ValueError, match="a head from 0 to 1; got 2"):
        draw(watched(), "weights", head=2)
