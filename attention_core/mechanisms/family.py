"""Families of mechanisms: which steps there are depends on what one is run with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec

from attention_core.mechanism import Trace

Choices = ParamSpec("Choices")


@dataclass(frozen=True, slots=True)
class Family(Generic[Choices]):
    """Mechanisms that differ by choices, such as whether there are biases or how many heads.

    Args:
        run: Checks tensors and choices, declares the mechanism for these and runs it: the trace's
            ``mechanism`` is that one.

    Example:
        >>> import torch
        >>> from attention_core import SELF_ATTENTION
        >>> trace = SELF_ATTENTION.run(*[torch.eye(2)] * 4)
        >>> [step.name for step in trace.mechanism.steps][3:]
        ['scores', 'scaled', 'weights', 'context']
    """

    run: Callable[Choices, Trace]
