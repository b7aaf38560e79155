"""How far a recurrent cell's next state moves with the word and with the state before it.

The derivatives of one step, written out by hand: no autograd. Their product over a sentence is the
derivative of the final state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from attention_core.recurrent.cells import Cell, Parameters, Values

_Moved = Callable[[Tensor, Tensor, Tensor, Values, Values, Parameters], Tensor]


def final_by_word(cell: Cell, words: Tensor, weights: Parameters) -> Tensor:
    """Return the derivative of the final state by each word: the product of the steps' own.

    Args:
        cell: One of ``CELLS``.
        words: The embeddings, (n_words, d_in).
        weights: As for the cell's step.

    Returns:
        (n_words, n_carried·n_units, d_in): of the hidden state, and below it of the LSTM's cell.

    Example:
        >>> from attention_core.recurrent.cells import CELLS
        >>> weights = {"weight_ih": torch.eye(1), "weight_hh": torch.eye(1) / 2,
        ...            "bias_ih": torch.zeros(1), "bias_hh": torch.zeros(1)}
        >>> final_by_word(CELLS["rnn"], torch.zeros(3, 1), weights).flatten()
        tensor([0.2500, 0.5000, 1.0000])

    Source:
        Pascanu et al., "On the difficulty of training recurrent neural networks", arXiv 1211.5063,
        equation 5.
    """
    n_units = weights["weight_hh"].shape[1]
    state = {name: words.new_zeros(n_units) for name in cell.carries}
    steps: list[tuple[Tensor, Tensor]] = []
    for word in words:
        new = cell.step(word, state, weights)
        steps.append(_jacobians(cell, state, new, weights))
        state = new
    after = torch.eye(len(cell.carries) * n_units, dtype=words.dtype)  # ∂ final / ∂ this state
    found = []
    for by_word, by_state in reversed(steps):
        found.append(after @ by_word)
        after = after @ by_state
    return torch.stack(found[::-1])


def _jacobians(
    cell: Cell, before: Values, new: Values, weights: Parameters
) -> tuple[Tensor, Tensor]:
    """Return the derivatives of a step's next state by its word and by the state before."""
    n_units, d_in = weights["weight_hh"].shape[1], weights["weight_ih"].shape[1]
    size = len(cell.carries) * n_units
    # Every direction is one column: first those of the word, then those of the state.
    word = torch.eye(d_in, d_in + size, dtype=weights["weight_ih"].dtype)
    state = torch.eye(d_in + size, dtype=word.dtype)[d_in:]
    moved = _MOVED[cell.n_gates](
        weights["weight_ih"] @ word,
        weights["weight_hh"] @ state[:n_units],
        state,
        before,
        new,
        weights,
    )
    return moved[:, :d_in], moved[:, d_in:]


def _rnn(
    of_word: Tensor, of_hidden: Tensor, _state: Tensor, _before: Values, new: Values, _: Parameters
) -> Tensor:
    """``dh' = (1 − h'²) · (W dx + U dh)``."""
    return _scaled(1 - new["hidden"] ** 2, of_word + of_hidden)


def _gru(
    of_word: Tensor,
    of_hidden: Tensor,
    state: Tensor,
    before: Values,
    new: Values,
    weights: Parameters,
) -> Tensor:
    """``dh' = (1 − z) · dn + (h − n) · dz + z · dh``, ``dn = (1 − n²) · (W dx + r U dh + p dr)``.

    ``p`` is what the reset gate scales: ``U h + c``.
    """
    reset, update, candidate = (new[name] for name in ("reset_gate", "update_gate", "candidate"))
    word_reset, word_update, word_candidate = of_word.chunk(3)
    hidden_reset, hidden_update, hidden_candidate = of_hidden.chunk(3)
    let_through = (weights["weight_hh"] @ before["hidden"] + weights["bias_hh"]).chunk(3)[2]
    d_reset = _scaled(reset * (1 - reset), word_reset + hidden_reset)
    d_update = _scaled(update * (1 - update), word_update + hidden_update)
    bent = word_candidate + _scaled(reset, hidden_candidate) + _scaled(let_through, d_reset)
    d_candidate = _scaled(1 - candidate**2, bent)
    kept = _scaled(before["hidden"] - candidate, d_update) + _scaled(update, state)
    return _scaled(1 - update, d_candidate) + kept


def _lstm(
    of_word: Tensor,
    of_hidden: Tensor,
    state: Tensor,
    before: Values,
    new: Values,
    _: Parameters,
) -> Tensor:
    """``dc' = f dc + c df + i dg + g di`` and ``dh' = tanh(c') do + o · (1 − tanh²(c')) dc'``."""
    names = ("input_gate", "forget_gate", "cell_candidate", "output_gate")
    opened, kept, candidate, shown = (new[name] for name in names)
    of_input, of_forget, of_candidate, of_output = (of_word + of_hidden).chunk(4)
    d_cell = (
        _scaled(kept, state.chunk(2)[1])
        + _scaled(before["cell"] * kept * (1 - kept), of_forget)
        + _scaled(opened * (1 - candidate**2), of_candidate)
        + _scaled(candidate * opened * (1 - opened), of_input)
    )
    bent = torch.tanh(new["cell"])
    d_hidden = _scaled(bent * shown * (1 - shown), of_output)
    return torch.cat([d_hidden + _scaled(shown * (1 - bent**2), d_cell), d_cell])


def _scaled(by: Tensor, rows: Tensor) -> Tensor:
    """Return each row times its own number."""
    return by[:, None] * rows


_MOVED: Mapping[int, _Moved] = {1: _rnn, 3: _gru, 4: _lstm}  # by the number of gates
