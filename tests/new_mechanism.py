"""A mechanism nobody wrote code for: a tiny operation of its own, names the glossary lacks."""

from collections.abc import Sequence

from torch import Tensor

from attention_core import Mechanism, Step
from attention_core.arithmetic import Printed, Writer, whole
from attention_core.operations import DotProducts, Index, Operation, Softmax


class Halve(Operation):
    """Half of every number."""

    reads = ("ij",)
    kind = "scores"

    def compute(self, *operands: Tensor) -> Tensor:
        """Return half."""
        return operands[0] / 2

    def by_hand(self, index: Index, *groups: Sequence[float], largest: float) -> float:
        """Halve the one number."""
        return groups[0][0] * 0.5

    def in_float64(self, *operands: Tensor, largest: float) -> Tensor:
        """Take half away."""
        return operands[0] - operands[0] * 0.5

    def arithmetic(self, index: Index, groups: Sequence[Sequence[float]], write: Writer) -> Printed:
        """Return ``3 / 2``."""
        return write(groups[0][0]) / whole(2)

    def latex(self, result: str, *operands: str) -> str:
        """Return the formula."""
        return rf"{result}_{{ij}} = {operands[0]}_{{ij}} / 2"

    def pytorch(self, result: str, *operands: str) -> str:
        """Return the line."""
        return f"{result} = {operands[0]} / 2"

    def axes(self, *operand_axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes stay."""
        return operand_axes[0]

    def sentence(self, row: str, column: str) -> str:
        """Return what a half says."""
        return f"half of {row} with {column} = {{value}}"


LUKEWARM = Mechanism(
    inputs=("ideas", "doubts"),
    steps=(
        Step("sympathies", DotProducts(), of=("ideas", "doubts")),
        Step("half_hearted", Halve(), of=("sympathies",)),
        Step("portions", Softmax(), of=("half_hearted",)),
    ),
)
