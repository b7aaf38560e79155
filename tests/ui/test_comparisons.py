"""Two routes to a whole run: one cell of either that is wrong by a thousandth is noticed.

However what is allowed is computed: on the lab everyone starts with it is far below that.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from attention_core import Trace, watch
from attention_core.checks import Check
from attention_core.mechanisms.renormalised_attention import compare_ways
from attention_core.outside.function_calls import function_traces
from attention_core.outside.given_tensors import trace_of as trace_of_file
from attention_core.outside.torch_modules import compared_runs, module_call
from attention_core.recurrent import reading
from attention_core.recurrent.language import source_words
from attention_core.recurrent.looking import (
    attention_of,
    check_attention,
    check_states,
    check_words,
)
from attention_core.recurrent.translation import (
    Translation,
    check_word_sensitivity,
    load_model,
    translate,
    word_sensitivity,
)
from attention_core.reference import compare_with_torch
from attention_core.studies.contributions import check_contributions
from attention_core.studies.entropy import check_entropy, entropy
from attention_core.studies.gradients import check_jacobian, softmax_jacobian
from attention_core.studies.lens import check_sensitivity, sensitivity
from attention_core.studies.loops import agreement, scores_by_loops
from ui.lab.lab import NUMBERS, Lab
from ui.lessons.all_tokens import figures as all_tokens
from ui.lessons.all_tokens import runs as all_tokens_runs
from ui.lessons.causal_attention.runs import plain_of, renormalised_of
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.multi_head.runs import computed_of, stacked_of, trace_of
from ui.lessons.queries_keys_values import figures as trainable
from ui.lessons.to_self_attention import ways as to_self_ways

Noticed = Callable[[Tensor], Iterable[Check]]
LAB = Lab()
WORDS = source_words(NUMBERS)
ORDER = [3, 5, 0, 1, 4, 2]


def with_value(trace: Trace, name: str, tensor: Tensor) -> Trace:
    """Return a run with another value in place of one that it made."""
    tensors = {each: trace[each] for each in trace.names}
    return Trace(trace.mechanism, {**tensors, name: tensor})


def of_step(trace: Trace, name: str, noticed: Callable[[Trace], Any]) -> tuple[Tensor, Noticed]:
    """Return a value of a run, and what says of a run with another value there whether it holds."""

    def checks(tensor: Tensor) -> list[Check]:
        found = noticed(with_value(trace, name, tensor))
        return [found] if isinstance(found, Check) else list(found)

    return trace[name], checks


def fused() -> tuple[Tensor, Noticed]:
    return of_step(trainable.trace_of(LAB), "context", compare_with_torch)


def fused_by_heads() -> tuple[Tensor, Noticed]:
    return of_step(trace_of(LAB), "context", compare_with_torch)


def module() -> tuple[Tensor, Noticed]:
    return of_step(trace_of(LAB), "output", compare_with_torch)


def additive() -> tuple[Tensor, Noticed]:
    return of_step(to_self_ways.trace_of(LAB, "additive"), "context", compare_with_torch)


def mask_before_and_after() -> tuple[Tensor, Noticed]:
    before, after = plain_of(LAB), renormalised_of(LAB)
    return of_step(after, "weights", lambda other: compare_ways(before, other))


def stacked_and_split() -> tuple[Tensor, Noticed]:
    split, stacked = computed_of(LAB), stacked_of(LAB)
    return of_step(stacked, "output", lambda other: multi_head.stacked_check(split, other))


def two_orders() -> tuple[Tensor, Noticed]:
    own = all_tokens_runs.trace_of(LAB)
    shuffled = own.mechanism.run(inputs=own["inputs"][ORDER])
    return of_step(shuffled, "context", lambda other: all_tokens.order_check(own, other, ORDER))


def loops_and_product() -> tuple[Tensor, Noticed]:
    inputs = LAB.tensor
    looped = scores_by_loops(inputs).scores
    return looped, lambda other: [agreement(other, inputs @ inputs.T, inputs)]


def parts_of_heads() -> tuple[Tensor, Noticed]:
    trace = trace_of(LAB)
    n_rows, n_columns = trace["output"].shape
    cells = [(row, column) for row in range(n_rows) for column in range(n_columns)]
    return of_step(
        trace, "output", lambda other: [check_contributions(other, *cell) for cell in cells]
    )


def bits() -> tuple[Tensor, Noticed]:
    weights = trainable.trace_of(LAB)["weights"]
    return entropy(weights), lambda other: [check_entropy(weights, other)]


def jacobian() -> tuple[Tensor, Noticed]:
    row = torch.tensor(LAB.value("row_scores"), dtype=torch.float64)
    return softmax_jacobian(row), lambda other: [check_jacobian(other, row)]


def lens() -> tuple[Tensor, Noticed]:
    trace, cell = trainable.trace_of(LAB), (1, 0)
    found = sensitivity(trace, "context", cell)
    return found["w_query"], lambda other: [
        check_sensitivity({**found, "w_query": other}, trace, "context", cell)
    ]


def weights_in_a_file() -> tuple[Tensor, Noticed]:
    trace = trainable.trace_of(LAB)
    given = {name: trace[name] for name in ("queries", "keys")}
    return trace["weights"], lambda other: trace_of_file({**given, "weights": other}).compared


def watched_function() -> tuple[Tensor, Noticed]:
    x = LAB.tensor
    real = functional.scaled_dot_product_attention(x, x, x)
    return real, lambda other: compared(function_traces(other, None, x, x, x))


def watched_module(of: str) -> Callable[[], tuple[Tensor, Noticed]]:
    """Return one of the two that a module gives, and what notices when it gave another."""

    def case() -> tuple[Tensor, Noticed]:
        x = torch.randn(5, 1, 22, generator=torch.Generator().manual_seed(1))
        own = nn.MultiheadAttention(22, 2)
        with torch.no_grad():
            real = dict(zip(("output", "weights"), own(x, x, x), strict=True))

        def checks(other: Tensor) -> list[Check]:
            output, weights = {**real, of: other}.values()
            return compared(module_call(own, (x, x, x), {}, (output, weights), None).traces())

        return real[of], checks

    return case


def compared(traces: Iterable[Trace]) -> list[Check]:
    """Return what a watch holds its traces against."""
    return [check for trace in traces for check in trace.compared]


def watched_layer() -> tuple[Tensor, Noticed]:
    tokens = torch.randn(1, 5, 22, generator=torch.Generator().manual_seed(1))
    layer = nn.TransformerEncoderLayer(22, 2, 37, batch_first=True).eval()
    with torch.no_grad(), watch(layer) as traces:
        output = layer(tokens)

    def checks(other: Tensor) -> Iterator[Check]:
        for trace in compared_runs(traces, layer, (tokens,), {}, other, output):
            yield from trace.compared[-1:]

    return output, checks


def decoder(name: str) -> Callable[[], tuple[Tensor, Noticed]]:
    """Return what a decoder used, and what notices when it used something else."""

    def case() -> tuple[Tensor, Noticed]:
        model = load_model("bahdanau")
        translation = translate(model, WORDS)
        trace = attention_of(model, translation)

        def checks(other: Tensor) -> list[Check]:
            more: dict[str, Any] = {name: other}
            used = replace(translation, **more)
            own = check_states(model, used) if name == "decoder_states" else None
            return [own] if own else list(check_attention(trace, used))

        return getattr(translation, name), checks

    return case


def probabilities() -> tuple[Tensor, Noticed]:
    model = load_model("bahdanau")
    translation = translate(model, WORDS)

    def checks(other: Tensor) -> list[Check]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Translation, "probabilities", other)
            return [check_words(model, translation, step) for step in range(len(other))]

    return translation.probabilities, checks


def encoder(kind: str) -> Callable[[], tuple[Tensor, Noticed]]:
    """Return an encoder's last state, and what notices when torch's own has another."""

    def case() -> tuple[Tensor, Noticed]:
        trace = reading.read_sentence(load_model(kind), WORDS)
        name = "cell" if kind == "lstm" else "hidden"

        def checks(last: Tensor) -> Iterable[Check]:
            other = torch.cat([trace[name][:-1], last])
            return reading.compare_with_torch(with_value(trace, name, other))

        return trace[name][-1:], checks

    return case


def answers() -> tuple[Tensor, Noticed]:
    model = load_model("gru")
    norms = word_sensitivity(model, WORDS)
    return norms["hidden"], lambda other: [check_word_sensitivity(model, WORDS, {"hidden": other})]


CASES: dict[str, Callable[[], tuple[Tensor, Noticed]]] = {
    "scaled_dot_product_attention": fused,
    "scaled_dot_product_attention of heads": fused_by_heads,
    "nn.MultiheadAttention": module,
    "nn.Linear, nn.Tanh, nn.Linear": additive,
    "the mask before and after": mask_before_and_after,
    "stacked and split": stacked_and_split,
    "two orders": two_orders,
    "loops and product": loops_and_product,
    "the heads' parts": parts_of_heads,
    "entropies": bits,
    "the Jacobian": jacobian,
    "the lens": lens,
    "weights in a file": weights_in_a_file,
    "a watched function": watched_function,
    "a watched module": watched_module("output"),
    "a watched module's weights": watched_module("weights"),
    "a watched layer": watched_layer,
    "where a decoder looked": decoder("weights"),
    "what a decoder saw": decoder("contexts"),
    "a decoder's states": decoder("decoder_states"),
    "a decoder's probabilities": probabilities,
    "an RNN's states": encoder("rnn"),
    "a GRU's states": encoder("gru"),
    "an LSTM's cell": encoder("lstm"),
    "how strongly a state answers": answers,
}


IN_FLOAT64 = {
    "the Jacobian",
    "how strongly a state answers",
}  # both routes: a millionth is noticed, too


@pytest.mark.parametrize("name", CASES)
def test_one_wrong_cell_is_noticed(name: str) -> None:
    right, noticed = CASES[name]()
    assert all(check.ok for check in noticed(right))
    largest = float(right.abs().max())
    cells = [tuple(cell) for cell in (right.abs() >= largest / 2).nonzero().tolist()]
    for cell in cells:
        for share in (1e-2, 1e-3, -1e-3, *([1e-6] if name in IN_FLOAT64 else [])):
            wrong = right.clone()
            wrong[cell] *= 1 + share
            assert not all(check.ok for check in noticed(wrong)), (cell, share)
