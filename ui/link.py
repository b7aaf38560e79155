"""A lab as text: in the page's address, in the browser's storage, in a file.

The text is ``1.`` (the version) and the fields that differ from the default, as JSON, compressed,
in base64 that an address can hold. A file is the same JSON, readable.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ui.lab import Lab

VERSION = 1
ADDRESS_LIMIT = 8_000  # characters; a longer lab lives in the browser's storage or a file
TEXT_LIMIT = 2_000_000
JSON_LIMIT = 4_000_000  # bytes after decompression: a small text can hide gigabytes


class LinkError(ValueError):
    """A text that is no lab; the message says why, for the person who opened it."""


def encode(lab: Lab) -> str:
    """Return the lab as text, empty for the lab everyone starts with.

    Example:
        >>> encode(Lab())
        ''
    """
    changed = _changed(lab)
    if not changed:
        return ""
    packed = zlib.compress(json.dumps(changed, separators=(",", ":")).encode(), 9)
    return f"{VERSION}.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


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
    if int(version[:9]) != VERSION:
        raise LinkError("The lab in this link was made by another version of Attention Lab.")
    return _lab(_unpacked(payload))


def to_file(lab: Lab) -> str:
    """Return the lab as the text of a ``.json`` file, every field of it."""
    chosen = {field.name: _jsonable(field.name, getattr(lab, field.name)) for field in fields(Lab)}
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
    if read.pop("attention_lab") != VERSION:
        raise LinkError("This lab was made by another version of Attention Lab.")
    return _lab(read)


def _changed(lab: Lab) -> dict[str, Any]:
    """Return the fields that differ from the default, as JSON has it."""
    start = Lab()
    changed = {}
    for field in fields(Lab):
        entry = getattr(lab, field.name)
        if entry != getattr(start, field.name):
            changed[field.name] = _jsonable(field.name, entry)
    return changed


def _jsonable(name: str, entry: Any) -> Any:
    if name == "edits":
        return [[*cell, value] for cell, value in entry.items()]
    return dict(entry) if isinstance(entry, Mapping) else entry


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
