"""Print arithmetic with its result: a line that is true for whoever types it into a calculator.

``equation`` has arithmetic written with 4 decimals, with 5, and so on, until its value, rounded
like the result, is the result. Where no digits do that, the number format has rounded on the way:
then the sign is ≈, or → where a number was too large for the format, and the reason stands behind.
A result that rounding does not explain has ≠.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from attention_core.arithmetic import NOISE, Arithmetic, Printed, Writer, half_a_step
from attention_core.numbers import DIGITS, half_a_unit, result_of

MOST_DIGITS = 12  # of a number in a column
SURE = 0.02  # of half a unit: what Python's own rounding may change
TINY = 2.0**-1022  # where Python's own numbers end
TIE = 1 + 1e-9  # a value in the middle between two results may be rounded to either


class Line(NamedTuple):
    """A line of arithmetic."""

    left: str
    sign: str
    right: str
    why: str  # empty where the line is exact
    writer: Writer  # which wrote the numbers on the left

    @property
    def text(self) -> str:
        """The line as it is read."""
        return f"{self.left} {self.sign} {self.told}"

    @property
    def told(self) -> str:
        """The right side, and why it is not exact."""
        return f"{self.right} ({self.why})" if self.why else self.right


def equation(
    of: Arithmetic, result: float, dtype: torch.dtype = torch.float32, digits: int = DIGITS
) -> str:
    """Return arithmetic and its result, with the fewest digits that make the line come out.

    Args:
        of: The arithmetic, as a writer writes it.
        result: What was computed.
        dtype: In which number format.
        digits: Of the result.

    Example:
        >>> equation(lambda write: write(0.29829) * write(0.43614), 0.29829 * 0.43614)
        '0.2983·0.4361 = 0.1301'
        >>> equation(lambda write: write(9.87654) * write(8.76543), 9.87654 * 8.76543)
        '9.87654·8.76543 = 86.5721'
        >>> equation(lambda write: write(11.11) * write(11.13), 123.625, torch.float16)
        '11.11·11.13 ≈ 123.6250 (float16 keeps about 3 digits)'
        >>> equation(lambda write: write(300) * write(300), math.inf, torch.float16)
        '300·300 → inf (float16 ends at 65504)'
        >>> equation(lambda write: write(2) * write(2), 5.0)
        '2·2 ≠ 5.0000'
    """
    return written(of, result, dtype, digits).text


def written(
    of: Arithmetic, result: float, dtype: torch.dtype = torch.float32, digits: int = DIGITS
) -> Line:
    """Return the line of ``equation`` in its parts."""
    told, tried = result_of(result, digits), []
    for writer, printed in _attempts(of, dtype):
        if _comes_out(printed, result, told, digits, writer):
            return Line(printed.text, "=", told, printed.note, writer)
        tried.append((writer, printed))
    for writer, printed in tried:
        if _is_rounded(printed, result, writer):
            is_small = 0 < abs(result) < writer.tiny
            why = printed.note or (writer.begin if is_small else writer.kept)
            return Line(printed.text, "≈", told, why, writer)
    writer, printed = tried[0]
    if max(printed.peak, printed.peak + printed.error * writer.eps / 2) > writer.largest:
        return Line(printed.text, "→", told, writer.end, writer)
    return Line(printed.text, "≠", told, printed.note, writer)


def column(
    parts: Sequence[float], result: float, dtype: torch.dtype = torch.float32
) -> tuple[int, str]:
    """Return with how many digits numbers add up to their sum as printed, and that sum as text.

    Each number is printed by ``result_of``. Where no digits do, the usual ones are returned, and
    the sum with ≈ before it and the reason behind.

    Example:
        >>> column([1 / 3, 1 / 3, 1 / 3], 1.0), column([0.25, 0.25], 0.5)
        ((5, '1.0000'), (4, '0.5000'))
        >>> column([1000.25, 0.00007], 1000.25)
        (4, '≈ 1000.2500 (float32 keeps about 7 digits)')
    """
    told = result_of(result)
    for digits in range(DIGITS, MOST_DIGITS + 1):
        added = sum(float(result_of(part, digits)) for part in parts)
        if _is(added, result) or abs(added - float(told)) <= half_a_unit(told) * TIE:
            return digits, told
    return DIGITS, f"≈ {told} ({Writer(dtype=dtype).kept})"


def _attempts(of: Arithmetic, dtype: torch.dtype) -> Iterator[tuple[Writer, Printed]]:
    """Yield arithmetic with ever more digits, until its numbers have no more."""
    known: dict[float, str] = {}
    digits, is_done = DIGITS, False
    while not is_done:
        writer = Writer(digits, dtype, known)
        yield writer, of(writer)
        digits, known, is_done = digits + 1, writer.known, writer.is_done


def _comes_out(printed: Printed, result: float, told: str, digits: int, writer: Writer) -> bool:
    """Return whether every value, rounded as the result is printed, is the printed result."""
    if not math.isfinite(result):
        has_run_over = printed.peak > writer.largest
        return not has_run_over and all(_is(value, result) for value in _values(printed))
    half = half_a_unit(told, digits)
    is_sure = printed.error * NOISE <= SURE * half and (result == 0 or abs(result) >= TINY)
    if not is_sure:
        return False
    return all(abs(value - float(told)) <= half * TIE for value in _values(printed))


def _is_rounded(printed: Printed, result: float, writer: Writer) -> bool:
    """Return whether the format's own rounding explains how far the values are off."""
    at_the_bottom = writer.tiny * len(printed.text)  # a step more for each operation, and less
    allowed = (printed.error + at_the_bottom) * writer.eps / 2
    if not math.isfinite(result):
        is_zero = allowed >= abs(printed.value)  # no digit of it is certain: it may be x / 0
        return is_zero and printed.peak <= writer.largest
    allowed += half_a_step(result, writer.eps)
    return all(abs(value - result) <= allowed for value in _values(printed))


def _values(printed: Printed) -> tuple[float, ...]:
    return (*printed.same, printed.value)


def _is(value: float, result: float) -> bool:
    return value == result or (math.isnan(value) and math.isnan(result))
