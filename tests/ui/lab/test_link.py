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
from ui.lab.edits import Edits
from ui.lab.lab import Lab, known_fields
from ui.lab.link import LinkError, decode, encode, from_file, to_file
from ui.lessons import LESSONS
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


BY_PAGE = json.loads((OLD / "labs-version-2-by-page.json").read_text("utf-8"))


def test_there_is_a_lab_of_every_page_from_before() -> None:
    assert set(BY_PAGE) == {path.stem for path in (OLD.parents[1] / "pages").glob("*.py")}


@pytest.mark.parametrize("page", BY_PAGE)
def test_links_and_files_of_version_2_open_with_all_that_a_page_kept_in_them(page: str) -> None:
    stored = BY_PAGE[page]["file"]
    lab = from_file(json.dumps(stored).encode())
    assert decode(BY_PAGE[page]["link"]) == lab
    again = json.loads(to_file(lab))
    assert {name: again[name] for name in stored} == stored
    assert any(lab.value(name) != Lab().value(name) for name in known_fields())
    lesson = LESSONS[page]
    assert all(place in lesson.figures for place, *_ in lab.trail)
    if lab.overrides and lesson.main_run:
        assert lesson.main_run.trace_of(lab).overridden, (
            "own numbers are found where they were kept"
        )
    for place, figures in lesson.figures.items():
        if figures.make and [place] == [pick[0] for pick in lab.trail]:
            group = figures.make(lab)
            assert group.explained
            assert group.explained.trace.has_cell(lab.trail[0][1], lab.trail[0][2:])
