"""Exercises as a file: empty cells to fill, and answers that are read off the trace."""

import math
from html.parser import HTMLParser

import pytest
from torch import Tensor

from attention_core import Conventions
from attention_core.figures.paper import number, paper_html
from attention_core.studies.exercises import KINDS, exercise, exercises
from tests.attention_core.studies.test_exercises import attention

each_kind = pytest.mark.parametrize("kind", KINDS)
HOSTILE = ("</script><b>", '"><img src=x onerror=alert(1)>', "a\u2028&'b")


class Tables(HTMLParser):
    """The numbers of every table in a page, by the class of the article and of the table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, list[list[str]]]] = []
        self.tags: list[str] = []
        self._article, self._in_cell = "", False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row, a cell."""
        kind = dict(attrs).get("class") or ""
        self.tags.append(tag)
        if tag == "article":
            self._article = kind
        elif tag == "table":
            self.found.append((self._article, kind, []))
        elif tag == "tr":
            self.found[-1][2].append([])
        elif tag == "td":
            self.found[-1][2][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        """Take in what a cell says."""
        if self._in_cell:
            self.found[-1][2][-1][-1] += data

    def of(self, article: str, kind: str = "") -> list[list[list[str]]]:
        """The bodies of the tables of a kind, without their heads."""
        return [
            rows[1:] for at, own, rows in self.found if at.split()[0] == article and own == kind
        ]


@each_kind
def test_the_key_has_the_numbers_of_another_route(kind: str) -> None:
    sheets = exercises(kind, 3, first_seed=11)
    answers = iter(Tables(paper_html(sheets)).of("key"))
    for sheet in sheets:
        expected = attention(sheet)
        for name in sheet.asked:
            tensor = expected[name]
            for matrix in tensor if tensor.ndim == 3 else [tensor]:
                shown = [
                    [float(cell.replace("−", "-").replace("∞", "inf")) for cell in row]
                    for row in next(answers)
                ]
                for row, told in zip(matrix.tolist(), shown, strict=True):
                    assert told == pytest.approx(row, abs=0.00501), name
    assert next(answers, None) is None


@each_kind
def test_an_answer_made_with_the_printed_table_is_the_one_in_the_key(kind: str) -> None:
    """As a student does: e^x from the sheet's own table, rounded to 2 decimals at the end."""
    for seed in (*range(60), 2**31 - 1):
        sheet = exercise(kind, seed)
        tables = Tables(paper_html([sheet]))
        (printed,) = [rows for at, own, rows in tables.found if (at[:5], own) == ("sheet", "exp")]
        table = [power for row in printed[1::2] for power in row]
        powers = dict(zip(sheet.exponents, map(float, table), strict=True))
        powers[-math.inf] = 0.0

        def weigh(before: Tensor, powers: dict[float, float] = powers) -> Tensor:
            found = before.clone().apply_(powers.__getitem__)
            return found / found.sum(-1, keepdim=True)

        by_hand, key = attention(sheet, weigh), iter(tables.of("key"))
        for name in sheet.asked:
            tensor = by_hand[name]
            for matrix in tensor if tensor.ndim == 3 else [tensor]:
                told = [
                    float(c.replace("−", "-").replace("∞", "inf")) for r in next(key) for c in r
                ]
                answers = [round(own, 2) for own in matrix.flatten().tolist()]
                assert answers == told, (seed, name)


@each_kind
def test_the_table_has_no_more_decimals_than_it_takes(kind: str) -> None:
    found = [sheet.decimals for sheet in exercises(kind, 40)]
    assert set(found) <= {2, 3, 4, 5}
    assert {2, 3} <= set(found)
    assert sum(found) / len(found) < 3.1


@each_kind
def test_a_sheet_has_an_empty_cell_for_each_number_to_find_and_gives_none_away(kind: str) -> None:
    sheet = exercise(kind, 3)
    html = paper_html([sheet], has_answers=False)
    tables = Tables(html)
    blanks = [cell for table in tables.of("sheet", "blank") for row in table for cell in row]
    assert len(blanks) == sum(sheet.trace[name].numel() for name in sheet.asked)
    assert not any(blanks)
    assert not tables.of("key")
    assert "Sheet 3" in html


def test_each_sheet_and_the_key_begin_a_page_and_no_table_is_cut() -> None:
    html = paper_html(exercises("causal", 4))
    assert html.count('<article class="sheet') == 4
    assert html.count('<article class="key"') == 1
    assert "break-after: page" in html
    assert "break-inside: avoid" in html


def test_words_stay_words_and_nothing_is_asked_for() -> None:
    html = paper_html([exercise("simple", 1, HOSTILE)], link='http://x/?a="<b>')
    tags = set(Tables(html).tags)
    assert not tags & {"img", "b", "script"}
    assert "default-src 'none'" in html
    assert "<b>" not in html


def test_paper_counts_as_the_lab_does() -> None:
    html = paper_html([exercise("heads", 1)], conventions=Conventions("columns", 0, "paper"))
    assert "head 0" in html
    assert "head 2" not in html
    assert ">d0<" in html


@pytest.mark.parametrize(
    ("entry", "text"), [(3.0, "3"), (-1.0, "−1"), (0.005, "0.01"), (-0.0, "0"), (1e-9, "0.00")]
)
def test_numbers_are_written_as_by_hand(entry: float, text: str) -> None:
    assert number(entry) == text


def test_no_exercise_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        paper_html([])
