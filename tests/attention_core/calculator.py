"""A printed line of arithmetic, read and worked out again from its digits alone.

Everything here works on text, in decimal arithmetic, as somebody with a pocket calculator would.
"""

import re
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from typing import NamedTuple

WORDS = (
    "may attend to nothing: ",
    "may attend: ",
    "may not attend: ",
    "nothing dropped: ",
    "nothing was read yet: ",
    "yours: ",
)
SIGNS = re.compile(r" ([=≈→≠]) ")
NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|inf|nan|∞)")
REASONS = re.compile(
    r"(?:float16|bfloat16|float32|float64) (?:keeps about \d+ digits|ends at [\d.e+]+)"
    r"|below [\d.e-]+ (?:float16|bfloat16|float32|float64) keeps fewer digits"
)
CONTEXT = Context(prec=60, Emax=10**9, Emin=-(10**9), traps=[])
EXACT = Decimal("1e-8")  # of half a unit: in the middle between two results either is right


class Line(NamedTuple):
    """A line: its sides, the signs between them, and the reason behind it."""

    sides: tuple[str, ...]
    signs: tuple[str, ...]
    reason: str


def read(line: str) -> Line:
    """Take a line apart."""
    reason = ""
    if found := re.search(r" \(((?:below|float|bfloat)[^()]*)\)$", line):
        reason, line = found[1], line[: found.start()]
    sides = SIGNS.split(line)
    for word in WORDS:
        if sides[0].startswith(word):
            sides[0] = sides[0].removeprefix(word)
            break
    sides[0] = re.sub(r" \(computed: [^()]*\)$", "", sides[0])
    return Line(tuple(sides[::2]), tuple(sides[1::2]), reason)


def value(text: str) -> Decimal:
    """Work an expression out."""
    with localcontext(CONTEXT):
        found, rest = _sum(text)
    if rest:
        raise ValueError(f"cannot read {rest!r} in {text!r}")
    return found


def half_a_unit(number: str) -> Decimal:
    """Half of what the last printed digit of a number counts."""
    digits = Decimal(number)
    exponent = digits.as_tuple().exponent
    assert isinstance(exponent, int), number
    return Decimal(5).scaleb(exponent - 1)


def adds_up(parts: Sequence[str], result: str) -> bool:
    """Whether a printed column adds up to its printed sum."""
    return bool(abs(sum(map(Decimal, parts)) - Decimal(result)) <= half_a_unit(result))


def comes_out(left: str, right: str) -> bool:
    """Whether a left side is its right side to half a unit of the last printed digit.

    Where the right side is a quotient, both of its numbers must be so.
    """
    if " / " in right:
        (top, bottom), (one, other) = (side.split(" / ", 1) for side in (left, right))
        return comes_out(top, one) and comes_out(bottom, other)
    worked, printed = value(left), value(right)
    if not printed.is_finite() or not worked.is_finite():
        return str(worked) == str(printed)
    half = half_a_unit(right)
    return bool(abs(worked - printed) <= half * (1 + EXACT))


def is_near(left: str, middle: str, right: str, reason: str) -> bool:
    """Whether a format's rounding explains how far a line's sides are from its result.

    Each number and each step may be rounded once, in a sum by the size of all its terms together.
    """
    worked, printed = value(middle), value(right)
    if not printed.is_finite() or reason.startswith("below"):
        return True
    digits = int(reason.split()[-2])
    half_step = {2: Decimal(2) ** -8, 3: Decimal(2) ** -11, 7: Decimal(2) ** -24}.get(
        digits, Decimal(2) ** -53
    )
    numbers = [Decimal(number) for number in NUMBER.findall(left) if number[-1] not in "fn∞"]
    size = abs(worked)
    if "exp" in left:
        size *= 2 + max(map(abs, numbers))
    else:
        size = abs(value(re.sub(r"(?<!e)-(?=[\d])", "", left))) + size
    if " / (" in left and "exp" not in left:  # a share of a sum that may be near 0
        top, bottom = left.split(" / ", 1)
        spread = value(re.sub(r"(?<!e)-(?=[\d])", "", bottom))
        if abs(value(bottom)) <= 4 * len(numbers) * half_step * spread:
            return True
        with localcontext(CONTEXT):
            size = abs(value(top)) / abs(value(bottom)) * (spread / abs(value(bottom)))
    allowed = (3 * len(numbers) + 12) * half_step * size
    return bool(abs(worked - printed) <= allowed + half_a_unit(right))


def mistakes(line: str) -> list[str]:
    """What is wrong with a line; nothing for one that holds as printed."""
    parts = read(line)
    found = []
    for left, sign, right in zip(parts.sides, parts.signs, parts.sides[1:], strict=False):
        if sign == "=" and not comes_out(left, right):
            found.append(f"{left} is {value(left):.12g}, not {right}")
        if sign in "≈→" and not REASONS.fullmatch(parts.reason):
            found.append(f"no reason for {sign} {right}")
        elif sign == "≈" and not is_near(parts.sides[0], left, right, parts.reason):
            found.append(f"{left} is {value(left):.12g}, too far from {right}")
        if sign == "≠":
            found.append(f"{left} ≠ {right}")
    if not parts.signs:
        found.append("no sign")
    if parts.reason and not {"≈", "→"} & {*parts.signs}:
        found.append(f"a reason for nothing: {parts.reason}")
    return found


def _sum(text: str) -> tuple[Decimal, str]:
    found, rest = _product(text)
    while step := re.match(r" ?([+-]) ?", rest):
        more, rest = _product(rest[step.end() :])
        found = found + more if step[1] == "+" else found - more
    return found, rest


def _product(text: str) -> tuple[Decimal, str]:
    found, rest = _atom(text)
    while step := re.match(r"·| / ", rest):
        more, rest = _atom(rest[step.end() :])
        if step[0] == "·":
            found = found * more
        else:
            found = Decimal("nan") if found == more == 0 else found / more
    return found, rest


def _atom(text: str) -> tuple[Decimal, str]:
    if called := re.match(r"(exp|tanh|sigmoid)?\(", text):
        inside, rest = _sum(text[called.end() :])
        if not rest.startswith(")"):
            raise ValueError(f"a bracket is not closed before {rest!r}")
        return _function(called[1] or "", inside), rest[1:]
    if root := re.match(r"√(\d+)", text):
        return Decimal(root[1]).sqrt(), text[root.end() :]
    if number := NUMBER.match(text):
        return Decimal(number[0].replace("∞", "inf")), text[number.end() :]
    raise ValueError(f"cannot read {text!r}")


def _function(name: str, x: Decimal) -> Decimal:
    if name == "exp":
        return x.exp()
    if name == "sigmoid":
        return 1 / (1 + (-x).exp())
    if name == "tanh":
        if abs(x) > 100:
            return Decimal(1).copy_sign(x)
        return 1 - 2 / ((2 * x).exp() + 1)
    return x
