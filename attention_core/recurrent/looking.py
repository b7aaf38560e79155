"""Where a translation looked, as a run of additive attention, and the second routes of the rest.

A trace explains and checks every energy, weight and context vector. What is no step of attention,
the decoder's states and the words, is computed again here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from attention_core.checks import Check, distances, verdict
from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms.additive_attention import ADDITIVE_ATTENTION
from attention_core.operations import Projection, Softmax
from attention_core.recurrent.language import START, right_alignment, target_vocabulary
from attention_core.recurrent.reading import gru_update
from attention_core.recurrent.translation import Cells, Model, Translation
from attention_core.spread import Spread
from attention_core.step import Step


def attention_of(
    model: Model,
    translation: Translation,
    *,
    weights: Cells | None = None,
    sees_encoder: bool = True,
) -> Trace:
    """Return the attention of a whole translation as one run of the mechanism.

    Its queries are the decoder's states before each word, s_{i−1}; its keys and values are the
    encoder's states, h_j. The decoder's later states depend on where it looked before, so they are
    taken from the translation and not computed here.

    Args:
        model: One that attends.
        translation: What it wrote.
        weights: The own numbers that the translation was made with, by written and by read word;
            those beyond it are left out.
        sees_encoder: As the translation was made; False is ``w_key = 0``.

    Returns:
        The trace, with n_out queries and n_in keys.

    Raises:
        ValueError: If the model does not attend.

    Example:
        >>> from attention_core.recurrent.translation import load_model, translate
        >>> model = load_model("bahdanau")
        >>> trace = attention_of(model, translate(model, ["seven", "sixteen"]))
        >>> trace.steps
        ('projected_queries', 'projected_keys', 'scores', 'weights', 'context')

    Source:
        Bahdanau et al., arXiv 1409.0473 (2014), section 3.1 and appendix A.1.2.
    """
    if not model.attends:
        raise ValueError(f"the model must attend, as “bahdanau” does; got one of kind {model.kind}")
    w_key, states = model.weights["w_key"], translation.encoder_states
    trace = ADDITIVE_ATTENTION.run(
        queries=translation.before,
        keys=states,
        values=states,
        w_query=model.weights["w_query"],
        w_key=w_key if sees_encoder else torch.zeros_like(w_key),
        v=model.weights["v"],
    )
    own = {
        cell: number for cell, number in (weights or {}).items() if trace.has_cell("weights", cell)
    }
    return trace.mechanism.with_overrides({"weights": own}).run(**trace.inputs) if own else trace


def check_attention(trace: Trace, translation: Translation) -> tuple[Check, ...]:
    """Return whether the translation looked with a trace's weights and saw its context vectors."""
    spread, checks = Spread(trace), []
    pairs = (
        ("weights", "the decoder looked with these weights", translation.weights),
        ("context", "the decoder saw these vectors", translation.contexts),
    )
    for name, route, used in pairs:
        off = torch.full_like(trace[name], math.inf)
        if used is not None:
            off = distances(used, trace[name])
        checks.append(verdict(name, route, off, 2 * spread[name]))
    return tuple(checks)


def check_states(model: Model, translation: Translation) -> Check:
    """Return whether ``torch.nn.GRUCell`` in float64 makes the same decoder states.

    Each is made of the state before it, the word before it and what was seen; and each is the next
    one's state before.
    """
    states = translation.decoder_states
    words = [START, *translation.written[:-1]]
    given = model.weights["target.weight"][[target_vocabulary().index(word) for word in words]]
    if translation.contexts is not None:
        given = torch.cat([given, translation.contexts], dim=1)
    cell = torch.nn.GRUCell(given.shape[1], model.n_units, dtype=torch.float64)
    cell.load_state_dict({name: t.double() for name, t in model.part("decoder").items()})
    with torch.no_grad():
        again = cell(given.double(), translation.before.double())
    handed_on = torch.cat([translation.bottleneck[:1], states[:-1]])
    allowed = Spread(gru_update(given, translation.before, model.part("decoder")))["hidden"]
    return verdict(
        "decoder_states",
        "float64, torch.nn.GRUCell",
        torch.cat([distances(states, again), distances(translation.before, handed_on)]),
        torch.cat([allowed, torch.zeros_like(allowed)]),  # what is handed on is copied
    )


def check_words(model: Model, translation: Translation, step: int) -> Check:
    """Return whether plain loops give every word of the vocabulary the same probability.

    Args:
        model: Whose translation it is.
        translation: What it wrote.
        step: Which word of it.
    """
    basis = translation.decoder_states[step].tolist()
    if translation.contexts is not None:
        basis += translation.contexts[step].tolist()
    rows, biases = (model.weights[f"output.{name}"].tolist() for name in ("weight", "bias"))
    logits = [
        math.fsum(one * other for one, other in zip(row, basis, strict=True)) + bias
        for row, bias in zip(rows, biases, strict=True)
    ]
    top = max(logits)
    shares = [math.exp(logit - top) for logit in logits]
    total = math.fsum(shares)
    again = torch.tensor([share / total for share in shares], dtype=torch.float64)
    allowed = Spread(_word_choice(model, torch.tensor([basis])))["probabilities"][0]
    off = distances(translation.probabilities[step], again)
    return verdict("probabilities", "loops", off, allowed)


def _word_choice(model: Model, basis: Tensor) -> Trace:
    """Return how probabilities are made of a decoder's state and what it saw, (1, n_basis)."""
    steps = (
        Step("logits", Projection(biased=True), of=("basis", "w_output", "b_output")),
        Step("probabilities", Softmax(), of=("logits",)),
    )
    return Mechanism(("basis", "w_output", "b_output"), steps).run(
        basis=basis,
        w_output=model.weights["output.weight"].T,
        b_output=model.weights["output.bias"][None],
    )


def looks_right(weights: Tensor, source: Sequence[str], n_words: int) -> tuple[bool, ...]:
    """Return for each written word whether its largest weight is on the word that it translates.

    Args:
        weights: Where the decoder looked, (n_out, n_in).
        source: The English words, n_in of them.
        n_words: How many words were written, without the end mark.

    Returns:
        One answer for each. A tie is a miss, and so is a word beyond the right translation; "und"
        may look at either word of its number.

    Example:
        >>> weights = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])
        >>> looks_right(weights, ["thirty", "four"], 3)
        (True, True, False)
    """
    right = right_alignment(source)
    found = []
    for step, row in enumerate(weights[:n_words].tolist()):
        aligned = right[step] if step < len(right) else ()
        others = [weight for at, weight in enumerate(row) if at not in aligned]
        best = max((row[at] for at in aligned), default=-math.inf)
        found.append(bool(aligned) and (not others or best > max(others)))
    return tuple(found)
