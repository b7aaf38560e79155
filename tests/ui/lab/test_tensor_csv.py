"""A matrix in a CSV file: what is a name, a token, a number; and the bounds."""

import pytest

from ui.lab import tensor_csv
from ui.lab.csv_file import CsvError
from ui.lab.tensor_csv import read_matrix

READ: dict[str, tuple[str, list[list[float]], list[str]]] = {
    "numbers alone": ("1,2\n3,4\n", [[1, 2], [3, 4]], []),
    "one number": ("-5e-1", [[-0.5]], []),
    "one row": ("1,2", [[1, 2]], []),
    "names above": ("a,b\n1,2\n", [[1, 2]], []),
    "names above one column": ("a\n1\n2\n", [[1], [2]], []),
    "a name above one number": ("a\n1\n", [[1]], []),
    "tokens beside": ("to,1,2\nbe,3,4\n", [[1, 2], [3, 4]], ["to", "be"]),
    "names and tokens": ("token,a,b\n to ,1,2\n", [[1, 2]], ["to"]),
    "a number among the tokens": ("7,1\nbe,2\n", [[1], [2]], ["7", "be"]),
    "semicolons": ("to;1;2\nbe;3;4\n", [[1, 2], [3, 4]], ["to", "be"]),
    "a mark, empty lines, quotes": ('\ufeff1,2\r\n\r\n"3", 4 \r\n', [[1, 2], [3, 4]], []),
    "names with an underscore": ("a_1,1_000\n0.5,2\n", [[0.5, 2]], []),  # Python reads 1000
    "tokens with an underscore": ("1_000,1\n2_000,2\n", [[1], [2]], ["1_000", "2_000"]),
}


@pytest.mark.parametrize(("text", "rows", "tokens"), READ.values(), ids=READ)
def test_a_matrix_is_read(text: str, rows: list[list[float]], tokens: list[str]) -> None:
    matrix, found = read_matrix(text.encode())
    assert (matrix.tolist(), found) == (rows, tokens)


REFUSED = {
    "nothing": (b"", "It is empty"),
    "empty lines": (b"\n\n", "It is empty"),
    "names alone": (b"a,b\n", "1 to 512 rows of numbers; it has 0"),
    "tokens alone": (b"to\nbe\nor\n", "1 to 4,096 columns of numbers; it has 0"),
    "a short row": (b"1,2\n3\n", "Line 2 has 1 entries; the first line has 2"),
    "a long row below names": (b"a,b\n1,2\n3,4,5\n", "Line 3 has 3 entries"),
    "a word": (b"1,2\n3,four\n", "In line 2, “four” is not a finite number, like 0.5"),
    "an underscore": (b"1,2\n3,1_000\n", "In line 2, “1_000” is not a finite number"),
    "infinity": (b"1,2\n3,inf\n", "“inf” is not a finite number"),
    "NaN below names": (b"a,b\n1,nan\n", "In line 2, “nan” is not a finite number"),
    "too large": (b"1,2\n3,1e999\n", "“1e999” is not a finite number"),
    "a long word": (b"1,2\n3," + b"x" * 99, f"“{'x' * 20}” is"),
    "another encoding": ("1,é".encode("latin-1"), "not text in UTF-8"),
    "a zero byte": (b"1,2\n3,\x004\n", "not a text file"),
    "an endless field": (b'1,"' + b"2" * 200_000 + b'"', "could not be read as CSV"),
}


@pytest.mark.parametrize(("contents", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_matrix_is_refused(contents: bytes, said: str) -> None:
    with pytest.raises(CsvError, match=said):
        read_matrix(contents)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_matrix(b"1\n" * 512)[0].shape == (512, 1)
    assert read_matrix(b"a\n" + b"1\n" * 512)[0].shape == (512, 1)
    for many in (b"1\n" * 513, b"a\n" + b"1\n" * 513, b"1\n" * 100_000):
        with pytest.raises(CsvError, match=r"512 rows of numbers"):
            read_matrix(many)
    never_read = b'"' + b"2" * 200_000
    with pytest.raises(CsvError, match="more than 512 rows of numbers"):
        read_matrix(b"1\n" * 514 + never_read)
    wide = b",".join([b"1"] * 4_096)
    assert read_matrix(wide)[0].shape == (1, 4_096)
    assert read_matrix(b"to," + wide)[0].shape == (1, 4_096)
    with pytest.raises(CsvError, match=r"1 to 4,096 columns of numbers; it has 4,097"):
        read_matrix(b"1," + wide)
    monkeypatch.setattr(tensor_csv, "MAX_BYTES", len(wide))
    assert read_matrix(wide)[0].shape == (1, 4_096)
    with pytest.raises(CsvError, match=r"It has 8,192 bytes; at most 8,191 are read as CSV"):
        read_matrix(wide + b"\n")
