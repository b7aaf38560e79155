"""Embeddings as a CSV file: a header ``token,d1,d2,…`` and one row per token."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from attention_core.embeddings import MAX_WIDTH
from ui.lab.lab import LIMIT, MAX_TOKENS, number


class CsvError(ValueError):
    """A file that holds no embeddings; the message says what was expected and what came."""


def write_csv(words: Sequence[str], rows: Sequence[Sequence[float]]) -> bytes:
    r"""Return the file, in UTF-8 with the mark that spreadsheets need to recognise it.

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
    r"""Return the tokens and their vectors.

    Raises:
        CsvError: If the file is not such a table; it names the line and what is wrong there.

    Example:
        >>> read_csv(b"token,d1,d2\nto,0.5,-1\n")
        (['to'], [[0.5, -1.0]])
    """
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CsvError("It is not text in UTF-8. Save it as “CSV UTF-8”.") from None
    if "\0" in text:
        raise CsvError("It is not a text file.")
    try:
        lines = [line for line in csv.reader(io.StringIO(text), _dialect(text)) if any(line)]
    except csv.Error as error:
        raise CsvError(f"It could not be read as CSV: {error}.") from None
    if not lines:
        raise CsvError("It is empty.")
    header, *body = lines
    _check_header(header)
    if not 1 <= len(body) <= MAX_TOKENS:
        raise CsvError(f"It must have 1 to {MAX_TOKENS} rows of numbers; it has {len(body):,}.")
    rows = [_row(line, len(header), position) for position, line in enumerate(body, start=2)]
    return [line[0].strip() for line in body], rows


def _dialect(text: str) -> type[csv.Dialect]:
    """Return commas, or the semicolons that spreadsheets write where the comma is decimal."""

    class Dialect(csv.excel):
        delimiter = ";" if ";" in text.split("\n", 1)[0] else ","

    return Dialect


def _check_header(header: Sequence[str]) -> None:
    names = [name.strip().lower() for name in header]
    expected = ["token", *(f"d{column + 1}" for column in range(len(header) - 1))]
    if names != expected or not 1 <= len(names) - 1 <= MAX_WIDTH:
        came = ", ".join(names)[:60]
        raise CsvError(
            f"Its first line must be token, d1, d2, … up to d{MAX_WIDTH}; it is “{came}”."
        )


def _row(line: Sequence[str], width: int, position: int) -> list[float]:
    if len(line) != width:
        raise CsvError(f"Line {position} has {len(line)} entries; the first line has {width}.")
    entries = []
    for entry in line[1:]:
        try:
            entries.append(number(float(entry.replace("_", "?"))))  # Python's 1_000 is no number
        except ValueError:
            raise CsvError(
                f"In line {position}, “{entry[:20]}” is not a number from {-LIMIT:,.0f} to "
                f"{LIMIT:,.0f}, written like 0.5."
            ) from None
    return entries
