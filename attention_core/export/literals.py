"""Tensors as Python code: numbers that make the same bits again, a row to a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor

MOST_LISTED = 1024  # numbers; more are written as rows of text, which Python reads far faster
_MANY = 4096  # numbers, of which nobody looks for the shortest text
# Digits that are enough for any number of a dtype.
_DIGITS = {torch.float64: 17, torch.float32: 9, torch.float16: 5, torch.bfloat16: 4}
LONGEST_COMMENT = 40  # characters of a token beside its row

READ_NUMBERS = '''\
def numbers(text):
    """Return a table of numbers, a row to a line."""
    return [[float(number) for number in row.split()] for row in text.split("\\n") if row]'''
READ_BITS = '''\
def bits(text):
    """Return a table of True and False, written as 1 and 0, a row to a line."""
    return [[bit == "1" for bit in row] for row in text.split("\\n") if row]'''


def comment(token: str) -> str:
    r"""Return a token as it may stand in a comment: quoted, every unprintable sign escaped.

    Example:
        >>> comment("a\nimport os"), comment("\u202eabc")
        ("'a\\nimport os'", "'\\u202eabc'")
    """
    cut = token if len(token) <= LONGEST_COMMENT else f"{token[:LONGEST_COMMENT]}…"
    return repr(cut)


def texts_code(name: str, texts: Sequence[str], width: int = 96) -> str:
    r"""Return the lines that make a list of any texts, which are data whatever is in them.

    Example:
        >>> print(texts_code("tokens", ["to", 'b"e', "\u2028"]))
        tokens = ['to', 'b"e', '\u2028']
    """
    listed = [repr(text) for text in texts]
    line = f"{name} = [{', '.join(listed)}]"
    if len(line) <= width:
        return line
    lines, row = [], "   "
    for entry in listed:
        if len(row) + len(entry) + 2 > width and row.strip():
            lines.append(row)
            row = "   "
        row += f" {entry},"
    return "\n".join([f"{name} = [", *lines, row, "]"])


def tensor_code(name: str, tensor: Tensor, comments: Sequence[str] = ()) -> str:
    """Return the lines that make a tensor, a row to a line, each with its comment.

    Args:
        name: What it is called.
        tensor: One with 1 to 3 axes.
        comments: One for each row, if there are as many.

    Example:
        >>> print(tensor_code("x", torch.tensor([[0.1, 2.0], [0.0, -torch.inf]]), ["a", "b"]))
        x = torch.tensor([
            [0.1, 2.0],  # a
            [0.0, -inf],  # b
        ])
    """
    is_matrix = tensor.ndim == 2
    rows = tensor.shape[-2] if tensor.ndim > 1 else 0
    labels = [f"  # {text}" for text in comments] if len(comments) == rows else []
    if is_matrix and tensor.dtype == torch.bool:
        return _mask_code(name, tensor, labels)
    if tensor.ndim == 1:
        return f"{name} = torch.tensor([{', '.join(texts_of(tensor))}]{dtype_code(tensor)})"
    texts = iter(texts_of(tensor))
    lines = []
    for matrix in tensor[None] if is_matrix else tensor:
        listed = []
        for position in range(len(matrix)):
            numbers = ", ".join(islice(texts, matrix.shape[1]))
            label = labels[position] if labels else ""
            listed.append(f"    [{numbers}],{label}")
        lines += listed if is_matrix else ["    [", *(f"    {row}" for row in listed), "    ],"]
    return "\n".join([f"{name} = torch.tensor([", *lines, f"]{dtype_code(tensor)})"])


def compact_code(name: str, tensor: Tensor, comments: Sequence[str] = ()) -> str:
    """Return the lines that make a tensor, a large one of text that ``numbers`` or ``bits`` reads.

    Example:
        >>> print(compact_code("x", torch.zeros(2, 600)).replace("0.0 ", ""))
        x = torch.tensor(numbers(\"\"\"
        0.0
        0.0
        \"\"\"))
    """
    is_causal = tensor.dtype == torch.bool and tensor.ndim == 2 and _is_tril(tensor)
    if tensor.numel() <= MOST_LISTED or is_causal:
        return tensor_code(name, tensor, comments)
    width, shape = tensor.shape[-1], ", ".join(map(str, tensor.shape))
    if tensor.dtype == torch.bool:
        texts, reader, between = ["01"[bit] for bit in tensor.flatten().tolist()], "bits", ""
    else:
        texts, reader, between = texts_of(tensor), "numbers", " "
    every = iter(texts)
    rows = [between.join(islice(every, width)) for _ in range(tensor.numel() // width)]
    view = "" if tensor.ndim == 2 else f".view({shape})"
    made = f'"""\n{chr(10).join(rows)}\n"""'
    return f"{name} = torch.tensor({reader}({made}){dtype_code(tensor)}){view}"


def texts_of(tensor: Tensor) -> list[str]:
    """Return the code of each entry of a tensor, in order."""
    entries = tensor.detach().flatten().tolist()
    if tensor.dtype == torch.bool:
        return [str(entry) for entry in entries]
    return exactly(entries, tensor.dtype)


def exactly(entries: Sequence[float], dtype: torch.dtype) -> list[str]:
    """Return for each number a decimal that makes the same number of that dtype.

    It is the shortest, but for very many numbers: there it is a short one or one of all digits.

    Example:
        >>> exactly([0.10000000149011612, 3.0, -math.inf], torch.float32)
        ['0.1', '3.0', '-inf']
    """
    texts = dict.fromkeys(map(repr, entries), "")  # by repr: -0.0 is not 0.0
    for digits in range(1, 18) if len(texts) <= _MANY else (6, _DIGITS[dtype], 17):
        open_ = [entry for entry, text in texts.items() if not text]
        if not open_:
            break
        tried = [f"{float(entry):.{digits}g}" for entry in open_]
        made = torch.tensor([float(text) for text in tried], dtype=dtype).tolist()
        for entry, text, number in zip(open_, tried, made, strict=True):
            if number == float(entry) or digits == 17 or math.isnan(number):
                # All whole, torch would make integers of them.
                is_real = "." in text or "e" in text or not math.isfinite(number)
                texts[entry] = text if is_real else f"{text}.0"
    return [texts[repr(entry)] for entry in entries]


def _is_tril(mask: Tensor) -> bool:
    return torch.equal(mask, torch.ones_like(mask).tril())


def _mask_code(name: str, mask: Tensor, labels: Sequence[str]) -> str:
    """Return the line that makes a mask: as 0 and 1, those of a large one without commas."""
    if _is_tril(mask):
        shape = ", ".join(map(str, mask.shape))
        return f"{name} = torch.ones({shape}, dtype=torch.bool).tril()"
    digits = [["1" if cell else "0" for cell in row] for row in mask.tolist()]
    if mask.numel() > MOST_LISTED:
        rows = [f'    "{"".join(row)}",' for row in digits]
        made = f'{name} = torch.tensor([[cell == "1" for cell in row] for row in {name}_rows])'
        return "\n".join([f"{name}_rows = [", *rows, "]", made])
    told = labels or [""] * len(digits)
    rows = [f"    [{', '.join(row)}],{label}" for row, label in zip(digits, told, strict=True)]
    return "\n".join([f"{name} = torch.tensor([", *rows, "], dtype=torch.bool)"])


def dtype_code(tensor: Tensor) -> str:
    """Return the argument that says the dtype, empty where torch would choose it itself."""
    own = (torch.float32, torch.bool)
    return "" if tensor.dtype in own else f", dtype={tensor.dtype}"
