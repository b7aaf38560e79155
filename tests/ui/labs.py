"""Random labs, and texts that claim to be one."""

import base64
import json
import zlib
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS
from attention_core.embeddings import MAX_WIDTH, PRESETS
from ui.cards.number_words import READERS
from ui.lab.checks import LIMIT, MAX_TOKENS, MOVES
from ui.lab.edits import Edits
from ui.lab.lab import DRAWN_AS, MASKS, MAX_HEADS, MAX_SEED, SHOWINGS, Lab
from ui.lessons.normalisation_lab.choices import DTYPES

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(-LIMIT, LIMIT, allow_nan=False)
smaller = st.floats(-1.0, 1.0)
cells = st.integers(1, 64).flatmap(
    lambda d: st.tuples(words, st.integers(1, 99), st.just(d), st.integers(0, d - 1))
)
long_rows = st.tuples(words, smaller, st.integers(16, 64)).map(
    lambda row: {(row[0], 1, 64, column): row[1] + column for column in range(row[2])}
)
edits = st.tuples(
    st.dictionaries(cells, numbers, max_size=12), long_rows | st.just({}), long_rows | st.just({})
).map(lambda parts: Edits.of(parts[0] | parts[1] | parts[2]))

positions = st.integers(0, 512)
picks = st.tuples(words, words, positions, positions) | st.tuples(
    words, words, positions, positions, positions
)

labs = st.builds(
    Lab().choosing,
    sentence=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    keep_punctuation=st.booleans(),
    d=st.integers(1, 64),
    preset=st.sampled_from(list(PRESETS)),
    seed=st.integers(0, MAX_SEED),
    edits=edits,
    query=st.integers(0, 511),
    moment=st.integers(0, 511),
    wrong_axis=st.booleans(),
    order_seed=st.integers(0, MAX_SEED),
    row_scores=st.lists(numbers, min_size=1, max_size=64).map(tuple),
    temperature=st.floats(0.05, 100),
    dtype=st.sampled_from(DTYPES),
    answers=st.dictionaries(words, words, max_size=3).map(MappingProxyType),
    trail=st.lists(picks, max_size=3).map(tuple),
    table_row=st.integers(0, 511),
    window=st.tuples(st.integers(0, 511), st.integers(0, 511), st.integers(0, 63)),
    applied=st.dictionaries(words, st.integers(0, 2**40), max_size=3).map(MappingProxyType),
    d_out=st.integers(1, 64),
    d_value=st.integers(0, 64),
    drawn_as=st.sampled_from(DRAWN_AS),
    parameter_seed=st.integers(0, MAX_SEED),
    parameters=edits,
    most_d_k=st.integers(1, 4_096),
    n_heads=st.integers(1, MAX_HEADS),
    head=st.integers(0, MAX_HEADS - 1),
    heads_off=st.sets(st.integers(0, MAX_HEADS - 1)).map(lambda heads: tuple(sorted(heads))),
    mask_preset=st.sampled_from(MASKS),
    mask_size=st.integers(1, 512),
    painted=edits,
    leak_token=st.integers(-1, 511),
    dropout=st.floats(0, 1, exclude_max=True),
    training=st.booleans(),
    dropout_seed=st.integers(0, MAX_SEED),
    n_draws=st.integers(1, 1_000),
    other_sentence=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    same_sequence=st.booleans(),
    overrides=edits,
    has_lens=st.booleans(),
    goal=st.tuples(
        st.integers(0, 511), st.integers(0, 511), st.floats(0.01, 0.99), st.floats(0, LIMIT)
    ),
    goal_moves=st.sets(st.sampled_from(MOVES)).map(
        lambda some: tuple(name for name in MOVES if name in some)
    ),
    goal_from=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    goal_step=st.integers(0, 10_000),
    numbers=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    reader=st.sampled_from(READERS),
    decoder_step=st.integers(0, 99),
    sees_encoder=st.booleans(),
    train_kind=st.sampled_from(READERS),
    train_units=st.integers(4, 64),
    train_seed=st.integers(0, MAX_SEED),
    pinned=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    showing=st.sampled_from(SHOWINGS),
    parameter_row=st.integers(0, 63),
    queries_as=st.sampled_from(QUERIES_AS),
    count_from=st.sampled_from(COUNT_FROM),
    symbols=st.sampled_from(SYMBOLS),
)


def packed(contents: bytes, version: str = "1") -> str:
    """Return bytes as the text of an address, whatever they are."""
    text = base64.urlsafe_b64encode(zlib.compress(contents, 9)).decode().rstrip("=")
    return f"{version}.{text}"


def packed_json(contents: Any) -> str:
    """Return any JSON as the text of an address."""
    return packed(json.dumps(contents).encode())


def bomb(megabytes: int) -> str:
    """Return an address of about a thousandth of the zeros it unpacks to."""
    packer = zlib.compressobj(9)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    stream = start + block * megabytes
    return f"1.{base64.urlsafe_b64encode(stream).decode().rstrip('=')}"


def full_table() -> Lab:
    """Return the largest table, every number of it the user's own."""
    sentence = " ".join(f"word{number}" for number in range(MAX_TOKENS))
    return Lab(sentence=sentence, d=MAX_WIDTH).with_entries(
        [
            (f"word{row}", 1, column, (row * 7919 + column * 31) % 9973 / 4096 - 1)
            for row in range(MAX_TOKENS)
            for column in range(MAX_WIDTH)
        ]
    )
