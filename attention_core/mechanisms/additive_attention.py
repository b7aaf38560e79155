"""Additive attention, the first one: a decoder's state asks the states of an encoder."""

from __future__ import annotations

from torch import Tensor

from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms import projections
from attention_core.mechanisms.family import Family
from attention_core.operations import AdditiveScores, Projection, Softmax, WeightedSum
from attention_core.step import Step
from attention_core.tensors import require_numbers

MECHANISM = Mechanism(
    inputs=("queries", "keys", "values", "w_query", "w_key", "v"),
    steps=(
        Step("projected_queries", Projection(), of=("queries", "w_query")),
        Step("projected_keys", Projection(), of=("keys", "w_key")),
        Step("scores", AdditiveScores(), of=("v", "projected_queries", "projected_keys")),
        Step("weights", Softmax(), of=("scores",)),
        Step("context", WeightedSum(), of=("weights", "values")),
    ),
)


def additive_attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    w_query: Tensor,
    w_key: Tensor,
    v: Tensor,
) -> Trace:
    r"""Compute ``softmax(tanh(queries @ w_query + keys @ w_key) @ v) @ values``.

    Each query is added to each key, so there is one score for every pair:
    e_ij = vᵀ tanh(W s_{i−1} + U h_j), where s_{i−1} is a state of the decoder (row i of
    ``queries``), h_j one of the encoder (row j of ``keys`` and ``values``), W is ``w_query``
    and U is ``w_key``. The paper calls the scores energies.

    Args:
        queries: Who asks, such as the decoder's states, (n_out, d_query).
        keys: Who is asked, such as the encoder's states, (n_in, d_key).
        values: What each of these gives, (n_in, d_value); in the paper the keys again.
        w_query: What projects the queries, (d_query, d_attn).
        w_key: What projects the keys, (d_key, d_attn).
        v: How much each dimension of the tanh counts, (d_attn,).

    Returns:
        The trace of ``projected_queries``, ``projected_keys``, ``scores``, ``weights`` (each
        row over the source) and ``context``. In it ``v`` is one row, (1, d_attn).

    Raises:
        ValueError: If a tensor is not of that kind, or two do not fit; it names the tensor,
            what was expected and what came.

    Example:
        >>> import torch
        >>> one = torch.ones(1, 1)
        >>> sequences = one, torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [4.0]])
        >>> trace = ADDITIVE_ATTENTION.run(*sequences, w_query=one, w_key=one, v=torch.ones(1))
        >>> trace.explain("scores", 0, 1).formula
        '1·tanh(1+1) = 0.9640'
        >>> trace["weights"]
        tensor([[0.4496, 0.5504]])

    Source:
        Bahdanau, Cho, Bengio, "Neural Machine Translation by Jointly Learning to Align and
        Translate", arXiv 1409.0473 (2014), section 3.1 and appendix A.1.2.
    """
    given = {
        "queries": queries,
        "keys": keys,
        "values": values,
        "w_query": w_query,
        "w_key": w_key,
        "v": v,
    }
    return MECHANISM.run(**_checked(given))


def _checked(given: projections.Tensors) -> projections.Tensors:
    """Return what was given, ``v`` as a row, if all of it fits together."""
    for name in ("queries", "keys", "values"):
        require_numbers(name, given[name])
    keys, values = given["keys"], given["values"]
    if len(values) != len(keys):
        raise ValueError(
            f"values must have shape ({len(keys)}, d_value), a value for each key, as keys has "
            f"shape {tuple(keys.shape)}; got {tuple(values.shape)}"
        )
    projections.require_weight(given, "w_query", "queries", width="d_attn")
    projections.require_weight(given, "w_key", "keys", width="d_attn")
    asked, found = (given[name].shape for name in ("w_query", "w_key"))
    if asked[1] != found[1]:
        raise ValueError(
            f"w_key must be as wide as w_query, which has shape {tuple(asked)}, for projected "
            f"queries and keys to be added; got {tuple(found)}"
        )
    return {**given, "v": projections.as_row("v", given["v"], "w_query", given)}


ADDITIVE_ATTENTION = Family(additive_attention)
"""Attention whose scores come from a small trained network, the alignment model."""
