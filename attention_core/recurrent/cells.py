"""Recurrent cells in plain maths: one word at a time, every intermediate value kept.

Weights have torch's layout and names (``weight_ih`` is (n_gates·n_units, d_in)), and the numbers
are those of ``torch.nn.RNN``, ``LSTM`` and ``GRU``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Parameters = Mapping[str, Tensor]
Values = dict[str, Tensor]
Step = Callable[[Tensor, Values, Parameters], Values]


def rnn_step(word: Tensor, state: Values, weights: Parameters) -> Values:
    """Return the next hidden state: ``h' = tanh(W x + b + U h + c)``.

    Args:
        word: The embedding of the word that is read, (d_in,).
        state: ``hidden``, (n_units,).
        weights: ``weight_ih``, ``weight_hh``, ``bias_ih``, ``bias_hh``.

    Example:
        >>> ones = {"weight_ih": torch.ones(1, 1), "weight_hh": torch.ones(1, 1),
        ...         "bias_ih": torch.zeros(1), "bias_hh": torch.zeros(1)}
        >>> rnn_step(torch.tensor([0.5]), {"hidden": torch.tensor([0.25])}, ones)["hidden"]
        tensor([0.6351])

    Source:
        Elman, "Finding Structure in Time" (1990); ``torch.nn.RNN``.
    """
    from_word, from_hidden = _sums(word, state["hidden"], weights)
    return {"hidden": torch.tanh(from_word + from_hidden)}


def gru_step(word: Tensor, state: Values, weights: Parameters) -> Values:
    """Return the gates and the next hidden state of a gated recurrent unit.

    ``h' = (1 − update) · candidate + update · h``, where the candidate sees ``reset · (U h + c)``.

    Args:
        word: (d_in,).
        state: ``hidden``, (n_units,).
        weights: As for ``rnn_step``, with the rows of reset, update and candidate stacked.

    Example:
        >>> zero = {"weight_ih": torch.zeros(3, 1), "weight_hh": torch.zeros(3, 1),
        ...         "bias_ih": torch.zeros(3), "bias_hh": torch.zeros(3)}
        >>> gru_step(torch.zeros(1), {"hidden": torch.ones(1)}, zero)["hidden"]  # half is kept
        tensor([0.5000])

    Source:
        Cho et al., arXiv 1406.1078, section 2.3; ``torch.nn.GRU``.
    """
    hidden = state["hidden"]
    from_word, from_hidden = _sums(word, hidden, weights)
    word_reset, word_update, word_candidate = from_word.chunk(3, -1)
    hidden_reset, hidden_update, hidden_candidate = from_hidden.chunk(3, -1)
    reset = torch.sigmoid(word_reset + hidden_reset)
    update = torch.sigmoid(word_update + hidden_update)
    candidate = torch.tanh(word_candidate + reset * hidden_candidate)
    return {
        "reset_gate": reset,
        "update_gate": update,
        "candidate": candidate,
        "hidden": (1 - update) * candidate + update * hidden,
    }


def lstm_step(word: Tensor, state: Values, weights: Parameters) -> Values:
    """Return the gates, the next cell and the next hidden state of a long short-term memory.

    ``cell' = forget · cell + input · candidate`` and ``h' = output · tanh(cell')``: the cell line
    is only scaled and added to, which lets it remember for longer.

    Args:
        word: (d_in,).
        state: ``hidden`` and ``cell``, (n_units,) each.
        weights: As for ``rnn_step``, with the rows of input, forget, candidate and output stacked.

    Example:
        >>> zero = {"weight_ih": torch.zeros(4, 1), "weight_hh": torch.zeros(4, 1),
        ...         "bias_ih": torch.zeros(4), "bias_hh": torch.zeros(4)}
        >>> state = {"hidden": torch.zeros(1), "cell": torch.ones(1)}
        >>> lstm_step(torch.zeros(1), state, zero)["cell"]  # half is forgotten
        tensor([0.5000])

    Source:
        Hochreiter and Schmidhuber (1997); ``torch.nn.LSTM``.
    """
    from_word, from_hidden = _sums(word, state["hidden"], weights)
    of_input, of_forget, of_candidate, of_output = (from_word + from_hidden).chunk(4, -1)
    opened, kept = torch.sigmoid(of_input), torch.sigmoid(of_forget)
    candidate, shown = torch.tanh(of_candidate), torch.sigmoid(of_output)
    cell = kept * state["cell"] + opened * candidate
    return {
        "input_gate": opened,
        "forget_gate": kept,
        "cell_candidate": candidate,
        "output_gate": shown,
        "cell": cell,
        "hidden": shown * torch.tanh(cell),
    }


def _sums(word: Tensor, hidden: Tensor, weights: Parameters) -> tuple[Tensor, Tensor]:
    from_word = weights["weight_ih"] @ word + weights["bias_ih"]  # (n_gates·n_units,)
    from_hidden = weights["weight_hh"] @ hidden + weights["bias_hh"]
    return from_word, from_hidden


@dataclass(frozen=True)
class Cell:
    """A kind of recurrent cell."""

    step: Step
    carries: tuple[str, ...]  # what goes on to the next word
    n_gates: int  # rows of weights for each unit


CELLS: Mapping[str, Cell] = {
    "rnn": Cell(rnn_step, ("hidden",), 1),
    "lstm": Cell(lstm_step, ("hidden", "cell"), 4),
    "gru": Cell(gru_step, ("hidden",), 3),
}


def read(cell: Cell, words: Tensor, weights: Parameters) -> Values:
    """Return what a cell computes while it reads a sentence from left to right.

    Args:
        cell: One of ``CELLS``.
        words: The embeddings, (n_words, d_in).
        weights: As for the cell's step.

    Returns:
        Every value of every step, (n_words, n_units) each.

    Example:
        >>> weights = {"weight_ih": torch.eye(2), "weight_hh": torch.zeros(2, 2),
        ...            "bias_ih": torch.zeros(2), "bias_hh": torch.zeros(2)}
        >>> read(CELLS["rnn"], torch.eye(2), weights)["hidden"]
        tensor([[0.7616, 0.0000],
                [0.0000, 0.7616]])
    """
    n_units = weights["weight_hh"].shape[1]
    state = {name: words.new_zeros(n_units) for name in cell.carries}
    steps: list[Values] = []
    for word in words:
        state = cell.step(word, state, weights)
        steps.append(state)
    return {name: torch.stack([step[name] for step in steps]) for name in steps[0]}
