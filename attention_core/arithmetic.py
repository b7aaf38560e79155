"""Write arithmetic as text that has a value: what a calculator makes of its very digits.

An operation writes its arithmetic once, of numbers that a ``Writer`` writes, and puts it together
by ``+ - * /``, ``total``, ``exp`` and so on. ``attention_core.equations`` makes lines of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch

from attention_core.numbers import DIGITS, bracketed, plain

FUNCTION = 4  # half units in the last place that torch's exp and tanh may be off by
NOISE = 2.0**-53  # what Python's own numbers are off by


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
        """Return the piece under another text, in which ``{}`` is what it was.

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
    """Return a piece of arithmetic in brackets: ``(1 - 0.5)``."""
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
