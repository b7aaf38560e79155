"""Formulas as MathML: every one that the operations write, whatever the symbols."""

from itertools import product
from xml.etree import ElementTree

import pytest

from attention_core.conventions import QUERIES_AS, SYMBOLS, Conventions
from attention_core.glossary import symbol
from attention_core.mathml import mathml
from attention_core.operations import Operation
from tests.attention_core.instances import INSTANCES

NAMES = ("scaled", "weights", "keys", "w_query", "b_query", "context")


def letters(formula: str) -> str:
    """What a formula says, without how it is set."""
    return "".join(ElementTree.fromstring(mathml(formula)).itertext())


@pytest.mark.parametrize("operation", INSTANCES.values(), ids=INSTANCES)
def test_every_formula_of_an_operation_is_drawn(operation: Operation) -> None:
    for queries_as, symbols in product(QUERIES_AS, SYMBOLS):
        conventions = Conventions(queries_as, 1, symbols)
        operands = [symbol(name, conventions) for name in NAMES[: len(operation.reads)]]
        formula = conventions.formula(operation.latex(symbol("output", conventions), *operands))
        element = ElementTree.fromstring(mathml(formula))
        assert element.tag == "math"
        assert "\\" not in "".join(element.itertext())


def test_what_stands_below_and_above_keeps_its_place() -> None:
    element = ElementTree.fromstring(mathml(r"\alpha^{\text{mask}}_{ij} = \frac{a}{\sqrt{2}}"))
    assert [part.tag for part in element] == ["msubsup", "mo", "mfrac"]
    assert ["".join(part.itertext()) for part in element[0]] == ["α", "ij", "mask"]
    assert element[2][1][0].tag == "msqrt"


def test_the_words_and_numbers_of_a_formula_all_arrive() -> None:
    assert letters(r"z_i = \sum_j \alpha_{ij}\,x_j") == "zi=∑jαijxj"
    assert letters(r"\text{a < b} \text{ if } 0.5") == "a\u00a0<\u00a0b\u00a0if\u00a00.5"
    assert letters(r"-\infty \cdot \big[x\big]") == "−∞⋅[x]"


@pytest.mark.parametrize("formula", [r"\unheard{x}", "{x", "x}", "x_", r"\frac{1}"])
def test_what_it_does_not_know_it_refuses(formula: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        mathml(formula)
