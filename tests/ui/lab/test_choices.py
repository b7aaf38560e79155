"""The choices of a lesson: declared once, known to every lab, named by one lesson alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import pytest

from ui.lab.checks import named, number, whole
from ui.lab.choices import Choices, choice, declared, owner_of, register, unregister
from ui.lab.edits import Edits
from ui.lab.lab import Lab


@dataclass(frozen=True, slots=True)
class Toys(Choices):
    """Choices of a lesson that is none of the app's."""

    toys: int = choice(2, whole(1, 9), "how many toys", is_view=True)
    toy_prices: Mapping[str, float] = choice({}, named(number), "what each costs")
    toy_edits: Edits = choice(Edits(), Edits.of, "own numbers of toys")


@pytest.fixture
def registered() -> Iterator[None]:
    """The toys, as long as a test takes."""
    register(Toys)
    yield
    unregister(Toys)


def test_what_is_declared_is_said_of_the_field() -> None:
    toys = next(field for field in fields(Toys) if field.name == "toys")
    assert toys.metadata["meaning"] == "how many toys"
    assert toys.metadata["is_view"]
    with pytest.raises(ValueError, match="a whole number from 1 to 9"):
        toys.metadata["check"](10)


def test_defaults_are_frozen_and_nobodys_own() -> None:
    assert isinstance(Toys().toy_prices, MappingProxyType)
    assert Toys().toy_edits == {}
    assert Toys().toy_edits is not Toys().toy_edits


@pytest.mark.usefixtures("registered")
def test_a_lab_keeps_the_choices_of_a_kind() -> None:
    assert owner_of("toys") is Toys
    assert {"toys", "toy_prices", "toy_edits"} <= declared().keys()
    lab = Lab().choosing(toys=5)
    assert (lab.of(Toys).toys, lab.value("toys"), Lab().value("toys")) == (5, 5, 2)


@pytest.mark.usefixtures("registered")
def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="there is already a choice called toy_edits"):
        register(Toys)


def test_a_kind_that_has_left_is_unknown() -> None:
    register(Toys)
    unregister(Toys)
    assert owner_of("toys") is None
    assert "toys" not in declared()
    assert owner_of("sentence") is None
