"""A matrix as a CSV file: numbers, perhaps below a line of names and beside a column of tokens."""

from __future__ import annotations

import csv
import io
import math

import torch
from torch import Tensor

from attention_core.outside.tensor_files import MAX_TOKENS
from ui.lab.csv_file import CsvError

MAX_BYTES = 16_000_000
MAX_COLUMNS = 4_096


def read_matrix(contents: bytes) -> tuple[Tensor, list[str]]:
    r"""Return the matrix as float64, and its tokens; none if there is no column of them.

    The first line is one of names if it has anything that is no number, and so is the first column.

    Raises:
        CsvError: If the file is no such matrix; it names the line and what is wrong there.

    Example:
        >>> read_matrix(b"token,d1,d2\nto,0.5,-1\nbe,2,0\n")
        (tensor([[ 0.5000, -1.0000],
                [ 2.0000,  0.0000]], dtype=torch.float64), ['to', 'be'])
    """
    lines = _lines(contents)
    header = 0 if all(_number(entry) is not None for entry in lines[0][1:]) else 1
    if header == 0 and len(lines) > 1 and _number(lines[0][0]) is None:
        header = 0 if len(lines[0]) > 1 else 1
    body = lines[header:]
    if not 1 <= len(body) <= MAX_TOKENS:
        raise CsvError(f"It must have 1 to {MAX_TOKENS} rows of numbers; it has {len(body):,}.")
    has_tokens = any(_number(line[0]) is None for line in body)
    first = 1 if has_tokens else 0
    width, found = len(lines[0]), len(lines[0]) - first
    if not 1 <= found <= MAX_COLUMNS:
        raise CsvError(f"It must have 1 to {MAX_COLUMNS:,} columns of numbers; it has {found:,}.")
    rows = [_row(line, first, width, at) for at, line in enumerate(body, start=header + 1)]
    return torch.tensor(rows, dtype=torch.float64), (
        [line[0].strip() for line in body] if has_tokens else []
    )


def _lines(contents: bytes) -> list[list[str]]:
    if len(contents) > MAX_BYTES:
        raise CsvError(f"It has {len(contents):,} bytes; at most {MAX_BYTES:,} are read as CSV.")
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CsvError("It is not text in UTF-8. Save it as “CSV UTF-8”.") from None
    if "\0" in text:
        raise CsvError("It is not a text file.")
    found: list[list[str]] = []
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    try:
        for line in csv.reader(io.StringIO(text), delimiter=delimiter):
            if any(line):
                found.append(line)
            if len(found) > MAX_TOKENS + 1:
                raise CsvError(f"It has more than {MAX_TOKENS} rows of numbers.")
    except csv.Error as error:
        raise CsvError(f"It could not be read as CSV: {error}.") from None
    if not found:
        raise CsvError("It is empty.")
    return found


def _number(entry: str) -> float | None:
    """Return a number as people write it; None for anything else, also for Python's 1_000."""
    try:
        return float(entry.replace("_", "?"))
    except ValueError:
        return None


def _row(line: list[str], first: int, width: int, position: int) -> list[float]:
    if len(line) != width:
        raise CsvError(f"Line {position} has {len(line)} entries; the first line has {width}.")
    numbers = []
    for entry in line[first:]:
        number = _number(entry)
        if number is None or not math.isfinite(number):
            raise CsvError(f"In line {position}, “{entry[:20]}” is not a finite number, like 0.5.")
        numbers.append(number)
    return numbers
