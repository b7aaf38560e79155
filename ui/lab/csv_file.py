"""CSV files: how every one is read, and embeddings as one.

A file of embeddings has a header ``token,d1,d2,…`` and one row per token. A matrix in any other
form is read by ``ui.lab.tensor_csv``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from attention_core.embeddings import MAX_WIDTH
from ui.lab.checks import LIMIT, MAX_TOKENS


class CsvError(ValueError):
    """A CSV file without the numbers it should have; the message says what came instead of what."""


def lines_of(contents: bytes) -> Iterator[list[str]]:
    r"""Yield the lines of a CSV file that are not empty, each as its entries.

    Semicolons part them if the first line has one: spreadsheets write them where the comma is
    decimal. Only what is asked for is read.

    Raises:
        CsvError: If the file is not text, or has no such line.

    Example:
        >>> list(lines_of(b"token;d1\n\nto;0.5\n"))
        [['token', 'd1'], ['to', '0.5']]
    """
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CsvError("It is not text in UTF-8. Save it as “CSV UTF-8”.") from None
    if "\0" in text:
        raise CsvError("It is not a text file.")
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    is_empty = True
    try:
        for line in csv.reader(io.StringIO(text), delimiter=delimiter):
            if any(line):
                is_empty = False
                yield line
    except csv.Error as error:
        raise CsvError(f"It could not be read as CSV: {error}.") from None
    if is_empty:
        raise CsvError("It is empty.")


def number_in(entry: str) -> float | None:
    """Return the number that an entry of a CSV file says; None for anything else.

    Example:
        >>> number_in(" 1e3"), number_in("1_000")  # the latter only Python takes for a number
        (1000.0, None)
    """
    try:
        return float(entry.replace("_", "?"))
    except ValueError:
        return None


def numbers_of(
    line: Sequence[str], first: int, width: int, position: int, *, most: float, expected: str
) -> list[float]:
    """Return the numbers of a line of a CSV file.

    Args:
        line: Its entries.
        first: The first of them that is a number.
        width: How many entries the file's first line has.
        position: Which line it is, counted from 1.
        most: How far from zero a number may be.
        expected: What each should be, for the message.

    Raises:
        CsvError: If it has more or fewer entries, or one that is no such number.

    Example:
        >>> numbers_of(["to", "0.5", "-1"], 1, 3, 2, most=9, expected="a number to 9")
        [0.5, -1.0]
    """
    if len(line) != width:
        raise CsvError(f"Line {position} has {len(line)} entries; the first line has {width}.")
    numbers = []
    for entry in line[first:]:
        number = number_in(entry)
        if number is None or not abs(number) <= most:  # also true for NaN
            raise CsvError(f"In line {position}, “{entry[:20]}” is not {expected}.")
        numbers.append(number)
    return numbers


def write_csv(words: Sequence[str], rows: Sequence[Sequence[float]]) -> bytes:
    r"""Return embeddings as a CSV file, in UTF-8 with the mark that spreadsheets know it by.

    Example:
        >>> write_csv(["to"], [(0.5, -1.0)])
        b'\xef\xbb\xbftoken,d1,d2\r\nto,0.5,-1.0\r\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["token", *(f"d{column + 1}" for column in range(len(rows[0])))])
    writer.writerows([word, *row] for word, row in zip(words, rows, strict=True))
    return text.getvalue().encode("utf-8-sig")


def read_csv(contents: bytes) -> tuple[list[str], list[list[float]]]:
    r"""Return the tokens and the vectors in a CSV file of embeddings.

    Raises:
        CsvError: If the file is not such a table; it names the line and what is wrong there.

    Example:
        >>> read_csv(b"token,d1,d2\nto,0.5,-1\n")
        (['to'], [[0.5, -1.0]])
    """
    header, *body = lines_of(contents)
    _check_header(header)
    if not 1 <= len(body) <= MAX_TOKENS:
        raise CsvError(f"It must have 1 to {MAX_TOKENS} rows of numbers; it has {len(body):,}.")
    expected = f"a number from {-LIMIT:,.0f} to {LIMIT:,.0f}, written like 0.5"
    rows = [
        numbers_of(line, 1, len(header), position, most=LIMIT, expected=expected)
        for position, line in enumerate(body, start=2)
    ]
    return [line[0].strip() for line in body], rows


def _check_header(header: Sequence[str]) -> None:
    names = [name.strip().lower() for name in header]
    expected = ["token", *(f"d{column + 1}" for column in range(len(header) - 1))]
    if names != expected or not 1 <= len(names) - 1 <= MAX_WIDTH:
        came = ", ".join(names)[:60]
        raise CsvError(
            f"Its first line must be token, d1, d2, … up to d{MAX_WIDTH}; it is “{came}”."
        )
