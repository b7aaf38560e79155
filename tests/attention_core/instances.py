"""Every operation there is, found by looking: a new one cannot be forgotten by the tests."""

import inspect
from collections.abc import Iterator

import attention_core.operations  # defines them
from attention_core import Mechanism, Step, Trace, mechanisms, normalisations
from attention_core.operations import Operation, Softmax
from tests.attention_core.matrices import matrix

ROWS, COLUMNS, ALONG = 7, 5, 3


def _descendants(cls: type[Operation]) -> Iterator[type[Operation]]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)


def _of_the_core(cls: type) -> bool:
    return cls.__module__.startswith(f"{attention_core.operations.__name__}.")


CLASSES = sorted(
    (
        cls
        for cls in set(_descendants(Operation))  # type: ignore[type-abstract]
        if _of_the_core(cls) and not inspect.isabstract(cls)
    ),
    key=lambda cls: cls.__name__,
)
_KNOWN = [value for value in vars(mechanisms).values() if isinstance(value, Mechanism)]
INSTANCES: dict[str, Operation] = {
    type(step.operation).__name__: step.operation
    for mechanism in (*_KNOWN, normalisations(2.0))
    for step in mechanism.steps
} | {"Softmax over queries": Softmax(dim=-2)}


def alone(operation: Operation, *, times: int = 1) -> Trace:
    """Run one operation by itself, on random operands whose axes all differ.

    Args:
        operation: Any. Its ``reads`` say which shapes it takes.
        times: How many times larger the axes are.
    """
    axis = {"i": ROWS * times, "j": COLUMNS * times, ":": ALONG * times}
    operands = {
        f"operand_{position}": matrix(axis[pattern[0]], axis[pattern[1]], position) + 2.5
        for position, pattern in enumerate(operation.reads)
    }
    step = Step("result", operation, of=tuple(operands))
    return Mechanism(tuple(operands), (step,)).run(**operands)
