"""Tables of one query's shares, printed so that each column adds up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attention_core import Trace
from attention_core.equations import column
from ui.cards.shares import SHARES, largest, left_out, share_text
from ui.parts.number_table import number_table


def of_all(shown: Sequence[int], names: Sequence[str]) -> str:
    """Return which of the tokens are shown, as the beginning of a title."""
    if len(shown) == len(names):
        return f"All {len(names)}"
    return f"The {len(shown)} largest of {len(names)}"


def shares_table(trace: Trace, names: Sequence[str]) -> None:
    """Draw the scores and the three ways of sharing side by side, a row for each key token."""
    shown = largest(trace)
    others = left_out(shown, len(names))
    columns = [column_of(trace[step][0].tolist(), None, shown, others) for step in SHARES]
    rows = zip(row_names(names, shown, others), *columns, strict=True)
    head = ["key token", "score", "by the sum", "naive softmax", "torch.softmax"]
    number_table(f"{of_all(shown, names)} shares", head, list(map(list, rows)))


def row_names(names: Sequence[str], shown: Sequence[int], others: Sequence[int]) -> list[str]:
    """Return what the rows of a table are called that ends in a sum."""
    together = [f"the other {len(others)} together"] if others else []
    return [*(names[row] for row in shown), *together, "sum"]


def column_of(
    numbers: Sequence[float],
    result: float | None,
    shown: Sequence[int],
    others: Sequence[int],
    write: Callable[[int, int], str] | None = None,
) -> list[str]:
    """Return a column of a table: with so many digits that what is printed adds up.

    Args:
        numbers: Of all tokens.
        result: Their sum, as the page computed it; added up here if there is none.
        shown: The tokens with a row of their own.
        others: The tokens that share one.
        write: Writes a number, given whose it is and how many digits; itself if nothing does.
    """
    parts = [numbers[row] for row in shown]
    parts += [sum(numbers[row] for row in others)] if others else []
    digits, total = column(parts, sum(numbers) if result is None else result)
    texts = [share_text(part, digits) for part in parts]
    if write:
        texts[: len(shown)] = [write(row, digits) for row in shown]
    return [*texts, total.replace("nan", "NaN")]
