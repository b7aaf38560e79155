"""Own numbers by cell: a mapping that shares the rows that stay."""

import pytest

from tests.ui.labs import full_table
from ui.lab.checks import MAX_CELLS
from ui.lab.lab import Lab

EDITED = Lab().with_entries([("journey", 1, 0, 9.0), ("step", 1, 2, -1.5)])


def test_a_lab_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        EDITED.edits[("journey", 1, 3, 0)] = 1.0  # type: ignore[index]


def test_an_edit_makes_one_row_anew() -> None:
    full = full_table()
    assert len(full.edits) == MAX_CELLS
    changed = full.with_entries([("word9", 1, 5, 5.0)])
    different = [key for key, row in changed.edits.rows.items() if row is not full.edits.rows[key]]
    assert different == [("word9", 1, 64)]
    same = [a is b for a, b in zip(full.embeddings, changed.embeddings, strict=True)]
    assert same.count(False) == 1
