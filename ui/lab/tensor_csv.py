"""A matrix as a CSV file: numbers, perhaps below a line of names and beside a column of tokens."""

from __future__ import annotations

import sys
from itertools import islice

import torch
from torch import Tensor

from attention_core.outside.claims import MAX_TOKENS
from ui.lab.csv_file import CsvError, lines_of, number_in, numbers_of

MAX_BYTES = 16_000_000
MAX_COLUMNS = 4_096
_EXPECTED = "a finite number, like 0.5"


def read_matrix(contents: bytes) -> tuple[Tensor, list[str]]:
    r"""Return the matrix in a CSV file as float64, and its tokens: none without a column of them.

    The first line is one of names if it has anything that is no number, and so is the first column.

    Raises:
        CsvError: If the file is no such matrix; it names the line and what is wrong there.

    Example:
        >>> read_matrix(b"token,d1,d2\nto,0.5,-1\nbe,2,0\n")
        (tensor([[ 0.5000, -1.0000],
                [ 2.0000,  0.0000]], dtype=torch.float64), ['to', 'be'])
    """
    if len(contents) > MAX_BYTES:
        raise CsvError(f"It has {len(contents):,} bytes; at most {MAX_BYTES:,} are read as CSV.")
    lines = list(islice(lines_of(contents), MAX_TOKENS + 2))
    if len(lines) > MAX_TOKENS + 1:
        raise CsvError(f"It has more than {MAX_TOKENS} rows of numbers.")
    header = 0 if all(number_in(entry) is not None for entry in lines[0][1:]) else 1
    if header == 0 and len(lines) > 1 and number_in(lines[0][0]) is None:
        header = 0 if len(lines[0]) > 1 else 1
    body = lines[header:]
    if not 1 <= len(body) <= MAX_TOKENS:
        raise CsvError(f"It must have 1 to {MAX_TOKENS} rows of numbers; it has {len(body):,}.")
    has_tokens = any(number_in(line[0]) is None for line in body)
    first = 1 if has_tokens else 0
    width, found = len(lines[0]), len(lines[0]) - first
    if not 1 <= found <= MAX_COLUMNS:
        raise CsvError(f"It must have 1 to {MAX_COLUMNS:,} columns of numbers; it has {found:,}.")
    rows = [
        numbers_of(line, first, width, at, most=sys.float_info.max, expected=_EXPECTED)
        for at, line in enumerate(body, start=header + 1)
    ]
    return torch.tensor(rows, dtype=torch.float64), (
        [line[0].strip() for line in body] if has_tokens else []
    )
