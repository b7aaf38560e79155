"""What the page about one query says is true of its numbers, the unusual ones too."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from attention_core import ONE_QUERY, Trace
from attention_core.notebook import INPUTS, QUERY
from attention_core.numbers import result_of
from tests.attention_core.calculator import adds_up, mistakes
from ui.cards.embeddings import tensor_of, with_preset
from ui.cards.shares import largest
from ui.lab.edits import Edits
from ui.lab.lab import Lab
from ui.lessons.one_query import controls as one_query_controls
from ui.lessons.one_query import figures as one_query
from ui.lessons.one_query.questions import doubled_query
from ui.lessons.one_query.runs import asked, inputs_of
from ui.lessons.one_query.words import alignment_sentence, dot_products, ten_times_said
from ui.lessons.start_here import figures as start

WORDS = ["Your", "journey", "starts", "with", "one", "step"]


def trace_of(rows: list[list[float]], query: int = 0) -> Trace:
    inputs = torch.tensor(rows)
    return ONE_QUERY.run(query=inputs[[query]], inputs=inputs)


def notes_of(trace: Trace) -> list[str]:
    names = [f"t{i}" for i in range(len(trace["inputs"]))]
    return [card.note for card in one_query.normalisation_cards(trace, "t0", names)]


NOTEBOOK = ONE_QUERY.run(query=INPUTS[[QUERY]], inputs=INPUTS)


def test_the_arithmetic_is_the_notebooks() -> None:
    first = dot_products(NOTEBOOK, "journey", WORDS)[0]
    assert first == "journey · Your = 0.55·0.43 + 0.87·0.15 + 0.66·0.89 = 0.9544"


def test_scores_not_yet_computed_are_blank_and_the_current_one_is_marked() -> None:
    card = one_query.scores_so_far(NOTEBOOK, 2, "journey", WORDS)
    heatmap, mark = card.spec["data"]
    assert heatmap["z"][0][:3] == pytest.approx([0.9544, 1.4950, 1.4754], abs=0.5e-4)
    assert heatmap["z"][0][3:] == [None] * 3
    assert mark["x"] == [2]
    assert card.spec["layout"]["yaxis"]["ticktext"] == ["journey"]
    assert "3 of 6 scores; this one is 1.4754, the largest so far 1.4950" in card.alt


def test_the_three_normalisations_share_a_scale_while_all_are_shares() -> None:
    cards = one_query.normalisation_cards(NOTEBOOK, "journey", WORDS)
    assert [card.id for card in cards] == ["by_sum", "naive", "weights"]
    assert len({card.spec["data"][0]["zmax"] for card in cards}) == 1
    assert {card.note for card in cards} == {"The row sums to 1.0000."}


@pytest.mark.parametrize(
    ("rows", "step", "words"),
    [
        ([[1.0, 0.0], [-3.0, 5.0]], 0, "make 1 of these “shares” negative"),
        ([[0.0, 0.0], [1.0, 2.0]], 0, "the scores add up to 0"),
        ([[10.0, 0.0], [3.0, 5.0]], 1, "exp(100) is too large for float32"),
    ],
)
def test_a_broken_normalisation_is_explained_in_place(
    rows: list[list[float]], step: int, words: str
) -> None:
    notes = notes_of(trace_of(rows))
    assert words in notes[step]
    assert "expected" not in notes[2]


def test_scores_far_below_zero_are_explained_too() -> None:
    inputs = torch.tensor([[-200.0], [-300.0]])
    trace = ONE_QUERY.run(query=torch.ones(1, 1), inputs=inputs)
    notes = notes_of(trace)
    assert "the lowest one gets the largest share" in notes[0]
    assert "exp(-200) is too small for float32" in notes[1]


def test_a_zero_vector_is_said_to_have_no_angle() -> None:
    trace = trace_of([[1.0, 2.0], [0.0, 0.0]])
    said = alignment_sentence(trace, 1, "a", ["a", "b"])
    assert "b is the zero vector" in said
    assert one_query.alignment_card(trace, 1, "a", ["a", "b"]).alt.startswith("b is the zero")


@pytest.mark.parametrize(
    ("lab", "answer"),
    [
        (Lab(), "Only softmax"),
        (Lab(sentence="alone"), "Neither"),
        (Lab(preset="equal"), "Neither"),
        (Lab(sentence="a b", d=1, edits=Edits.of({("a", 1, 1, 0): 0.0})), "Neither"),
    ],
)
def test_the_prediction_knows_what_doubling_the_query_does(lab: Lab, answer: str) -> None:
    lab = replace(lab, query=0)
    _, options, truth = doubled_query(lab)
    assert options[truth.right] == answer


# ---- Ten times larger --------------------------------------------------------------------------

LABS = [
    Lab(),
    Lab(sentence="the cat sat on the mat"),
    Lab(sentence="one"),
    Lab(d=1),
    Lab(sentence=" ".join(f"w{row}" for row in range(40)), d=5),
    Lab().with_entries([("journey", 1, 0, 1000.0)]),
]


@pytest.mark.parametrize("lab", LABS)
def test_ten_times_larger_does_what_the_page_says(lab: Lab) -> None:
    large = with_preset(lab, "ten-times")
    n_tokens = len(lab.tokens)
    runs = [ONE_QUERY.run(**inputs_of(replace(large, query=q))) for q in range(n_tokens)]
    broken = [q for q, run in enumerate(runs) if abs(float(run["naive"].sum()) - 1) > 1e-3]
    broken += [q for q, run in enumerate(runs) if bool(run["naive"].isnan().any())]
    told = ten_times_said(lab)
    expected = {
        0: "no score gets large enough",
        n_tokens: "overflows, whichever token asks",
    }.get(len(broken), f"overflows for {len(broken)} of {n_tokens} query tokens")
    assert expected in told
    most = [float(run["weights"].max()) for run in runs]
    assert result_of(min(most)) in start.ten_times_said(lab)
    assert result_of(max(most)) in start.ten_times_said(lab)
    before = with_preset(lab, "notebook")
    torch.testing.assert_close(tensor_of(large), 10 * tensor_of(before))


def test_on_the_first_lab_ten_times_larger_overflows_for_four_of_six() -> None:
    told = ten_times_said(Lab())
    assert "for 4 of 6 query tokens (Your, journey, starts, step)." in told


def test_a_row_of_zeros_counts_as_one() -> None:
    lab = Lab().with_entries([("one", 1, column, 0.0) for column in range(3)])
    run = asked(lab).trace
    exps = run["scores"].exp()
    torch.testing.assert_close(run["weights"][0, 4], 1 / exps.sum())


def test_the_mixture_of_equal_weights_is_called_that() -> None:
    cards = one_query.whole(Lab(preset="equal")).cards
    assert cards[0].alt == "the context vector z⁽²⁾ takes the same from all tokens (0.1667)."
    assert "takes most from journey (0.2379)" in one_query.whole(Lab()).cards[0].alt


# ---- Many tokens -------------------------------------------------------------------------------

MANY = torch.rand(300, 64, generator=torch.Generator().manual_seed(1))
LONG = ONE_QUERY.run(query=MANY[[5]], inputs=MANY)
LABELS = [f"w{row}" for row in range(300)]


def test_of_many_dot_products_those_near_the_current_one_are_told() -> None:
    said = dot_products(LONG, "w5", LABELS, 200)
    assert len(said) == 300
    assert said[200].startswith(f"w5 · w200 = {LONG.explain('scores', 0, 200).formula[:20]}")
    assert said[200].count(" + ") == 11
    score = float(LONG["scores"][0, 0])
    assert said[0] == f"w5 · w0 = … = {score:.4f}"
    assert sum(len(text) for text in said) < 20_000


def terms_tabled(
    monkeypatch: pytest.MonkeyPatch, trace: Trace, query: int, names: list[str]
) -> tuple[str, list[str], Any]:
    """Return what is handed to the table of terms."""
    seen: list[tuple[str, list[str], Any]] = []
    monkeypatch.setattr(one_query_controls, "number_table", lambda *table: seen.append(table))
    one_query_controls.terms_table(trace, query, names)
    return seen[0]


def test_a_long_table_of_terms_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    title, head, rows = terms_tabled(monkeypatch, LONG, 5, LABELS)
    assert title == (
        "The 24 largest of 300 terms of the weighted sum, the first 16 of 64 dimensions"
    )
    assert len(head) == 18
    *shown, others, total = rows
    assert (len(shown), others[0]) == (24, "the other 276 together")
    for column in range(1, 18):
        assert adds_up([row[column] for row in (*shown, others)], total[column])


@pytest.mark.parametrize("times", [1, 10, 0.001])
def test_terms_come_out_as_printed(times: float, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = INPUTS * times
    trace = ONE_QUERY.run(query=inputs[[QUERY]], inputs=inputs)
    _, _, rows = terms_tabled(monkeypatch, trace, QUERY, WORDS)
    *shown, total = rows
    for column in (2, 3, 4):
        assert [mistakes(row[column]) for row in shown] == [[]] * 6
        assert adds_up([row[column].rpartition(" = ")[2] for row in shown], total[column])
    for moment in range(6):
        said = alignment_sentence(trace, moment, "a", WORDS)
        line = said.partition(" × cosine = ")[2].partition(": the same")[0]
        assert mistakes(line) == []


def test_pictures_of_many_tokens_show_the_largest_weights_and_say_so() -> None:
    trace = ONE_QUERY.run(query=MANY[[150]], inputs=MANY)
    flow, space = one_query.picture_cards(trace, 150, LABELS)
    shown = largest(trace, 150)
    assert 0 < shown.index(150) < 150
    assert len(flow.spec["data"]) == len(shown) + 2
    assert len(space.spec["data"]) == len(shown) + 1
    named = [arrow["text"][1] for arrow in space.spec["data"] if arrow["text"][1]]
    assert named == ["<b>w150</b>", "<b>z</b>"]
    rest = 1 - float(trace["weights"][0, shown].double().sum())
    for card in (flow, space):
        assert f"{len(shown)} of 300 tokens" in card.note
        assert f"make {rest:.4f} together" in card.note
    few, _ = one_query.picture_cards(NOTEBOOK, 1, WORDS)
    assert few.note == "A line is as wide as the token's weight."
