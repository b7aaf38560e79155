"""Recurrent cells against torch's own, on random weights of sizes that are all different."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from attention_core.recurrent.cells import CELLS, read

TORCH = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@pytest.mark.parametrize("kind", CELLS)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.sampled_from([(2, 3, 5), (7, 5, 11), (13, 7, 2), (1, 2, 3)]),
)
def test_a_cell_is_torchs_own(kind: str, seed: int, sizes: tuple[int, int, int]) -> None:
    n_words, d_in, n_units = sizes
    dice = torch.Generator().manual_seed(seed)
    own = TORCH[kind](d_in, n_units, dtype=torch.float64)
    weights = {
        name.removesuffix("_l0"): torch.randn(parameter.shape, generator=dice, dtype=torch.float64)
        for name, parameter in own.named_parameters()
    }
    own.load_state_dict({f"{name}_l0": tensor for name, tensor in weights.items()})
    words = torch.randn(n_words, d_in, generator=dice, dtype=torch.float64)
    values = read(CELLS[kind], words, weights)
    hidden, last = own(words)
    torch.testing.assert_close(values["hidden"], hidden, atol=1e-12, rtol=0)
    if kind == "lstm":
        torch.testing.assert_close(values["cell"][-1], last[1][0], atol=1e-12, rtol=0)
    assert all(value.shape == (n_words, n_units) for value in values.values())


@pytest.mark.parametrize("kind", CELLS)
def test_gates_lie_between_0_and_1_and_hidden_states_between_minus_1_and_1(kind: str) -> None:
    dice = torch.Generator().manual_seed(3)
    n_gates = CELLS[kind].n_gates
    weights = {
        "weight_ih": torch.randn(n_gates * 5, 3, generator=dice),
        "weight_hh": torch.randn(n_gates * 5, 5, generator=dice),
        "bias_ih": torch.randn(n_gates * 5, generator=dice),
        "bias_hh": torch.randn(n_gates * 5, generator=dice),
    }
    values = read(CELLS[kind], torch.randn(7, 3, generator=dice), weights)
    for name, value in values.items():
        if name.endswith("_gate"):
            assert bool(((value > 0) & (value < 1)).all())
        elif name != "cell":
            assert bool((value.abs() <= 1).all())
