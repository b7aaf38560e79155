"""A lab as text: in the page's address, in the browser's storage, in a file.

The text is ``1.`` (the version) and the fields that differ from the default, as JSON, compressed,
in base64 that an address can hold. A file is the same JSON, readable (``docs/lab-file.md``). Long
rows of edits are compressed one by one and remembered, so that an edit of a large lab compresses
one row anew.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from attention_core.recurrent.renamed import OF_LSTM
from ui.lab.edits import Edits, RowEdits, RowKey
from ui.lab.lab import MAX_TOKENS, Lab, Same

VERSION = 2
ADDRESS_LIMIT = 8_000  # characters; a longer lab lives in the browser's storage or a file
TEXT_LIMIT = 2_000_000
JSON_LIMIT = 4_000_000  # bytes after decompression: a small text can hide gigabytes
LONG_ROW = 16  # edits of a row, from which on it is compressed by itself


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
    return f"{VERSION}.{base64.urlsafe_b64encode(_packed(changed)).decode().rstrip('=')}"


def _packed(changed: dict[str, Any]) -> bytes:
    """Return the fields as JSON, compressed by zlib's format."""
    edits = changed.pop("edits", Edits())
    runs = [(key, row) for key, row in edits.rows.items() if len(row) < LONG_ROW]
    long = [(key, row) for key, row in edits.rows.items() if len(row) >= LONG_ROW]
    if not long:
        listed = {"edits": [run for key, row in runs for run in _runs(key, row)]} if runs else {}
        return zlib.compress(_compact({**changed, **listed}), 9)
    head = _compact({**changed, "edits": []}).removesuffix(b"]}")
    tail = _compact([run for key, row in (long[-1], *runs) for run in _runs(key, row)])
    # Pieces that were compressed each by itself make one stream: a header, the pieces, a checksum.
    pieces = [_deflated(head), *(_packed_row(key, Same(row)) for key, row in long[:-1])]
    pieces.append(_deflated(tail[1:] + b"}", zlib.Z_FINISH))
    checksum = zlib.adler32(b"".join(text for text, _ in pieces))
    return b"\x78\xda" + b"".join(packed for _, packed in pieces) + checksum.to_bytes(4)


@lru_cache(maxsize=2 * MAX_TOKENS)
def _packed_row(key: RowKey, row: Same) -> tuple[bytes, bytes]:
    """Return the text of a row's edits with the comma after them, plain and compressed."""
    return _deflated(_compact(list(_runs(key, row.of)))[1:-1] + b",")


def _deflated(text: bytes, end: int = zlib.Z_FULL_FLUSH) -> tuple[bytes, bytes]:
    """Return a text and itself compressed, so that another piece can follow."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return text, packer.compress(text) + packer.flush(end)


def _compact(contents: Any) -> bytes:
    return json.dumps(contents, separators=(",", ":")).encode()


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
    chosen = {field.name: _jsonable(getattr(lab, field.name)) for field in fields(Lab)}
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
    """Return the fields that differ from the default; the edits as they are, the rest as JSON."""
    start = Lab()
    changed = {}
    for field in fields(Lab):
        entry = getattr(lab, field.name)
        if entry != getattr(start, field.name):
            changed[field.name] = entry if field.name == "edits" else _jsonable(entry)
    return changed


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
    known = {field.name: field for field in fields(Lab)}
    for name, entry in read.items():
        if name not in known:
            raise LinkError("This lab has a part that this version of Attention Lab lacks.")
        try:
            chosen[name] = known[name].metadata["check"](entry)
        except (ValueError, OverflowError) as error:
            raise LinkError(f"In this lab, {name} should be {error}.") from None
    return Lab(**chosen)
