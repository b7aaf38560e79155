"""The user's own numbers in the table of embeddings, as a mapping that is cheap to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

Cell = tuple[str, int, int, int]  # word, its nth occurrence, width d, column
RowKey = tuple[str, int, int]  # word, its nth occurrence, width d
RowEdits = Mapping[int, float]  # column -> number, never changed once it is made
Typed = tuple[RowKey, Sequence[float], int, float]  # row, before any edit, column, number

NO_EDITS: RowEdits = MappingProxyType({})


class Edits(Mapping[Cell, float]):
    """Numbers by cell.

    They are kept by row: a change makes the rows anew that it touches, and shares all others with
    the mapping before. So one edit among 32,768 costs no more than one of one.

    Example:
        >>> edits = Edits.of({("to", 1, 3, 0): 0.5, ("to", 1, 3, 2): 7.0})
        >>> edits["to", 1, 3, 2], len(edits)
        (7.0, 2)
        >>> edits.with_rows({("to", 1, 3): {0: 0.5}}) == {("to", 1, 3, 0): 0.5}
        True
    """

    __slots__ = ("_rows", "_size")

    def __init__(self, rows: Mapping[RowKey, RowEdits] = MappingProxyType({})) -> None:
        self._rows = {key: row for key, row in rows.items() if row}
        self._size = sum(map(len, self._rows.values()))

    @classmethod
    def of(cls, cells: Mapping[Cell, float]) -> Edits:
        """Return the edits of a mapping from cells to numbers."""
        rows: dict[RowKey, dict[int, float]] = {}
        for (word, nth, d, column), number in cells.items():
            rows.setdefault((word, nth, d), {})[column] = number
        return cls(rows)

    @property
    def rows(self) -> Mapping[RowKey, RowEdits]:
        """The edits by row; rows without any are not in it."""
        return MappingProxyType(self._rows)

    def row(self, word: str, nth: int, d: int) -> RowEdits:
        """Return the edits of one row, by column."""
        return self._rows.get((word, nth, d), NO_EDITS)

    def with_rows(self, rows: Mapping[RowKey, RowEdits]) -> Edits:
        """Return the edits with some rows replaced; an empty one is gone."""
        return Edits({**self._rows, **rows})

    def typed(self, entries: Iterable[Typed]) -> Edits:
        """Return the edits with some numbers typed; one typed back to the original is no edit.

        Args:
            entries: The key of a row, its numbers before any edit, a column, the number typed.

        Example:
            >>> key = ("to", 1, 3)
            >>> edits = Edits().typed([(key, (0.1, 0.2, 0.3), 0, 9.0)])
            >>> edits["to", 1, 3, 0], len(edits.typed([(key, (0.1, 0.2, 0.3), 0, 0.1)]))
            (9.0, 0)
        """
        rows: dict[RowKey, dict[int, float]] = {}
        for key, start, column, number in entries:
            if key not in rows:
                rows[key] = dict(self.row(*key))
            if number == start[column]:
                rows[key].pop(column, None)
            else:
                rows[key][column] = number
        return self.with_rows(rows)

    def without_rows(self, keys: Iterable[RowKey]) -> Edits:
        """Return the edits without some rows: they are as before any edit."""
        return self.with_rows(dict.fromkeys(keys, NO_EDITS))

    def __getitem__(self, cell: Cell) -> float:
        word, nth, d, column = cell
        return self._rows[word, nth, d][column]

    def __iter__(self) -> Iterator[Cell]:
        return ((*key, column) for key, row in self._rows.items() for column in row)

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Edits):
            return self._rows == other._rows  # shared rows are not looked into
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Edits.of({dict(self)!r})"
