"""A lab as text: bit for bit there and back, and nothing else is let in."""

import contextlib
import json
import re
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.labs import bomb, full_table, labs, packed, packed_json
from ui.lab import link
from ui.lab.checks import MAX_EDITS
from ui.lab.edits import Edits
from ui.lab.lab import Lab, known_fields
from ui.lab.link import LinkError, decode, encode, from_file, to_file
from ui.lessons.why_attention.bottleneck import trace_of

FULL = Lab().choosing(
    sentence="Größe 日本 <b>",
    d=4,
    preset="random",
    seed=7,
    edits=Edits.of({("größe", 1, 4, 0): 0.1, ("日", 1, 4, 3): -1e-300}),
    row_scores=(1.0, -2.5),
    temperature=0.3,
    answers={"start": "Größe"},
    applied={"embeddings": 3},
)


def bits(lab: Lab) -> bytes:
    """Return every number of a lab to the last bit, wherever among the edits it stands."""
    edits = (lab.edits[cell] for cell in sorted(lab.edits))
    entries = (*edits, *lab.value("row_scores"), lab.value("temperature"))
    return struct.pack(f"{len(entries)}d", *entries)


@given(labs)
def test_an_address_gives_the_same_lab_bit_for_bit(lab: Lab) -> None:
    again = decode(encode(lab))
    assert again == lab
    assert bits(again) == bits(lab)
    assert encode(again) == encode(lab)


@given(labs)
def test_a_file_gives_the_same_lab_bit_for_bit(lab: Lab) -> None:
    again = from_file(to_file(lab).encode())
    assert again == lab
    assert bits(again) == bits(lab)


def test_the_first_lab_needs_no_address() -> None:
    assert encode(Lab()) == ""
    assert decode("") == Lab()
    assert encode(FULL.choosing(**{name: Lab().value(name) for name in known_fields()})) == ""


def test_an_address_of_before_long_rows_opens() -> None:
    one_by_one = [["to", 1, 20, column, column / 7] for column in reversed(range(20))]
    lab = decode(packed_json({"sentence": "to", "d": 20, "edits": one_by_one}))
    assert lab.embeddings == (tuple(column / 7 for column in range(20)),)
    assert decode(encode(lab)) == lab


def test_columns_between_edits_stay_as_they_are() -> None:
    entries = [("to", 1, column, 5.0) for column in (9, 0, 1, 3, *range(12, 40))]
    lab = Lab(sentence="to be", d=40).with_entries([*entries, ("be", 1, 7, 6.0)])
    assert decode(encode(lab)) == lab == from_file(to_file(lab).encode())


def test_the_largest_lab_of_edits_is_short() -> None:
    lab = full_table()
    text = encode(lab)
    assert len(text) < 400_000 < link.TEXT_LIMIT
    assert decode(text) == lab == from_file(to_file(lab).encode())
    assert decode(text).tensor.equal(lab.tensor)
    changed = lab.with_entries([("word300", 1, 63, 5.0)])
    assert decode(encode(changed)) == changed


def test_an_address_holds_only_what_an_address_can() -> None:
    text = encode(FULL)
    assert text.startswith(f"{link.VERSION}.")
    assert text.isascii()
    assert text.replace("-", "a").replace("_", "a").replace(".", "a").isalnum()


def test_the_notebook_with_every_cell_edited_fits() -> None:
    entries = [
        (token.word, 1, column, token.nth / 7 + column)
        for token in Lab().tokens
        for column in range(3)
    ]
    assert len(encode(Lab().with_entries(entries))) < 600 < link.ADDRESS_LIMIT


@pytest.mark.parametrize("length", range(1, len(encode(FULL))))
def test_a_link_that_was_cut_short_is_refused(length: int) -> None:
    with pytest.raises(LinkError, match=r"damaged|incomplete|cut short"):
        decode(encode(FULL)[:length])


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda junk: packed(junk)))
def test_noise_is_refused(text: str) -> None:
    if text:
        with pytest.raises(LinkError):
            decode(text)


@given(st.binary(max_size=80), st.integers(0, 500))
def test_a_changed_address_is_refused_or_a_lab(noise: bytes, at: int) -> None:
    text = encode(FULL)
    changed = text[:at] + noise.decode("latin-1") + text[at + len(noise) :]
    with contextlib.suppress(LinkError):
        assert isinstance(decode(changed), Lab)


def test_a_decompression_bomb_is_refused_without_being_unpacked() -> None:
    text = bomb(1024)
    assert len(text) < link.TEXT_LIMIT
    tracemalloc.start()
    with pytest.raises(LinkError, match="too large"):
        decode(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_text_too_long_to_look_at_is_refused() -> None:
    with pytest.raises(LinkError, match="too large"):
        decode("1." + "A" * 3_000_000)
    with pytest.raises(LinkError, match="too large"):
        from_file(b" " * 5_000_000)


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"17",
    b"{",
    b"\xff\xfe",
    b'{"d": NaN}',
    b'{"temperature": NaN}',
    b'{"temperature": Infinity}',
    b'{"temperature": 1e999}',
    b'{"row_scores": [-Infinity]}',
    b'{"seed": ' + b"9" * 4_000 + b"}",
    b'{"temperature": ' + b"9" * 4_000 + b"}",
    b'{"seed": ' + b"9" * 400_000 + b"}",
    b'{"sentence": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    b'{"answers": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}",
    b'{"sentence": "\\ud800 half a character"}',
    b'{"edits": [["\\udfff", 1, 3, 0, 1.0]]}',
    b'{"answers": {"\\ud800": "a"}}',
]


@pytest.mark.parametrize("contents", HOSTILE, ids=lambda contents: repr(contents[:30]))
def test_what_no_lab_says_is_refused(contents: bytes) -> None:
    with pytest.raises(LinkError):
        decode(packed(contents))
    with pytest.raises(LinkError):
        from_file(contents.replace(b"{", b'{"attention_lab": 1, ', 1))


WRONG: dict[str, list[Any]] = {
    "sentence": [3, None, ["a"], {}, True, "a" * 100_001],
    "keep_punctuation": [0, 1, "true", None, []],
    "d": [0, 65, 3.0, "3", True, None, [3], 10**400],
    "preset": ["", "Notebook", 1, None, [], {}],
    "seed": [-1, 1_000_000, 1.5, "1", False, None],
    "edits": [
        1,
        "a",
        {},
        [1],
        [[]],
        [["a", 1, 3, 0]],
        [["a", 1, 3, 0, 1.0, 2, 3, 4]],
        [["a", 1, 3, 1, 1.0, 2, 3]],
        [["a", 1, 64, 0, *[1.0] * 65]],
        [["a", 1, 3, 0, 1.0, "2"]],
        [["a", 1, 3, 3, 1.0]],
        [[1, 1, 3, 0, 1.0]],
        [["a", 0, 3, 0, 1.0]],
        [["a", 1, 65, 0, 1.0]],
        [["a", 1, 3, -1, 1.0]],
        [["a", 1, 64, 64, 1.0]],
        [["a", 1, 3, 0, "1"]],
        [["a", 1, 3, 0, None]],
        [["a", 1, 3, 0, True]],
        [["a", 1, 3, 0, 1e7]],
        [["a", 1.0, 3, 0, 1]],
        [["a", [], 3, 0, 1]],
        [["a", 1, 3, 0, 1]] * (MAX_EDITS + 1),
        [[f"w{n}", 1, 64, 0, *[1] * 64] for n in range(MAX_EDITS // 64 + 1)],
    ],
    "query": [-1, 512, 1.0, "1", None],
    "moment": [-1, 512, 1.0, "1", None],
    "wrong_axis": [0, "no", None],
    "order_seed": [-1, 10**6, 0.5, None],
    "row_scores": [[], 1, "12", None, {}, [None], ["1"], [True], [1e7], [[1]], [0] * 65],
    "temperature": [0, 0.01, 101, -1, "1", None, True, [1], 10**400],
    "dtype": ["float8", "", None, 64, ["float32"]],
    "answers": [1, [], "a", {"a": 1}, {"a": "b" * 201}, {"a" * 101: "b"}],
    "trail": [
        1,
        "a",
        {},
        [1],
        [[]],
        [["a", "scores", 0]],
        [["a", "scores", 0, 0, 0, 0]],
        [["a", "weights", 0, 0, 2**20 + 1]],
        [["a", "weights", None, 0, 0]],
        [[1, "scores", 0, 0]],
        [["a", None, 0, 0]],
        [["a", "scores", -1, 0]],
        [["a", "scores", 0, 2**20 + 1]],
        [["a", "scores", True, 0]],
        [["a", "scores", 0.0, 0]],
        [["a" * 101, "scores", 0, 0]],
        [["a", "scores", 0, 0]] * 17,
    ],
    "window": [
        1,
        [],
        [0, 0],
        [0, 0, 2**20 + 1],
        [2**20 + 1, 0, 0],
        [0, -1, 0],
        [0.5, 0, 0],
        "abc",
        None,
    ],
    "table_row": [-1, 512, 1.0, "1", None, True],
    "applied": [1, [], {"a": -1}, {"a": "1"}, {"a": 1.0}, {"a": 2**40 + 1}],
    "queries_as": ["diagonals", "", None, 0, ["rows"]],
    "count_from": [-1, 2, "0", 0.0, True, None],
    "symbols": ["greek", "", None, 1, ["paper"]],
    "d_out": [0, 65, 2.0, True],
    "d_value": [-1, 65, "2"],
    "drawn_as": ["ones", 1],
    "parameter_seed": [-1, 10**7],
    "parameters": [7, [["w_query", 1, 2]], [["w_query", 1, 65, 0, 1.0]]],
    "most_d_k": [0, 4_097],
    "n_heads": [0, 17, 1.5],
    "head": [-1, 16],
    "heads_off": [3, [16], [True]],
    "mask_preset": ["triangle", None],
    "mask_size": [0, 513],
    "painted": ["all", [["mask", 1, 513, 0, 1.0]]],
    "leak_token": [-2, 512],
    "dropout": [1, 1.5, -0.1, "half", float("nan")],
    "training": [1, "yes"],
    "dropout_seed": [-1, 0.5],
    "n_draws": [0, 1_001],
    "other_sentence": [5, "x" * 100_001],
    "same_sequence": [1, "yes", None],
    "overrides": [{}, [["weights", 1, 6, 6, 1.0]], [["weights", 1, 6, 0, float("nan")]]],
    "has_lens": [1, "on"],
    "goal": [1, [0, 0, 0.9], [0, 512, 0.9, 0], [0, 0, 1.0, 0], [0, 0, 0.9, -1], [0, 0, "x", 0]],
    "goal_moves": ["inputs", ["w_value"], [1]],
    "goal_from": [None, "x" * 100_001],
    "goal_step": [-1, 10_001],
    "numbers": [3, None, ["a"], "a" * 20_001],
    "reader": ["transformer", "", None, 1],
    "decoder_step": [-1, 100, 1.0, None],
    "sees_encoder": [0, "no", None],
    "train_kind": ["transformer", "", None, 1],
    "train_units": [3, 65, 8.0, "8"],
    "train_seed": [-1, 10**6, None],
    "pinned": [1, "x" * 100_001],
    "showing": ["C", None],
    "parameter_row": [-1, 64],
    "tensors": [1, None, "x" * 65],
    "tensor_roles": [1, [], {"queries": 1}, {"queries": "b" * 201}],
    "tensor_tokens": [1, "x" * 100_001],
    "tensor_mask": ["triangle", "", None],
    "tensors_scaled": [0, "no", None],
    "tensor_layer": [-1, 512, 1.0],
    "tensor_head": [-1, 512, "1"],
}


def test_every_field_is_tried() -> None:
    assert set(WRONG) == set(known_fields())


@pytest.mark.parametrize("name", WRONG)
def test_a_field_of_another_kind_is_refused_and_named(name: str) -> None:
    for entry in WRONG[name]:
        with pytest.raises(LinkError, match=f"In this lab, {name} should be "):
            decode(packed_json({name: entry}))
        with pytest.raises(LinkError, match=f"In this lab, {name} should be "):
            from_file(json.dumps({"attention_lab": 1, name: entry}).encode())


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(LinkError, match="has a part that this version"):
        decode(packed_json({"heads": 2}))
    with pytest.raises(LinkError, match="has a part that this version"):
        from_file(b'{"attention_lab": 1, "heads": 2}')


OLD = Path(__file__).parents[2] / "data"
EARLY = Lab().choosing(
    sentence="Größe 日本 <b> to be to",
    d=4,
    preset="random",
    seed=7,
    edits=Edits.of({("grösse", 1, 4, 0): 0.1, ("to", 2, 4, 2): 7.5, ("to", 2, 4, 3): -1e-300}),
    row_scores=(1.0, -2.5),
    temperature=0.3,
)


@pytest.mark.parametrize("name", ["first", "rows"])
def test_labs_of_the_first_weeks_open(name: str) -> None:
    assert from_file((OLD / f"lab-version-1-{name}.json").read_bytes()) == EARLY
    assert decode((OLD / f"link-version-1-{name}.txt").read_text().strip()) == EARLY


def test_a_lab_of_version_1_opens_with_every_field_as_it_was() -> None:
    contents = (OLD / "lab-version-1-full.json").read_bytes()
    lab, stored = from_file(contents), json.loads(contents)
    assert stored.pop("attention_lab") == 1
    written = json.loads(to_file(lab))
    assert {name: written[name] for name in stored} == stored
    assert decode((OLD / "link-version-1-full.txt").read_text().strip()) == lab
    changed = [name for name in stored if lab.value(name) != Lab().value(name)]
    assert len(changed) > 20, "the example says something"


def test_a_trail_through_the_lstm_of_version_1_says_its_candidate_as_today() -> None:
    gates, reading = "figures:why_gates", "figures:why_reading"
    trail = (
        (reading, "cell", 1, 3),
        (gates, "cell_candidate", 1, 3),
        (gates, "w_cell_candidate", 2, 3),
    )
    lab = decode((OLD / "link-version-1-lstm.txt").read_text().strip())
    assert lab == Lab().choosing(numbers="thirty-four, seven", reader="lstm", trail=trail)
    assert from_file((OLD / "lab-version-1-lstm.json").read_bytes()) == lab
    trace = trace_of(lab)
    assert all(trace.has_cell(name, index) for _, name, *index in trail)


def test_the_candidate_of_another_cell_and_a_broken_trail_stay_what_they_are() -> None:
    picked = ["figures:why_gates", "candidate", 1, 3]
    for reader in ("gru", "bahdanau"):
        lab = decode(packed_json({"reader": reader, "trail": [picked]}))
        assert lab.trail == (tuple(picked),)
    place = "figures:why_gates"
    for trail in ("candidate", [7], [[place]], [[place, ["candidate"], 1, 3]]):
        with pytest.raises(LinkError, match="trail should be"):
            decode(packed_json({"reader": "lstm", "trail": trail}))


def test_an_address_made_of_pieces_that_were_compressed_one_by_one_opens() -> None:
    entries = [
        (word, 1, column, (40 * row + column) / 7)
        for row, word in enumerate(("to", "be", "or"))
        for column in range(40)
    ]
    lab = Lab(sentence="to be or not", d=40, query=2)
    assert decode((OLD / "link-version-2-spliced.txt").read_text().strip()) == lab.with_entries(
        [*entries, ("not", 1, 7, -6.5)]
    )


def test_every_older_version_has_its_upgrade() -> None:
    assert sorted(link.UPGRADES) == list(range(1, link.VERSION))


def test_an_older_version_opens_by_every_upgrade_since(monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(read: dict[str, Any]) -> dict[str, Any]:
        return {("sentence" if name == "text" else name): entry for name, entry in read.items()}

    def doubled(read: dict[str, Any]) -> dict[str, Any]:
        return {**read, "d": 2 * read["d"]}

    monkeypatch.setattr(link, "VERSION", 3)
    monkeypatch.setattr(link, "UPGRADES", {1: renamed, 2: doubled})
    first = {"text": "to be", "d": 4}
    for version, read in ((1, first), (2, renamed(first)), (3, doubled(renamed(first)))):
        lab = from_file(json.dumps({"attention_lab": version, **read}).encode())
        assert (lab.sentence, lab.d) == ("to be", 8)
        assert decode(packed(json.dumps(read).encode(), str(version))) == lab
    assert json.loads(to_file(lab))["attention_lab"] == 3
    with pytest.raises(LinkError, match="another version"):
        from_file(b'{"attention_lab": 4}')


def test_the_format_is_written_down_field_by_field() -> None:
    said = (Path(__file__).parents[3] / "docs" / "lab-file.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", said, re.MULTILINE)
    told = {name: own.metadata["meaning"] for name, own in known_fields().items()}
    assert dict(listed[1:]) == told
    assert [name for name, _ in listed] == ["attention_lab", *told]
    assert f"version is {link.VERSION}" in said


@pytest.mark.parametrize("version", ["3", "0", "10", "9" * 5_000])
def test_another_version_is_refused(version: str) -> None:
    with pytest.raises(LinkError, match="another version"):
        decode(packed(b'{"d": 4}', version))


@pytest.mark.parametrize("version", ["", "-1", "one", "१", "1 ", "+1"])
def test_a_version_that_is_none(version: str) -> None:
    with pytest.raises(LinkError, match="damaged"):
        decode(packed(b'{"d": 4}', version))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "could not be read as JSON"),
        (b"\x89PNG\r\n", "could not be read as JSON"),
        (b"[1, 2]", "JSON of another kind"),
        (b"{}", "no “attention_lab” in it"),
        (b'{"sentence": "to be"}', "no “attention_lab” in it"),
        (b'{"attention_lab": 3}', "another version"),
        (b'{"attention_lab": "1"}', "another version"),
        (b'{"attention_lab": null}', "another version"),
    ],
)
def test_a_file_that_is_no_lab(contents: bytes, said: str) -> None:
    with pytest.raises(LinkError, match=said):
        from_file(contents)


def test_a_file_can_be_read_by_people() -> None:
    text = to_file(FULL)
    assert json.loads(text)["attention_lab"] == link.VERSION
    assert "Größe 日本 <b>" in text
