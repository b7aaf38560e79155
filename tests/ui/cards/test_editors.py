"""The table's operations: each taken in exactly once, and nothing else let in."""

import pytest

from ui.cards.editors import paging


@pytest.mark.parametrize(
    ("count", "width", "row", "rows"),
    [
        (6, 3, 0, (0, 64)),
        (64, 16, 63, (0, 64)),
        (65, 16, 64, (64, 128)),
        (512, 64, 511, (496, 512)),
        (512, 1, 100, (64, 128)),
        (512, 17, 60, (60, 120)),
        (40, 64, 511, (32, 48)),
        (512, 64, 15, (0, 16)),
    ],
)
def test_a_page_has_at_most_1024_numbers_and_16_to_64_rows(
    count: int, width: int, row: int, rows: tuple[int, int]
) -> None:
    page = paging([f"w|{position}" for position in range(count)], width, row)
    assert page.rows == slice(*rows)
    assert 16 <= page.size <= 64
    assert page.size * width <= 1024
