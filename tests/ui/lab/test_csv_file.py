"""Embeddings as a CSV file."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.lab.checks import LIMIT, MAX_TOKENS
from ui.lab.csv_file import CsvError, read_csv, write_csv

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"]), min_size=1)


@given(st.data(), st.integers(1, 9), st.integers(1, 16))
def test_there_and_back(data: st.DataObject, n: int, d: int) -> None:
    numbers = st.floats(-LIMIT, LIMIT)
    texts = data.draw(st.lists(words, min_size=n, max_size=n))
    rows = data.draw(st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=n, max_size=n))
    again = read_csv(write_csv(texts, rows))
    assert again == (texts, rows)


@pytest.mark.parametrize(
    "contents",
    [
        b"token,d1,d2\nto,0.5,-1\n",
        b"\xef\xbb\xbftoken,d1,d2\r\nto,0.5,-1\r\n",
        b"Token, D1, D2\nto,0.5,-1",
        b"token;d1;d2\nto;0.5;-1\n",
        b"token,d1,d2\n\nto,0.5,-1\n\n",
        b'token,d1,d2\n"to"," 0.5","-1e0"\n',
        b" token ,d1,d2\n to ,0.5,-1\n",
    ],
)
def test_what_spreadsheets_write(contents: bytes) -> None:
    assert read_csv(contents) == (["to"], [[0.5, -1.0]])


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "It is empty"),
        (b"\n\n\r\n", "It is empty"),
        (b"\xef\xbb\xbf", "It is empty"),
        (b"to,0.5\n", "first line must be token, d1, d2"),
        (b"word,d1\nto,0.5\n", "first line must be token, d1, d2"),
        (b"token,d2,d1\nto,0.5,1\n", "first line must be token, d1, d2"),
        (b"token,d1,d1\nto,0.5,1\n", "first line must be token, d1, d2"),
        (b"token\nto\n", "first line must be token, d1, d2"),
        (b"token," + b",".join(b"d%d" % c for c in range(1, 66)), "up to d64"),
        (b"x" * 100_000, "it is “xxxx"),
        (b"token,d1\n", "1 to 512 rows of numbers; it has 0"),
        (b"token,d1\n" + b"a,1\n" * (MAX_TOKENS + 1), "1 to 512 rows of numbers; it has 513"),
        (b"token,d1\n" + b"a,1\n" * 100_000, "it has 100,000"),
        (b"token,d1,d2\nto,1,2\nbe,1\n", "Line 3 has 2 entries; the first line has 3"),
        (b"token,d1,d2\nto,1,2,3\n", "Line 2 has 4 entries; the first line has 3"),
        (b"token,d1\nto,\n", "In line 2, “” is not a number"),
        (b"token,d1\nto,one\n", "In line 2, “one” is not a number"),
        (b"token;d1\nto;1,5\n", "In line 2, “1,5” is not a number"),
        (b"token,d1\nto,nan\n", "In line 2, “nan” is not a number"),
        (b"token,d1\nto,1_000\n", "In line 2, “1_000” is not a number"),  # Python's float does
        (b"token,d1\nto,1_0.5\n", "In line 2, “1_0.5” is not a number"),
        (b"token,d1\nto,inf\n", "In line 2, “inf” is not a number"),
        (b"token,d1\nto,1e400\n", "In line 2, “1e400” is not a number"),
        (b"token,d1\nto,1000001\n", "is not a number from -1,000,000 to 1,000,000"),
        ("token,d1\ncafé,1\n".encode("latin-1"), "not text in UTF-8"),
        ("token,d1\nto,1\n".encode("utf-16"), "not text in UTF-8"),
        ("token,d1\nto,1\n".encode("utf-16-le"), "not a text file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not text in UTF-8"),
        (b"PK\x03\x04\x00\x00", "not a text file"),
        (b"token,d1\nto\x00,1\n", "not a text file"),
        (b'token,d1\n"to,1\n', "Line 2 has 1 entries"),
        (b"token,d1\n" + b'"' + b"a" * 200_000 + b'",1\n', "could not be read as CSV"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_table_is_refused(contents: bytes, said: str) -> None:
    with pytest.raises(CsvError, match=said):
        read_csv(contents)


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda t: ("token,d1\n" + t).encode("utf-8", "replace"))
)
def test_noise_is_refused_or_read(contents: bytes) -> None:
    with contextlib.suppress(CsvError):
        texts, rows = read_csv(contents)
        assert len(texts) == len(rows)
