"""What a lesson adds to the lab: its own choices, declared beside it.

A lab keeps them by their kind. In addresses and files they stand among all other fields, by names
that are given once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypeVar

from ui.lab.checks import Check
from ui.lab.edits import Edits


def choice(default: Any, check: Check, meaning: str, *, is_view: bool = False) -> Any:
    """Declare a field of a lab once.

    Args:
        default: What it is for the lab everyone starts with.
        check: Returns what an address or a file has for it, cleaned, or raises ValueError.
        meaning: What it is, for the page about the file format.
        is_view: Whether undo leaves it alone: it says where and how one looks.
    """
    told = {"check": check, "meaning": meaning, "is_view": is_view}
    if isinstance(default, Edits):
        return field(default_factory=Edits, metadata=told)
    if isinstance(default, Mapping):
        return field(default_factory=lambda: MappingProxyType({}), metadata=told)
    return field(default=default, metadata=told)


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of one lesson: a frozen dataclass of fields that ``choice`` declares."""


C = TypeVar("C", bound=Choices)
_DECLARED: dict[str, Field[Any]] = {}
_OWNERS: dict[str, type[Choices]] = {}


def register(kind: type[Choices]) -> None:
    """Let labs keep the choices of a kind.

    Raises:
        ValueError: If one of its names is given already.
    """
    own = {each.name: each for each in fields(kind)}
    taken = {*own} & {*_OWNERS}
    if taken:
        raise ValueError(f"there is already a choice called {min(taken)}")
    _DECLARED.update(own)
    _OWNERS.update(dict.fromkeys(own, kind))


def unregister(kind: type[Choices]) -> None:
    """Let labs keep the choices of a kind no longer."""
    for each in fields(kind):
        del _DECLARED[each.name], _OWNERS[each.name]


def owner_of(name: str) -> type[Choices] | None:
    """Return which kind a choice belongs to; None for a field that lessons share."""
    return _OWNERS.get(name)


def declared() -> Mapping[str, Field[Any]]:
    """Return the fields of all kinds, by name."""
    return MappingProxyType(_DECLARED)
