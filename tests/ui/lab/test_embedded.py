"""The embeddings of a lab, remembered: the same bits as cell by cell, one row anew at an edit."""

import torch
from hypothesis import given

from tests.ui.labs import labs
from ui.lab.lab import Lab

EDITED = Lab().with_entries([("journey", 1, 0, 9.0), ("step", 1, 2, -1.5)])


def cell_by_cell(lab: Lab) -> list[list[float]]:
    """Return the embeddings by looking up every cell: slow and plain."""
    return [
        [lab.edits.get((token.word, token.nth, lab.d, c), entry) for c, entry in enumerate(row)]
        for token, row in zip(lab.tokens, lab.base, strict=True)
    ]


@given(labs)
def test_the_quick_way_to_the_embeddings_gives_the_same_bits(lab: Lab) -> None:
    used = [*lab.tokens[:3], *lab.tokens[-1:]]
    entries = [(token.word, token.nth, lab.d - 1, 0.1 + token.nth) for token in used]
    for one in (lab, lab.with_entries(entries), lab.with_entries(entries).without_edits()):
        expected = cell_by_cell(one)
        assert [list(row) for row in one.embeddings] == expected
        assert one.tensor.tolist() == torch.tensor(expected, dtype=torch.float32).tolist()
        edited = [
            (row, column)
            for row, token in enumerate(one.tokens)
            for column in range(one.d)
            if (token.word, token.nth, one.d, column) in one.edits
        ]
        assert one.edited_cells == edited
        assert one.is_edited == bool(edited)


def test_the_tensor_is_the_callers_own() -> None:
    EDITED.tensor[0, 0] = 7.0
    assert EDITED.tensor.tolist() == torch.tensor(EDITED.embeddings).tolist()
