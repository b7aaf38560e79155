"""The numbers that the notebook prints, to say live whether ours are the same."""

from __future__ import annotations

import torch

from attention_core.embeddings import NOTEBOOK_VECTORS
from attention_core.mechanism import Trace
from attention_core.mechanisms.simple import ONE_QUERY, SIMPLE_SELF_ATTENTION

INPUTS = torch.tensor(list(NOTEBOOK_VECTORS.values()))
QUERY = 1  # the notebook follows its second token

SCORES = torch.tensor(
    [
        [0.9995, 0.9544, 0.9422, 0.4753, 0.4576, 0.6310],
        [0.9544, 1.4950, 1.4754, 0.8434, 0.7070, 1.0865],
        [0.9422, 1.4754, 1.4570, 0.8296, 0.7154, 1.0605],
        [0.4753, 0.8434, 0.8296, 0.4937, 0.3474, 0.6565],
        [0.4576, 0.7070, 0.7154, 0.3474, 0.6654, 0.2935],
        [0.6310, 1.0865, 1.0605, 0.6565, 0.2935, 0.9450],
    ]
)
WEIGHTS = torch.tensor(
    [
        [0.2098, 0.2006, 0.1981, 0.1242, 0.1220, 0.1452],
        [0.1385, 0.2379, 0.2333, 0.1240, 0.1082, 0.1581],
        [0.1390, 0.2369, 0.2326, 0.1242, 0.1108, 0.1565],
        [0.1435, 0.2074, 0.2046, 0.1462, 0.1263, 0.1720],
        [0.1526, 0.1958, 0.1975, 0.1367, 0.1879, 0.1295],
        [0.1385, 0.2184, 0.2128, 0.1420, 0.0988, 0.1896],
    ]
)
CONTEXT = torch.tensor(
    [
        [0.4421, 0.5931, 0.5790],
        [0.4419, 0.6515, 0.5683],
        [0.4431, 0.6496, 0.5671],
        [0.4304, 0.6298, 0.5510],
        [0.4671, 0.5910, 0.5266],
        [0.4177, 0.6503, 0.5645],
    ]
)
BY_SUM = torch.tensor([[0.1455, 0.2278, 0.2249, 0.1285, 0.1077, 0.1656]])

PRINTED = {"scores": SCORES, "weights": WEIGHTS, "context": CONTEXT}
PRINTED_FOR_QUERY = {
    "scores": SCORES[QUERY : QUERY + 1],
    "by_sum": BY_SUM,
    "naive": WEIGHTS[QUERY : QUERY + 1],
    "weights": WEIGHTS[QUERY : QUERY + 1],
    "context": CONTEXT[QUERY : QUERY + 1],
}
HALF_A_DIGIT = 0.5e-4 + 1e-6  # of the fourth decimal; the rest is float32's own rounding


def matches_notebook(trace: Trace) -> bool | None:
    """Return whether a trace has the notebook's numbers to 4 decimals.

    Returns:
        None while the inputs or the mechanism are not the notebook's own, and there is nothing
        to compare.

    Example:
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> matches_notebook(SIMPLE_SELF_ATTENTION.run(inputs=INPUTS))
        True
    """
    if trace.mechanism not in (SIMPLE_SELF_ATTENTION, ONE_QUERY):
        return None
    if not torch.equal(trace["inputs"].float(), INPUTS):
        return None
    printed = PRINTED
    if "query" in trace.inputs:
        if not torch.equal(trace["query"].float(), INPUTS[QUERY : QUERY + 1]):
            return None
        printed = PRINTED_FOR_QUERY
    known = {name: tensor for name, tensor in printed.items() if name in trace.steps}
    return all(_close(trace[name], tensor) for name, tensor in known.items())


def _close(ours: torch.Tensor, printed: torch.Tensor) -> bool:
    if ours.shape != printed.shape:
        return False
    return float((ours.double() - printed.double()).abs().max()) <= HALF_A_DIGIT
