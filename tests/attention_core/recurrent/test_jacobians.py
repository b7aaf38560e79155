"""The derivatives written by hand are those that autograd finds."""

import pytest
import torch
from torch import Tensor

from attention_core.recurrent.cells import CELLS, read
from attention_core.recurrent.jacobians import final_by_word
from tests.attention_core.matrices import matrix

D_IN, N_UNITS, N_WORDS = 3, 5, 4


def weights_of(n_gates: int) -> dict[str, Tensor]:
    rows = n_gates * N_UNITS
    return {
        "weight_ih": matrix(rows, D_IN, 1),
        "weight_hh": matrix(rows, N_UNITS, 2, size=0.7),
        "bias_ih": matrix(1, rows, 3)[0],
        "bias_hh": matrix(1, rows, 4)[0],
    }


@pytest.mark.parametrize("kind", CELLS)
def test_autograd_finds_the_same(kind: str) -> None:
    cell = CELLS[kind]
    weights, words = weights_of(cell.n_gates), matrix(N_WORDS, D_IN, 5)

    def final(embeddings: Tensor) -> Tensor:
        values = read(cell, embeddings, weights)
        return torch.cat([values[name][-1] for name in cell.carries])

    theirs = torch.func.jacrev(final)(words)  # (n_final, n_words, d_in)
    found = final_by_word(cell, words, weights)
    assert found.shape == (N_WORDS, len(cell.carries) * N_UNITS, D_IN)
    torch.testing.assert_close(found, theirs.transpose(0, 1), rtol=1e-10, atol=1e-12)
