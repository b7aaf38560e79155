"""After the heads: their context vectors side by side, and what mixes them."""

from __future__ import annotations

from torch import Tensor

from attention_core.mechanisms import projections
from attention_core.mechanisms.projections import Tensors
from attention_core.operations import JoinHeads, Projection
from attention_core.step import Step
from attention_core.tensors import require_numbers


def checked(w_out: Tensor | None, b_out: Tensor | None, *, width: int) -> Tensors:
    """Return the output projection, its bias as a row, if it fits heads that wide together.

    Raises:
        ValueError: If it does not; it says what was expected and what came.
    """
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
        found["b_out"] = projections.as_row("b_out", b_out, "w_out", found)
    return found


def steps(given: Tensors, d_head: int) -> tuple[Step, ...]:
    """Return the steps ``concatenated`` and, if there is a ``w_out``, ``output``.

    Args:
        given: The inputs of the mechanism.
        d_head: The width of a head's context vectors.
    """
    joined = Step("concatenated", JoinHeads(d_head), of=("context",))
    mixing = tuple(name for name in ("w_out", "b_out") if name in given)
    if not mixing:
        return (joined,)
    project = Projection(biased=len(mixing) == 2)
    return (joined, Step("output", project, of=("concatenated", *mixing)))
