r"""Our own formulas as MathML, which a browser draws without any script: for files and paper.

It knows the LaTeX that the operations and the glossary write, and refuses any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from types import MappingProxyType

_TOKEN = re.compile(
    r"\\(?:text|operatorname)\{[^{}]*\}|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\S"
)
_NAMES = MappingProxyType(
    {"alpha": "α", "beta": "β", "delta": "δ", "omega": "ω", "tau": "τ", "eta": "η", "sigma": "σ"}
)
_SIGNS = MappingProxyType(
    {
        "cdot": "⋅",
        "infty": "∞",
        "top": "⊤",
        "dots": "…",
        "ldots": "…",
        "odot": "⊙",
        "times": "×",
        "partial": "∂",
        "in": "∈",
        "le": "≤",
        "log": "log",
        "quad": "\u2003",
        "lfloor": "⌊",
        "rfloor": "⌋",
    }
)
_FUNCTIONS = ("exp", "max", "min", "ln", "tanh")
_NOTHING = ("big", "Big", "left", "right", "displaystyle", "mathstrut")


def mathml(latex: str, *, block: bool = True) -> str:
    r"""Return a formula as a ``<math>`` element.

    Args:
        latex: One of ours: an operation's, with symbols of the glossary.
        block: Whether it stands alone, with its limits above and below.

    Raises:
        ValueError: If it has a command that is not known here, or brackets that do not match.

    Example:
        >>> mathml(r"z_i = \alpha x", block=False)
        '<math><msub><mi>z</mi><mi>i</mi></msub><mo>=</mo><mi>α</mi><mi>x</mi></math>'
    """
    tokens = _TOKEN.findall(latex)[::-1]  # the next one last
    made = "".join(_row(tokens, latex))
    if tokens:
        raise ValueError(f"a closing bracket too many in the formula {latex}")
    return f"<math{' display=' + chr(34) + 'block' + chr(34) if block else ''}>{made}</math>"


def _row(tokens: list[str], latex: str) -> Iterator[str]:
    """Yield elements until the group or the formula ends."""
    while tokens and tokens[-1] != "}":
        yield _with_scripts(tokens, latex)


def _with_scripts(tokens: list[str], latex: str) -> str:
    """Return the next element with what stands below and above it."""
    is_sum = tokens[-1] == r"\sum"
    base = _element(tokens, latex)
    scripts = {}
    while tokens and tokens[-1] in ("_", "^") and tokens[-1] not in scripts:
        place = tokens.pop()
        scripts[place] = _element(tokens, latex)
    below, above = scripts.get("_"), scripts.get("^")
    if below and above:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    if below:
        tag = "munder" if is_sum else "msub"
        return f"<{tag}>{base}{below}</{tag}>"
    return f"<msup>{base}{above}</msup>" if above else base


def _element(tokens: list[str], latex: str) -> str:
    """Return the next element alone."""
    if not tokens:
        raise ValueError(f"the formula {latex} ends too early")
    token = tokens.pop()
    if token == "{":
        made = "".join(_row(tokens, latex))
        if not tokens:
            raise ValueError(f"a bracket is not closed in the formula {latex}")
        tokens.pop()
        return f"<mrow>{made}</mrow>"
    if token.startswith("\\"):
        return _command(token[1:], tokens, latex)
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    kind = "mi" if token.isalpha() else "mo"
    return f"<{kind}>{escape(_minus(token))}</{kind}>"


def _minus(sign: str) -> str:
    return "−" if sign == "-" else sign


def _command(name: str, tokens: list[str], latex: str) -> str:
    """Return what a command stands for; it takes its arguments from the tokens."""
    if name.startswith(("text{", "operatorname{")):
        # Plain spaces at its ends would be dropped.
        said = escape(name.partition("{")[2][:-1]).replace(" ", "\u00a0")
        return f"<mi>{said}</mi>" if name.startswith("operatorname") else f"<mtext>{said}</mtext>"
    if name == "frac":
        over = _element(tokens, latex)
        return f"<mfrac>{over}{_element(tokens, latex)}</mfrac>"
    if name == "sqrt":
        return f"<msqrt>{_element(tokens, latex)}</msqrt>"
    if name == "tilde":
        return f'<mover accent="true">{_element(tokens, latex)}<mo>~</mo></mover>'
    if name == "sum":
        return "<mo>∑</mo>"
    if name in _NAMES:
        return f"<mi>{_NAMES[name]}</mi>"
    if name in _SIGNS:
        return f"<mo>{_SIGNS[name]}</mo>"
    if name in _FUNCTIONS:
        return f"<mi>{name}</mi>"
    if name in (",", ";", " "):
        return '<mspace width="0.17em"/>'
    if name in _NOTHING:
        return _element(tokens, latex)
    raise ValueError(f"\\{name} in the formula {latex} is not known")
