"""How much a step takes, told from shapes alone: what comes in files is bounded before it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from attention_core.mechanism import Mechanism
from attention_core.operations import AdditiveScores, Operation, ranges_read
from attention_core.operations.overriding import without_overrides

MOST_WORK = 2**33  # products: 512 tokens through a matrix of 4096 × 4096; a second or two
MOST_NUMBERS = 2**25  # that the steps of a run have together
_TANH = 64  # products that one takes the time of


class TooMuchError(ValueError):
    """A run that would take more time or memory than there is for one."""


def work_of(operation: Operation, *operands: Tensor) -> int:
    """Return how many products a step takes, or as many as take its time.

    Args:
        operation: What it does.
        *operands: Of any device: only their shapes are read.

    Example:
        >>> import torch
        >>> from attention_core.operations import DotProducts
        >>> work_of(DotProducts(), torch.empty(5, 3), torch.empty(7, 3))
        105
    """
    plain = without_overrides(operation)
    shadows = [operand.to("meta") for operand in operands]
    result = plain.compute(*shadows)
    n_read = 1
    if len(operands) > 1:  # a softmax reads its row once for all of it
        first = (0,) * result.ndim
        n_read = max(
            math.prod(map(len, ranges_read(pattern, first, tuple(operand.shape))))
            for pattern, operand in zip(plain.reads, operands, strict=True)
        )
    return result.numel() * n_read * (_TANH if isinstance(plain, AdditiveScores) else 1)


def require_affordable(mechanism: Mechanism, inputs: Mapping[str, Tensor]) -> None:
    """Raise unless a run takes little enough time and memory; nothing is computed.

    Args:
        mechanism: What would be run.
        inputs: Its inputs.

    Raises:
        TooMuchError: If not; it says what would be too much, and what the bound is.
        ValueError: If two shapes do not fit; it names the step and the tensors.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> require_affordable(SIMPLE_SELF_ATTENTION, {"inputs": torch.empty(512, 64)})
        >>> wide = torch.empty(512, 65_536, device="meta")
        >>> require_affordable(SIMPLE_SELF_ATTENTION, {"inputs": wide})
        Traceback (most recent call last):
        attention_core.outside.work.TooMuchError: to make scores would take 17,179,869,184 products;
        8,589,934,592 are the most for a file. Save fewer tokens, heads or columns
    """
    tensors = {name: tensor.to("meta") for name, tensor in inputs.items()}
    work = numbers = 0
    for step in mechanism.steps:
        tensors[step.name] = mechanism.made(step, tensors)
        numbers += tensors[step.name].numel()
        require_few(step.name, numbers, MOST_NUMBERS, "numbers")
        work += work_of(step.operation, *(tensors[name] for name in step.of))
        require_few(step.name, work, MOST_WORK, "products")


def require_few(name: str, count: int, most: int, of: str) -> None:
    """Raise TooMuchError, in words, if a step takes more of something than there may be."""
    if count > most:
        raise TooMuchError(
            f"to make {name} would take {count:,} {of}; {most:,} are the most for a file. Save "
            "fewer tokens, heads or columns"
        )
