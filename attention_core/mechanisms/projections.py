"""Three projections give each token its roles: what they take, checked, and their steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from attention_core.operations import Operation, Projection
from attention_core.step import Step
from attention_core.tensors import require_numbers

ROLES = {"query": "queries", "key": "keys", "value": "values"}
SELF = dict.fromkeys(ROLES, "inputs")
CROSS = {"query": "query_inputs", "key": "key_inputs", "value": "key_inputs"}

Tensors = dict[str, Tensor]


def checked(
    sources: Mapping[str, str], *, per_head: bool = False, **tensors: Tensor | None
) -> Tensors:
    """Return what was given, biases as rows, if inputs, weights and biases fit together.

    Args:
        sources: For each role, the name of what is projected.
        per_head: Whether weights and biases have a head axis first.
        **tensors: The inputs, (n_tokens, d_in); ``w_query``, ``w_key`` and ``w_value``,
            (d_in, d_out) or (n_heads, d_in, d_head); the biases, (d_out,) or (n_heads, d_head),
            None where there is none.

    Raises:
        ValueError: If they do not; it names the tensor, what was expected and what came.
    """
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    for name in dict.fromkeys(sources.values()):
        require_numbers(name, given.get(name))
    for role, source in sources.items():
        require_weight(given, f"w_{role}", source, 3 if per_head else 2)
    _require_like_query(given)
    for role in ROLES:
        if f"b_{role}" in given:
            given[f"b_{role}"] = as_row(f"b_{role}", given[f"b_{role}"], f"w_{role}", given)
    return given


def require_weight(
    given: Tensors, name: str, source: str, n_axes: int = 2, *, width: str = "d_out"
) -> None:
    """Raise ValueError if the inputs cannot be multiplied by a weight matrix.

    Args:
        given: Where both are.
        name: The weights' name.
        source: The inputs' name.
        n_axes: Of the weights.
        width: What their width is called.
    """
    weight = require_numbers(name, given.get(name), n_axes)
    d_in = given[source].shape[1]
    if weight.shape[-2] != d_in:
        shape = f"({d_in}, {width})" if n_axes == 2 else f"(n_heads, {d_in}, d_head)"
        raise ValueError(
            f"{name} must have shape {shape}, as {source} has shape "
            f"{tuple(given[source].shape)}; got {tuple(weight.shape)}"
        )


def _require_like_query(given: Tensors) -> None:
    """Raise ValueError if queries and keys differ in width, or the roles in their heads."""
    query, key, value = (given[f"w_{role}"] for role in ROLES)
    asked = tuple(query.shape)
    if key.shape[-1] != query.shape[-1]:
        raise ValueError(
            f"w_key must be as wide as w_query, which has shape {asked}, for queries and keys to "
            f"be multiplied; got {tuple(key.shape)}"
        )
    for name, weight in (("w_key", key), ("w_value", value)):
        if weight.shape[:-2] != query.shape[:-2]:
            raise ValueError(
                f"{name} must have as many heads as w_query, which has shape {asked}; "
                f"got {tuple(weight.shape)}"
            )


def as_row(name: str, bias: Tensor, of: str, given: Tensors) -> Tensor:
    """Return a bias as one row, to be added to each row of a projection.

    Args:
        name: Its name.
        bias: (d_out,) as ``nn.Linear`` has it, or (1, d_out); per head (n_heads, d_head).
        of: The name of the weights it belongs to.
        given: Where these are.

    Raises:
        ValueError: If its size is not the weights'.
    """
    weight = given[of]
    is_flat = isinstance(bias, Tensor) and bias.ndim == weight.ndim - 1 and bias.numel() > 0
    row = require_numbers(name, bias.unsqueeze(-2) if is_flat else bias, weight.ndim)
    if row.shape != (*weight.shape[:-2], 1, weight.shape[-1]):
        expected = (*weight.shape[:-2], weight.shape[-1])
        raise ValueError(
            f"{name} must have shape {expected}, as {of} has shape {tuple(weight.shape)}; "
            f"got {tuple(bias.shape)}"
        )
    return row


def steps(
    given: Tensors,
    sources: Mapping[str, str],
    operation: Callable[[Tensor, bool], Operation] = lambda weight, biased: Projection(
        biased=biased
    ),
) -> tuple[Step, ...]:
    """Return the steps ``queries``, ``keys`` and ``values``.

    Args:
        given: What ``checked`` returned.
        sources: For each role, the name of what is projected.
        operation: Returns a projection, given its weights and whether it has a bias.
    """
    made = []
    for role, name in ROLES.items():
        bias = [f"b_{role}"] if f"b_{role}" in given else []
        project = operation(given[f"w_{role}"], bool(bias))
        made.append(Step(name, project, of=(sources[role], f"w_{role}", *bias)))
    return tuple(made)
