"""How an encoder reads, as a mechanism: every gate and state of every word, explained and checked.

The steps of a recurrent cell go round in a circle: a gate needs the state before its word, which
needs the gates of the word before. So the state is *carried*: the steps are computed for all words
at once, again and again, each time one more word is right, until the last one is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Mechanism, Trace
from attention_core.operations import Projection
from attention_core.recurrent.checkpoints import N_UNITS
from attention_core.recurrent.gates import ResetCandidate, Squashed
from attention_core.recurrent.language import END, START, source_vocabulary, target_vocabulary
from attention_core.recurrent.network import TORCH
from attention_core.recurrent.rows import LastRow, RowBefore
from attention_core.recurrent.states import Blend, KeepAndAdd, ShowCell
from attention_core.recurrent.task import ids
from attention_core.recurrent.translation import LONGEST, Model
from attention_core.spread import Spread
from attention_core.step import Step

GATES = {
    "rnn": ("hidden",),
    "lstm": ("input_gate", "forget_gate", "cell_candidate", "output_gate"),
    "gru": ("reset_gate", "update_gate", "candidate"),
}
"""What the rows of torch's stacked weights make, by the kind of cell and in torch's order."""


@dataclass(frozen=True, slots=True)
class Recurrence(Mechanism):
    """A mechanism with steps that the next word's steps begin with.

    Args:
        carried: Their names. They may be used before they are made; before the first word they
            are 0. Each is as wide as the last input.
    """

    carried: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        made = {step.name for step in self.steps}
        known = {*self.inputs, *self.carried}
        for step in self.steps:
            missing = [name for name in step.of if name not in known]
            if missing:
                raise ValueError(f"step {step.name!r} uses {missing[0]!r} before it exists")
            known.add(step.name)
        absent = [name for name in self.carried if name not in made]
        if absent:
            raise ValueError(f"no step makes {absent[0]!r}, which is carried")

    def computed(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the inputs and every step for every word, one more word right at each turn."""
        tensors = dict(inputs)
        words, last = (inputs[self.inputs[at]] for at in (0, -1))
        for name in self.carried:
            tensors[name] = words.new_zeros(len(words), last.shape[-1])
        for _ in range(len(words)):
            for step in self.steps:
                tensors[step.name] = self.made(step, tensors)
        order = (*self.inputs, *(step.name for step in self.steps))
        return {name: tensors[name] for name in order}


def reader(kind: str, n_words: int) -> Recurrence:
    """Return the mechanism of an encoder's cell.

    Args:
        kind: ``"rnn"``, ``"lstm"`` or ``"gru"``.
        n_words: How many words are read.

    Example:
        >>> [step.name for step in reader("gru", 3).steps]
        ['before', 'reset_gate', 'update_gate', 'recalled', 'candidate', 'hidden', 'final_hidden']

    Source:
        Elman (1990); Hochreiter and Schmidhuber (1997); Cho et al., arXiv 1406.1078.
    """
    steps = [Step("before", RowBefore(), of=("hidden",)), *_GATED[kind]()]
    finals = {"hidden": "final_hidden"} | ({"cell": "final_cell"} if kind == "lstm" else {})
    steps += [Step(final, LastRow(n_words), of=(name,)) for name, final in finals.items()]
    weights = [f"{sign}_{gate}" for gate in GATES[kind] for sign in "wub"]
    if kind == "gru":
        weights.append("b_recalled")
    return Recurrence(("inputs", *weights), tuple(steps), carried=tuple(finals))


def _squashed(gate: str, name: str) -> Step:
    return Step(
        gate, Squashed(name), of=("inputs", f"w_{gate}", "before", f"u_{gate}", f"b_{gate}")
    )


def _rnn_steps() -> list[Step]:
    return [_squashed("hidden", "tanh")]


def _lstm_steps() -> list[Step]:
    written = ("forget_gate", "cell_before", "input_gate", "cell_candidate")
    return [
        Step("cell_before", RowBefore(), of=("cell",)),
        _squashed("input_gate", "sigmoid"),
        _squashed("forget_gate", "sigmoid"),
        _squashed("cell_candidate", "tanh"),
        _squashed("output_gate", "sigmoid"),
        Step("cell", KeepAndAdd(), of=written),
        Step("hidden", ShowCell(), of=("output_gate", "cell")),
    ]


def _gru_steps() -> list[Step]:
    candidate = ("inputs", "w_candidate", "b_candidate", "reset_gate", "recalled")
    return [
        _squashed("reset_gate", "sigmoid"),
        _squashed("update_gate", "sigmoid"),
        Step("recalled", Recalled(), of=("before", "u_candidate", "b_recalled")),
        Step("candidate", ResetCandidate(), of=candidate),
        Step("hidden", Blend(), of=("update_gate", "candidate", "before")),
    ]


class Recalled(Projection):
    """What a GRU's candidate could take from the state before, until the reset gate scales it."""

    def __init__(self) -> None:
        super().__init__(biased=True)

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """One row for each word."""
        return ("token", "dimension")


_GATED = {"rnn": _rnn_steps, "lstm": _lstm_steps, "gru": _gru_steps}


def cell_of(model: Model) -> str:
    """Return the kind of a model's cell: that of ``"bahdanau"`` is a GRU."""
    return "gru" if model.kind == "bahdanau" else model.kind


def inputs_of(model: Model, words: Sequence[str]) -> dict[str, Tensor]:
    """Return what a model's encoder reads with: the words' embeddings, and each gate's weights.

    Args:
        model: From ``load_model``.
        words: English number words.

    Returns:
        ``inputs``, (n_words, d_embedding); for each gate ``w_…``, (d_embedding, n_units), ``u_…``,
        (n_units, n_units), and ``b_…``, (1, n_units).
    """
    words_read = model.weights["source.weight"][ids(words, source_vocabulary())]
    return {"inputs": words_read, **gate_weights(cell_of(model), model.part("encoder"))}


def gate_weights(kind: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a cell's stacked weights gate by gate, as the mechanism takes them.

    Args:
        kind: ``"rnn"``, ``"lstm"`` or ``"gru"``.
        weights: ``weight_ih``, ``weight_hh``, ``bias_ih`` and ``bias_hh``, as torch stacks them.
    """
    found = {}
    parts = {name: tensor.chunk(len(GATES[kind])) for name, tensor in weights.items()}
    for at, gate in enumerate(GATES[kind]):
        found[f"w_{gate}"] = parts["weight_ih"][at].T
        found[f"u_{gate}"] = parts["weight_hh"][at].T
        found[f"b_{gate}"] = (parts["bias_ih"][at] + parts["bias_hh"][at])[None]
    if kind == "gru":  # the reset gate scales one of the candidate's two biases
        found["b_candidate"] = parts["bias_ih"][2][None]
        found["b_recalled"] = parts["bias_hh"][2][None]
    return {name: tensor.contiguous() for name, tensor in found.items()}


def gru_update(inputs: Tensor, before: Tensor, weights: Mapping[str, Tensor]) -> Trace:
    """Return what a GRU's cell makes of states that are given, each of its own word.

    Args:
        inputs: What is read, (n_words, d_embedding).
        before: The state before each, (n_words, n_units).
        weights: As for ``gate_weights``.

    Returns:
        The trace, its last step ``hidden``: the states after each word, (n_words, n_units).
    """
    given = {"inputs": inputs, "before": before, **gate_weights("gru", weights)}
    return Mechanism(tuple(given), tuple(_gru_steps())).run(**given)


def read_sentence(model: Model, words: Sequence[str]) -> Trace:
    """Return the trace of a model's encoder while it reads.

    Args:
        model: From ``load_model``.
        words: English number words, at least one.

    Returns:
        Every value of the cell, (n_words, n_units) each: ``before`` and ``hidden`` (and
        ``cell_before`` and ``cell`` of an LSTM), the gates, and what the decoder gets,
        ``final_hidden`` (and ``final_cell``), (1, n_units).

    Example:
        >>> from attention_core.recurrent import load_model
        >>> trace = read_sentence(load_model("lstm"), ["thirty", "four"])
        >>> trace["cell"].shape, all(check.ok for check in trace.check())
        (torch.Size([2, 32]), True)
    """
    return reader(cell_of(model), len(words)).run(**inputs_of(model, words))


@torch.no_grad()
def compare_with_torch(trace: Trace) -> tuple[Check, ...]:
    """Return whether torch's own cell, in float64, gives the same states: a third route.

    Args:
        trace: From ``read_sentence``.
    """
    kind = next(kind for kind, gates in GATES.items() if f"w_{gates[0]}" in trace.inputs)
    own = TORCH[kind](trace["inputs"].shape[1], trace["hidden"].shape[1]).double()
    stacked = [[trace[f"{sign}_{gate}"] for gate in GATES[kind]] for sign in "wub"]
    w, u, b = (torch.cat(parts, -1).double() for parts in stacked)
    from_hidden = torch.zeros_like(b)
    if kind == "gru":
        from_hidden[:, -trace["b_recalled"].shape[1] :] = trace["b_recalled"].double()
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    own.load_state_dict(dict(zip(names, (w.T, u.T, b[0], from_hidden[0]), strict=True)))
    states, last = own(trace["inputs"].double())
    pairs = {"hidden": (trace["hidden"], states)}
    if kind == "lstm":
        pairs["cell"] = (trace["cell"][-1:], last[1])
    route = f"the same from torch.nn.{type(own).__name__}"
    spread = Spread(trace)  # errors are carried on from word to word
    return tuple(
        verdict(name, route, distances(ours, theirs), 2 * spread[name][-len(theirs) :])
        for name, (ours, theirs) in pairs.items()
    )


def pytorch_of(kind: str, words: Sequence[str], own: Mapping[tuple[int, ...], float]) -> str:
    """Return PyTorch that reads a sentence and, without attention, writes its translation.

    Args:
        kind: A trained model; its file is read from the folder of this project.
        words: English number words.
        own: Numbers of one's own in the final state: of its hidden state (0) or its cell (1), by
            unit.
    """
    model_cell = TORCH[kind].__name__
    final = "(final, cell)" if kind == "lstm" else "final"
    lines = [
        "import torch",
        "from safetensors.torch import load_file",
        "",
        f'weights = load_file("attention_core/recurrent/checkpoints/{kind}-0.safetensors")',
        'KEYS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")',
        "",
        "",
        "def part(name):",
        '    """Return the encoder or the decoder, with its trained weights."""',
        '    own = {key: weights[f"{name}.{key}"] for key in KEYS}',
        f'    cell = torch.nn.{model_cell}(own["weight_ih_l0"].shape[1], {N_UNITS})',
        "    cell.load_state_dict(own)",
        "    return cell",
        "",
        "",
        f"words = {ids(words, source_vocabulary())}  # {' '.join(words)}",
        f'hidden, {final} = part("encoder")(weights["source.weight"][words])',
    ]
    names = ("final", "cell")
    lines += [f"{names[row]}.data[0, {unit}] = {entry!r}" for (row, unit), entry in own.items()]
    if kind == "bahdanau":
        return "\n".join([*lines, "# Its decoder attends: see the next page."])
    end, start = target_vocabulary().index(END), target_vocabulary().index(START)
    return "\n".join(
        [
            *lines,
            "",
            f'decoder, state, word, written = part("decoder"), {final}, {start}, []',
            f"while word != {end} and len(written) < {LONGEST}:",
            '    shown, state = decoder(weights["target.weight"][[word]], state)',
            '    logits = weights["output.weight"] @ shown[0] + weights["output.bias"]',
            "    word = int(logits.argmax())",
            "    written.append(word)",
        ]
    )
