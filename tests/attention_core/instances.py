"""Every operation there is, found by looking: a new one cannot be forgotten by the tests."""

import inspect
import re
from collections.abc import Iterator

import attention_core.operations  # defines them
from attention_core import Mechanism, Step, Trace, normalisations
from attention_core.mechanisms import simple as mechanisms
from attention_core.operations import (
    AddScores,
    Dropout,
    Mask,
    MultiplyBy,
    Operation,
    Overridden,
    Projection,
    RepeatHeads,
    SafeSoftmax,
    Softmax,
    SplitProjection,
    ZeroMasked,
)
from tests.attention_core.matrices import matrix
from tests.attention_core.runs import RUNS

ROWS, COLUMNS, ALONG, HEADS = 7, 5, 3, 2


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
    for mechanism in (*_KNOWN, normalisations(2.0), *(trace.mechanism for trace in RUNS.values()))
    for step in mechanism.steps
} | {
    "Softmax over queries": Softmax(dim=-2),
    "SafeSoftmax": SafeSoftmax(),
    "MultiplyBy": MultiplyBy(-0.7),
    "AddScores": AddScores(),
    "RepeatHeads": RepeatHeads(3),
    "Projection": Projection(),
    "Projection with a bias": Projection(biased=True),
    "SplitProjection": SplitProjection(13),
    "SplitProjection with a bias": SplitProjection(13, biased=True),
    "Overridden": Overridden(Softmax(), {(0, 2): 0.9, (3, 1): -1e6}),
    "Overridden, with heads": Overridden(SplitProjection(13), {(1, 0, 2): 0.1}),
}


def alone(operation: Operation, *, times: int = 1) -> Trace:
    """Run one operation by itself, on random operands whose axes all differ.

    Args:
        operation: Any. Its ``reads`` say which shapes it takes.
        times: How many times larger the axes are.
    """
    operands = {
        f"operand_{position}": matrix(*sizes(pattern, times), position) + 2.5
        for position, pattern in enumerate(operation.reads)
    }
    masks: tuple[str, ...] = ()
    if isinstance(operation, Mask | Dropout | ZeroMasked):
        operands["operand_1"] = operands["operand_1"] > 2.5
        operands["operand_1"][-1, -1] = True
        masks = ("operand_1",)
    per_head = tuple(name for name, operand in operands.items() if operand.ndim == 3)
    step = Step("result", operation, of=tuple(operands))
    return Mechanism(tuple(operands), (step,), masks, per_head).run(**operands)


def enough(operation: Operation) -> int:
    """Return how many times larger the axes must be for the loops to check a sample only."""
    return 16 if any(":" in pattern for pattern in operation.reads) else 80


def sizes(pattern: str, times: int) -> tuple[int, ...]:
    """Return a shape whose cells a pattern names, for results of random shape."""
    axis = {"i": ROWS * times, "j": COLUMNS * times, ":": ALONG * times, "0": 1}
    found = []
    for part in re.findall(r"\[[^]]*]|.", pattern):
        if part in axis:
            found.append(axis[part])
            continue
        width = int(re.search(r"\d+", part)[0])  # type: ignore[index]
        found.append({"*": HEADS * times * width, "/": HEADS * times, "%": width}[part[2]])
    return tuple(found)
