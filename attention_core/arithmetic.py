"""Arithmetic as it is printed: true for whoever types it into a calculator.

An operation writes its arithmetic once, of numbers that a ``Writer`` writes; what comes of it is
text and, from the very digits of that text, a value. ``equation`` has it written with 4 decimals,
with 5, and so on, until the value, rounded like the result, is the result. Where no digits do
that, the number format has rounded on the way: then the sign is ≈, or → where a number was too
large for the format, and the reason stands behind. A result that rounding does not explain has ≠.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import torch

from attention_core.numbers import DIGITS, bracketed, half_a_unit, plain, result_of

FUNCTION = 4  # half units in the last place that torch's exp and tanh may be off by
MOST_DIGITS = 12  # of a number in a column
SURE = 0.02  # of half a unit: what Python's own rounding may change
NOISE, TINY = 2.0**-53, 2.0**-1022  # what Python's own numbers are off by, and where they end
TIE = 1 + 1e-9  # a value in the middle between two results may be rounded to either


@dataclass(slots=True)
class Printed:
    """A piece of arithmetic, and what a calculator makes of it.

    Args:
        text: As it is read.
        value: Of the text.
        error: What a number format may be off by, in halves of its ``eps``: each operation is
            rounded once. It grows as the operations carry it on.
        peak: The largest size on the way.
        same: The values of what stands before the last equality sign.
        note: What is to be said behind the result.
    """

    text: str
    value: float
    error: float = 0.0
    peak: float = 0.0
    same: tuple[float, ...] = ()
    note: str = ""

    def __mul__(self, other: Printed) -> Printed:
        """Return the product: ``0.5·(-0.25)``."""
        one, two = self.value, other.value
        value = one * two
        error = abs(one) * other.error + abs(two) * self.error + abs(value)
        if not error < math.inf and not (math.isfinite(one) and math.isfinite(two)):
            error = 0.0
        peak = max(self.peak, other.peak, _size(value, one, two))
        return Printed(f"{bracketed(self.text)}·{bracketed(other.text)}", value, error, peak)

    def __add__(self, other: Printed) -> Printed:
        """Return the sum: ``0.5 + (-0.25)``."""
        return total((self, other))

    def __sub__(self, other: Printed) -> Printed:
        """Return the difference: ``0.5 - (-0.25)``."""
        found = total((self, replace(other, value=-other.value)))
        return replace(found, text=f"{self.text} - {bracketed(other.text)}")

    def __truediv__(self, other: Printed) -> Printed:
        """Return the quotient, as IEEE 754 has it: ``0.5 / 2``, and nan or inf of ``x / 0``."""
        one, two = self.value, other.value
        value = divide(one, two)
        error = divide(self.error + abs(value) * other.error, abs(two)) + abs(value)
        if abs(two) <= other.error * NOISE:  # it may as well be 0
            error = math.inf
        peak = max(self.peak, other.peak, _size(value, one, two) if two else 0.0)
        return Printed(f"{self.text} / {other.text}", value, error, peak)

    def called(self, text: str) -> Printed:
        """Return the same, written otherwise; ``{}`` is what it was.

        Example:
            >>> Writer()(0.25).called("may attend: {}").text
            'may attend: 0.25'
        """
        return replace(self, text=text.replace("{}", self.text))

    def equals(self, other: Printed) -> Printed:
        """Return both with an equality sign between them: as exact as the first, as the second."""
        return Printed(
            f"{self.text} = {other.text}",
            other.value,
            self.error + other.error,
            max(self.peak, other.peak),
            (*self.same, self.value),
            other.note,
        )


@cache
def _limits(dtype: torch.dtype) -> tuple[str, float, float, float]:
    """Return a number format's name, its eps, its smallest normal number and its largest."""
    limits = torch.finfo(dtype)
    return str(dtype).removeprefix("torch."), limits.eps, limits.tiny, limits.max


class Writer:
    """Writes numbers with so many digits, or with fewer if these are the number already.

    A number that its format tells from every other by 5 digits gets no sixth: 0.43 in float32 is
    0.430000007…, and is always written 0.43.

    Args:
        digits: Decimals, as ``plain`` counts them.
        dtype: The number format.
        known: The numbers that fewer digits wrote already.

    Example:
        >>> write = Writer()
        >>> (write(0.5) * write(-0.3333333)).text, write(-0.3333333).value
        ('0.5·(-0.3333)', -0.3333)
    """

    def __init__(
        self,
        digits: int = DIGITS,
        dtype: torch.dtype = torch.float32,
        known: dict[float, str] | None = None,
    ) -> None:
        self.digits = digits
        self.called, self.eps, self.tiny, self.largest = _limits(dtype)
        self.known = dict(known or {})
        self.is_done = True  # no number written so far has more digits to show

    def __call__(self, value: float) -> Printed:
        """Return a number as it is written."""
        text = self.text(value)
        number = float(text)
        return Printed(text, number, _size(number), _size(number))

    def worked_out(self, value: float) -> Printed:
        """Return a number that a calculator shows on the way, a small one as exact as others."""
        text = plain(value, self.digits) if abs(value) >= 0.1 else f"{value:.{self.digits}g}"
        self.is_done = self.is_done and self._is_exact(text, value)
        return Printed(text, float(text), _size(value), _size(value))

    def _is_exact(self, text: str, value: float) -> bool:
        """Return whether a number's text is this number in the format, and no other."""
        return not math.isfinite(value) or abs(float(text) - value) <= half_a_step(value, self.eps)

    def text(self, value: float) -> str:
        """Return the text of a number."""
        if (known := self.known.get(value)) is not None:
            return known
        text = plain(value, self.digits)
        if not self._is_exact(text, value):
            short = f"{value:.3g}" if abs(value) < 0.1 else ""  # 0.00015 stays so
            if not short or not self._is_exact(short, value):
                self.is_done = False
                return text
            text = short
        self.known[value] = text
        return text

    @property
    def end(self) -> str:
        """Where the number format ends, in words."""
        return f"{self.called} ends at {self.largest:.5g}"

    @property
    def begin(self) -> str:
        """Where its smallest numbers are, in words."""
        return f"below {self.tiny:.2g} {self.called} keeps fewer digits"

    @property
    def kept(self) -> str:
        """How exact its other numbers are, in words."""
        return f"{self.called} keeps about {round(-math.log10(self.eps / 2))} digits"


Arithmetic = Callable[[Writer], Printed]


def whole(number: int) -> Printed:
    """Return a whole number, which is exact."""
    return Printed(str(number), float(number), 0.0, float(abs(number)))


def root(number: int) -> Printed:
    """Return the square root of a whole number: ``√2``."""
    value = math.sqrt(number)
    return Printed(f"√{number}", value, value, value)


def total(parts: Iterable[Printed]) -> Printed:
    """Return a sum, each part with its sign in brackets if it is negative.

    Example:
        >>> write = Writer()
        >>> found = total(write(x) * write(x) for x in (0.5, -2.0, 1.0))
        >>> found.text, found.value
        ('0.5·0.5 + (-2)·(-2) + 1·1', 5.25)
    """
    parts = list(parts)
    values = [part.value for part in parts]
    size = sum(map(abs, values))
    return Printed(
        " + ".join(bracketed(part.text) for part in parts),
        _added(values),
        sum(part.error for part in parts) + max(1, len(parts) - 1) * _size(size),
        max(_size(size), *(part.peak for part in parts)),
    )


def grouped(of: Printed) -> Printed:
    """Return the same in brackets."""
    return of.called("({})")


def exp(of: Printed) -> Printed:
    """Return ``exp(x)``; a softmax rounds x itself once more, when it subtracts the largest."""
    value = power(of.value)
    error = value * (2 * of.error + FUNCTION) if 0 < value < math.inf else 0.0
    return Printed(f"exp({of.text})", value, error, max(of.peak, _size(value, of.value)))


def tanh(of: Printed) -> Printed:
    """Return ``tanh(x)``."""
    value = math.tanh(of.value)
    error = _carried(1 - value * value, of.error) + FUNCTION * abs(value)
    return Printed(f"tanh({of.text})", value, error, of.peak)


def sigmoid(of: Printed) -> Printed:
    """Return ``sigmoid(x)``, 1 / (1 + exp(-x))."""
    value = 1 / (1 + power(-of.value))
    error = _carried(value * (1 - value), of.error) + FUNCTION * value
    return Printed(f"sigmoid({of.text})", value, error, of.peak)


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
    """Return with how many digits numbers add up to their sum as printed, and the sum.

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


def half_a_step(value: float, eps: float) -> float:
    """Return half the distance to the next number of a format, by which it may round.

    Example:
        >>> half_a_step(1.5, 2.0**-10), half_a_step(0.75, 2.0**-10)
        (0.00048828125, 0.000244140625)
    """
    return math.ldexp(eps, math.frexp(value)[1] - 2) if math.isfinite(value) else 0.0


def power(x: float) -> float:
    """Return e**x, infinity where Python would raise."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def divide(top: float, bottom: float) -> float:
    """Divide as IEEE 754 does: x/0 is an infinity, 0/0 and inf/inf are NaN."""
    if bottom == 0:
        return math.nan if top == 0 or math.isnan(top) else math.copysign(math.inf, top)
    return math.nan if math.isinf(top) and math.isinf(bottom) else top / bottom


def _size(value: float, *made_of: float) -> float:
    """Return the size of a number, 0 if it is only as infinite as what it is made of."""
    if (size := abs(value)) < math.inf:
        return size
    return math.inf if made_of and all(map(math.isfinite, made_of)) else 0.0


def _added(values: Sequence[float]) -> float:
    """Return a sum, rounded once, or as IEEE 754 has it where it is no number."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)


def _carried(slope: float, error: float) -> float:
    return slope * error if slope else 0.0
