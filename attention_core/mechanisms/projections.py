"""Three projections give each token its roles, and one mixes heads: what they take, checked."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from attention_core.tensors import require_numbers

ROLES = {"query": "queries", "key": "keys", "value": "values"}

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


def require_divisible(given: Tensors, n_heads: int) -> None:
    """Raise ValueError if the projections cannot be split into that many heads."""
    for role in ROLES:
        shape = tuple(given[f"w_{role}"].shape)
        if shape[1] % n_heads:
            raise ValueError(
                f"d_out must be divisible by n_heads; got w_{role} of shape {shape}, so "
                f"d_out = {shape[1]}, and n_heads = {n_heads}"
            )


def checked_output(w_out: Tensor | None, b_out: Tensor | None, w_value: Tensor) -> Tensors:
    """Return the output projection, its bias as a row, if it fits the heads that it mixes.

    Args:
        w_out: What mixes the heads, (n_heads · d_head, d_out); None for no such projection.
        b_out: What is added, (d_out,); None for no bias.
        w_value: What makes the values, (d_in, n_heads · d_head) or (n_heads, d_in, d_head).

    Raises:
        ValueError: If it does not; it says what was expected and what came.
    """
    width = w_value.shape[-1] * (len(w_value) if w_value.ndim == 3 else 1)
    if w_out is None:
        if b_out is not None:
            raise ValueError("b_out is added to a product with w_out; got no w_out")
        return {}
    found = {"w_out": require_numbers("w_out", w_out)}
    if len(w_out) != width:
        raise ValueError(
            f"w_out must have shape ({width}, d_out), as the heads are {width} wide together; "
            f"got {tuple(w_out.shape)}"
        )
    if b_out is not None:
        found["b_out"] = as_row("b_out", b_out, "w_out", found)
    return found
