"""Values as tables for a spreadsheet: one ``.csv`` each, rows and columns with their labels."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from torch import Tensor

from attention_core.export.literals import exactly
from attention_core.export.shown import Shown, Table

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a label that begins so would be run by a spreadsheet
MOST_NUMBERS = 600_000  # in all tables together: 512 tokens of a page with one head are all there
_AT_ONCE = 2**15  # numbers that are text at one time
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same numbers make the same file


def value_csv(shown: Shown, name: str, tensor: Tensor) -> bytes:
    r"""Return a value as a table, in UTF-8 with the mark that spreadsheets need to recognise it.

    Args:
        shown: The run it belongs to.
        name: What it is called there.
        tensor: The value, with 1 to 3 axes: of three the first is a column of its own.

    Returns:
        A header and a row for each row of the value. A word that is there twice is numbered; one
        that a spreadsheet would run as a formula has an apostrophe before it.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.tensor([[1.0], [2.0]]))
        >>> shown = Shown("start", "Self-attention", trace, ["to", "=be"])
        >>> print(value_csv(shown, "scores", trace["scores"]).decode("utf-8-sig"))
        query token,to,'=be
        to,1.0,2.0
        '=be,2.0,4.0
    """
    axes = shown.axes(name)
    labels = [
        _safe(shown.labels(axis, size)) for axis, size in zip(axes, tensor.shape, strict=True)
    ]
    if tensor.ndim == 1:
        return _csv([axes[0], name], zip(labels[0], _texts(tensor), strict=True))
    *above, rows, columns = labels
    texts = _texts(tensor)
    heads = [[head] for head in above[0]] if above else [[]]
    lines = ([*head, row, *(next(texts) for _ in columns)] for head in heads for row in rows)
    return _csv([*axes[:-1], *columns], lines)


def table_csv(table: Table) -> bytes:
    """Return labelled data as a table."""
    return _csv(table.columns, ([str(entry) for entry in row] for row in table.rows))


def sheets(shown: Sequence[Shown], tables: Sequence[Table] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a CSV file for each value of some runs, and of a README.

    Args:
        shown: The runs; each has a folder of its own.
        tables: Labelled data that belong to none of them.

    Of more than ``MOST_NUMBERS`` numbers the largest values are left out: README.txt names them.
    """
    most = _most_each([tensor for run in shown for tensor in _values(run).values()])
    left_out = 0
    said = ["Every value is one table: a row for each row, with heads a column for the head."]
    for run in shown:
        said += ["", f"{run.name}: {run.title}"]
        for name, tensor in _values(run).items():
            size = " × ".join(map(str, tensor.shape))
            if tensor.numel() > most:
                left_out += 1
                said.append(f"  {name} is left out: {size}, {tensor.numel():,} numbers")
                continue
            said.append(f"  {name}.csv: {size}, {' × '.join(run.axes(name))}")
            yield f"{run.name}/{name}.csv", value_csv(run, name, tensor)
        for table in run.tables:
            said.append(f"  {table.name}.csv: {table.title}. {table.said}")
            yield f"{run.name}/{table.name}.csv", table_csv(table)
    for table in tables:
        said += ["", f"{table.name}.csv: {table.title}. {table.said}"]
        yield f"{table.name}.csv", table_csv(table)
    if left_out:
        said[1:1] = [
            f"{left_out} large values are left out below, as tables have at most {MOST_NUMBERS:,} "
            "numbers together.",
            "The files of tensors (.npz or .safetensors) in the same menu have them all.",
        ]
    yield "README.txt", "\n".join([*said, ""]).encode()


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the bytes of one ``.zip`` file with all of these files.

    Example:
        >>> made = zipped([("a/b.txt", b"to be")])
        >>> zipfile.ZipFile(io.BytesIO(made)).read("a/b.txt")
        b'to be'
    """
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return memory.getvalue()


def _values(run: Shown) -> dict[str, Tensor]:
    """Return what a run has a table of, by name."""
    values = {name: run.trace[name] for name in (*run.trace.inputs, *run.trace.steps)}
    return values | {derived.name: derived.tensor for derived in run.derived}


def _most_each(tensors: Iterable[Tensor]) -> int:
    """Return how many numbers a value may have, so that all such have ``MOST_NUMBERS`` at most."""
    count = Counter(tensor.numel() for tensor in tensors)
    most = total = 0
    for size in sorted(count):
        total += size * count[size]
        if total > MOST_NUMBERS:
            break
        most = size
    return most


def _texts(tensor: Tensor) -> Iterator[str]:
    """Yield every number as text, made of some at a time: a text takes far more than its number."""
    flat = tensor.detach().flatten()
    for first in range(0, len(flat), _AT_ONCE):
        entries = flat[first : first + _AT_ONCE].tolist()
        if tensor.is_floating_point():
            yield from exactly(entries, tensor.dtype)
        else:
            yield from (str(int(entry)) for entry in entries)


def _safe(labels: Sequence[str]) -> list[str]:
    """Return labels, told apart by number, none of which a spreadsheet takes for a formula."""
    count: Mapping[str, int] = Counter(labels)
    numbered = (
        f"{label} ({position})" if count[label] > 1 else label
        for position, label in enumerate(labels, start=1)
    )
    return [f"'{label}" if label.startswith(FORMULA) else label for label in numbered]


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")
