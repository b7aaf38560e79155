"""Files that somebody might send to do harm, or by mistake."""

import io
import json
import struct
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Members = Mapping[str, bytes]


def npy(array: Any, *, pickled: bool = False) -> bytes:
    """The content of an ``.npy``."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=pickled)
    return buffer.getvalue()


def npy_header(shape: str, kind: str = "'<f4'", tail: bytes = b"") -> bytes:
    """An ``.npy`` that claims a shape and a dtype."""
    header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + tail


def npy_of(said: str, tail: bytes = b"", *, version: bytes = b"\x01\x00") -> bytes:
    """An ``.npy`` with any header."""
    length = struct.pack("<H" if version == b"\x01\x00" else "<L", len(said))
    return b"\x93NUMPY" + version + length + said.encode() + tail


def npz(members: Members, *, by: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of members."""
    return npz_of(members.items(), by=by)


def npz_of(members: Iterable[tuple[str, bytes]], *, by: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of members, of which two may have one name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", by) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def locked(archive: bytes) -> bytes:
    """A zip that says of its first member that it needs a password."""
    at = archive.index(b"PK\x01\x02") + 8
    return archive[:at] + bytes([archive[at] | 1]) + archive[at + 1 :]


def safetensors(header: Any, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    said = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(said) if length is None else length) + said + data


def entry(shape: list[int], start: int, end: int, kind: str = "F32") -> dict[str, Any]:
    """What a safetensors header says of one tensor."""
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def files() -> dict[str, tuple[bytes, str]]:
    """Every hostile file by what it is, with a word that the message about it has."""
    tera = 2**40
    zeros = bytes(200 * 2**20)
    large = npy_header("(5, 1048576)", tail=zeros[: 20 * 2**20])
    whole = npz({"a.npy": npy(np.ones((3, 5)))})
    tiny = {f"a{k}": entry([1], 4 * k, 4 * k + 4) for k in range(10_000)}
    return {
        "empty": (b"", "begins like none of them"),
        "text": (b"1,2,3\n4,5,6\n", "begins like none of them"),
        "a pickle": (b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00}.", "begins like none"),
        "an npy of objects": (npy([{"a": 1}], pickled=True), "Python objects"),
        "an npz of objects": (npz({"a.npy": npy([{"a": 1}], pickled=True)}), "Python objects"),
        "an npy of words": (npy(["one", "two"]), "dtype"),
        "complex numbers": (npy(np.ones(3, dtype=complex)), "dtype"),
        "records": (npy_header("(3,)", "[('a', '<f4')]"), "dtype"),
        "an npy of terabytes": (npy_header(f"({tera}, {tera})"), "MB together"),
        "a shape of one huge number": (npy_header(f"({2**70},)"), "which is none"),
        "a negative shape": (npy_header("(-3, 5)"), "which is none"),
        "a shape that is code": (npy_header("__import__('os').getcwd()"), "not numpy's"),
        "a deep header": (npy_header("(" * 4000 + ")" * 4000), "not numpy's"),
        "an order that is none": (
            npy_of("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", bytes(4)), "not numpy's"),
        "a header without a shape": (
            npy_of("{'descr': '<f4', 'fortran_order': False}", bytes(4)), "not numpy's"),
        "a header of another version": (
            npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", bytes(4),
                   version=b"\x04\x00"), "no array that numpy saved"),
        "an endless header": (
            npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}".ljust(10_001),
                   bytes(4)), "header of 10001 bytes"),
        "seven axes": (npy(np.ones((1,) * 7)), "6 axes"),
        "no numbers": (npy(np.ones((0, 3))), "is empty"),
        "a short npy": (npy(np.ones((3, 5)))[:-1], "cut off"),
        "a cut npy header": (npy(np.ones((3, 5)))[:20], "cut off"),
        "a long npy": (npy(np.ones((3, 5))) + b"x", "longer than its header"),
        "booleans that are none": (npy_header("(2,)", "'|b1'", b"\x01\x02"), "booleans"),
        "a cut zip": (whole[:-30], "cut off"),
        "half a zip": (whole[: len(whole) // 2], "cut off"),
        "a zip of other files": (npz({"a.txt": b"hello"}), "holds arrays"),
        "a zip of nothing": (npz({"a.json": b"{}"}), "no arrays"),
        "two arrays of one name": (
            npz_of([("a.npy", npy([1.0])), ("a.npy", npy([2.0]))]), "two arrays of the same name"),
        "a zip of another kind": (npz({"a.npy": npy([1.0])}, by=zipfile.ZIP_BZIP2), "compressed"),
        "a zip with a password": (locked(npz({"a.npy": npy([1.0])})), "encrypted"),
        "text that is none": (npz({"a.npy": npy([1.0]), "b.json": b"\xff"}), "not text in UTF-8"),
        "words in rows": (npz({"a.npy": npy([["to", "be"]])}), "a list of tokens was expected"),
        "words without letters": (npz({"a.npy": npy_header("(3,)", "'<U0'")}), "of up to 0"),
        "words of no letters": (
            npz({"a.npy": npy_header("(1,)", "'<U1'", b"\xff" * 4)}), "not Unicode"),
        "words that are cut off": (
            npz({"a.npy": npy_header("(2,)", "'<U1'", bytes(4))}), "4 of 8 bytes"),
        "too many words": (
            npz({"a.npy": npy_header("(262145,)", "'<U1'")}), "of 1 MB at most"),
        "too much text in parts": (
            npz({"a.npy": npy([1.0]), "b.json": zeros[: 2**19], "c.json": zeros[: 2**19 + 1]}),
            "more than 1 MB of text"),
        "a zip bomb": (npz({"a.npy": npy_header("(50, 1048576)", tail=zeros)}), "cannot hold"),
        "a hidden zip bomb": (
            npz({"a.npy": npy_header("(2,)", tail=zeros[: 50 * 2**20])}), "longer"),
        "a bomb of text": (npz({"a.npy": npy([1.0]), "b.json": zeros[: 30 * 2**20]}), "longer"),
        "many bombs": (
            npz({f"a{k}.npy": large for k in range(9)}),
            "MB together",
        ),
        "10,000 tiny arrays in a zip": (
            npz({f"a{k}.npy": npy([1.0]) for k in range(10_000)}),
            "512 arrays",
        ),
        "10,000 tiny tensors": (safetensors(tiny, bytes(40_000)), "512 arrays"),
        "a header of terabytes": (safetensors({}, length=tera), "cut off"),
        "a header of the largest number": (safetensors({}, length=2**64 - 1), "cut off"),
        "a cut header": (safetensors({"a": entry([3], 0, 12)}, bytes(12))[:30], "cut off"),
        "a header that is no JSON": (safetensors(b"{nonsense", bytes(12)), "cannot be read"),
        "a deep JSON": (safetensors(b'{"a":' + b"[" * 100_000), "cannot be read"),
        "a name twice": (safetensors(b'{"a": {}, "a": {}}'), "cannot be read"),
        "a tensor of terabytes": (
            safetensors({"a": entry([tera], 0, 4 * tera)}, bytes(12)), "claims"),
        "a tensor that is longer": (safetensors({"a": entry([4], 0, 12)}, bytes(12)), "claims"),
        "a tensor before the data": (safetensors({"a": entry([3], -12, 0)}, bytes(12)), "claims"),
        "tensors that overlap": (
            safetensors({"a": entry([3], 0, 12), "b": entry([3], 0, 12)}, bytes(12)), "overlap"),
        "a gap between tensors": (
            safetensors({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, bytes(12)), "gaps"),
        "a gap before the first": (safetensors({"a": entry([1], 4, 8)}, bytes(8)), "gaps"),
        "a place that is no number": (
            safetensors({"a": {**entry([1], 0, 4), "data_offsets": [False, 4]}}, bytes(4)),
            "claims"),
        "a shape that is a word": (
            safetensors({"a": {**entry([1], 0, 4), "shape": "1"}}, bytes(4)), "may have 6 axes"),
        "a shape of truth": (
            safetensors({"a": {**entry([1], 0, 4), "shape": [True]}}, bytes(4)), "which is none"),
        "513 tensors": (
            safetensors({f"a{k}": entry([1], 4 * k, 4 * k + 4) for k in range(513)},
                        bytes(4 * 513)), "512 arrays; this one has 513"),
        "513 arrays": (
            npz({f"a{k}.npy": npy([1.0]) for k in range(513)}), "512 arrays; this one has 513"),
        "no tensors": (safetensors({}), "holds no arrays"),
        "bytes of no tensor": (safetensors({"a": entry([3], 0, 12)}, bytes(13)), "no tensor"),
        "an unknown dtype": (safetensors({"a": entry([3], 0, 3, "F8_E5M2")}, bytes(3)), "dtype"),
        "metadata that is no text": (safetensors({"__metadata__": {"a": [1]}}), "metadata"),
        "an entry that is none": (safetensors({"a": 1}), "cannot be read"),
    }  # fmt: skip
