"""A lab as text: in the page's address, in the browser's storage, in a file.

The text is ``2.`` (the version) and the fields that differ from the default, as JSON, compressed,
in base64 that an address can hold. A file is the same JSON, readable (``docs/lab-file.md``).
Which fields there are: ``ui/lab/lab.py``, and the ``choices.py`` of each lesson.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from attention_core.recurrent.renamed import OF_LSTM
from ui.lab.edits import Edits, RowEdits, RowKey
from ui.lab.lab import Lab, known_fields
from ui.lab.same import Same

VERSION = 2
ADDRESS_LIMIT = 8_000  # characters; a longer lab lives in the browser's storage or a file
TEXT_LIMIT = 2_000_000
JSON_LIMIT = 4_000_000  # bytes after decompression: a small text can hide gigabytes


def _cell_candidate(read: dict[str, Any]) -> dict[str, Any]:
    """The trail through an LSTM calls its candidate ``cell_candidate`` now."""
    trail = read.get("trail")
    if read.get("reader") != "lstm" or not isinstance(trail, list):
        return read
    return {**read, "trail": [_renamed(pick) for pick in trail]}


def _renamed(pick: Any) -> Any:
    if not isinstance(pick, list) or len(pick) < 2 or not isinstance(pick[1], str):
        return pick  # its check says what is wrong with it
    place, name, *cell = pick
    return [place, OF_LSTM.get(name, name), *cell]


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType(
    {1: _cell_candidate}
)
"""For each older version, what makes the fields of the next one of its fields.

A field that is new needs none: where it is missing, its default is meant. What was renamed, or
means something else now, raises ``VERSION`` by one and gets its line here.
"""


class LinkError(ValueError):
    """A text that is no lab; the message says why, for the person who opened it."""


def encode(lab: Lab) -> str:
    """Return the lab as text, empty for the lab everyone starts with.

    Example:
        >>> encode(Lab())
        ''
    """
    return _encoded(Same(lab))


@lru_cache(maxsize=4)
def _encoded(same: Same) -> str:
    """Return the text of a lab, which one run asks for several times."""
    changed = _changed(same.of)
    if not changed:
        return ""
    text = json.dumps(changed, separators=(",", ":"))
    packed = zlib.compress(text.encode(), 5)  # of the largest lab 9 saves 1 % more, in 20 ms more
    return f"{VERSION}.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def fits_address(text: str) -> bool:
    """Return whether a lab's text is short enough for an address.

    Example:
        >>> fits_address(encode(Lab()))
        True
    """
    return len(text) <= ADDRESS_LIMIT


def decode(text: str) -> Lab:
    """Return the lab that ``encode`` made a text of.

    Raises:
        LinkError: If it is not such a text: cut short, changed, too large, from a newer version.

    Example:
        >>> decode(encode(Lab(sentence="to be"))).sentence
        'to be'
    """
    if not text:
        return Lab()
    if len(text) > TEXT_LIMIT:
        raise LinkError("The lab in this link is too large.")
    version, dot, payload = text.partition(".")
    if not dot or not version.isascii() or not version.isdigit():
        raise LinkError("The lab in this link is damaged.")
    number = int(version[:9])
    if not 1 <= number <= VERSION:
        raise LinkError("The lab in this link was made by another version of Attention Lab.")
    return _lab(_upgraded(_unpacked(payload), number))


def keep(lab: Lab, mark: str) -> str:
    """Return a lab as text to be kept inside of a lab, without what it keeps itself.

    Args:
        lab: What to keep.
        mark: What the text begins with: that of the lab everyone starts with is empty after it.
    """
    own = replace(lab, pinned="", showing="B", goal_from="", goal_step=0, trail=())
    return mark + encode(replace(own, applied=Lab().applied))


def kept(text: str, mark: str) -> Lab | None:
    """Return the lab that ``keep`` made a text of; None if there is none that can be read.

    Example:
        >>> kept(keep(Lab(sentence="to be"), "A:"), "A:").sentence
        'to be'
    """
    if not text.startswith(mark):
        return None
    try:
        return decode(text.removeprefix(mark))
    except LinkError:
        return None


def to_file(lab: Lab) -> str:
    """Return the lab as the text of a ``.json`` file, every field of it."""
    chosen = {name: _jsonable(lab.value(name)) for name in known_fields()}
    contents = {"attention_lab": VERSION, **chosen}
    return json.dumps(contents, ensure_ascii=False)


def from_file(contents: bytes) -> Lab:
    """Return the lab in a ``.json`` file.

    Raises:
        LinkError: If the file is not a lab.
    """
    if len(contents) > JSON_LIMIT:
        raise LinkError("This file is too large to be a lab.")
    read = _json(contents)
    if "attention_lab" not in read:
        raise LinkError("This file is JSON, but not a lab: it has no “attention_lab” in it.")
    version = read.pop("attention_lab")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise LinkError("This lab was made by another version of Attention Lab.")
    return _lab(_upgraded(read, version))


def _upgraded(read: dict[str, Any], version: int) -> dict[str, Any]:
    """Return the fields of an older version as those of today's."""
    for older in range(version, VERSION):
        read = UPGRADES[older](read)
    return read


def _changed(lab: Lab) -> dict[str, Any]:
    """Return the fields that differ from the default, as JSON has them."""
    start = Lab()
    entries = {name: lab.value(name) for name in known_fields()}
    return {name: _jsonable(entry) for name, entry in entries.items() if entry != start.value(name)}


def _jsonable(entry: Any) -> Any:
    if isinstance(entry, Edits):
        return [run for key, row in entry.rows.items() for run in _runs(key, row)]
    return dict(entry) if isinstance(entry, Mapping) else entry


def _runs(key: RowKey, row: RowEdits) -> Iterator[list[Any]]:
    """Yield a row's edits as the word, occurrence, width, a column and the numbers from it on."""
    run: list[Any] = []
    end = -1  # the column after the run
    for column in sorted(row):
        if column != end:
            if run:
                yield run
            run = [*key, column]
        run.append(row[column])
        end = column + 1
    if run:
        yield run


def _unpacked(payload: str) -> dict[str, Any]:
    try:
        packed = base64.b64decode(payload + "=" * (-len(payload) % 4), "-_", validate=True)
        inflater = zlib.decompressobj()
        contents = inflater.decompress(packed, JSON_LIMIT)
    except (ValueError, binascii.Error, zlib.error):
        raise LinkError("The lab in this link is damaged, or the link was cut short.") from None
    if inflater.unconsumed_tail:
        raise LinkError("The lab in this link is too large.")
    if not inflater.eof:
        raise LinkError("The lab in this link is incomplete: the link was cut short.")
    return _json(contents)


def _json(contents: bytes) -> dict[str, Any]:
    try:
        read = json.loads(contents.decode("utf-8"))
    except (ValueError, RecursionError):
        raise LinkError("This is not a lab: it could not be read as JSON.") from None
    if not isinstance(read, dict):
        raise LinkError("This is not a lab: it is JSON of another kind.")
    return read


def _lab(read: Mapping[str, Any]) -> Lab:
    """Return a lab of checked fields."""
    chosen: dict[str, Any] = {}
    known = known_fields()
    for name, entry in read.items():
        if name not in known:
            raise LinkError("This lab has a part that this version of Attention Lab lacks.")
        try:
            chosen[name] = known[name].metadata["check"](entry)
        except (ValueError, OverflowError) as error:
            raise LinkError(f"In this lab, {name} should be {error}.") from None
    return Lab().choosing(**chosen)
