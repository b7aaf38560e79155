"""A step: one named value of a mechanism, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass

from attention_core.operations import Operation


@dataclass(frozen=True, slots=True)
class Step:
    """One named value of a mechanism and how it is made.

    Args:
        name: The value's name, as the glossary has it.
        operation: What is done.
        of: The names of its operands, inputs or earlier steps, in the operation's order.
    """

    name: str
    operation: Operation
    of: tuple[str, ...]
