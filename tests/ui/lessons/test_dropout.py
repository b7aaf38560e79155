"""Dropout: the numbers as plotted, sums that are not 1, rates that are none, the mean of draws."""

import re
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from attention_core.studies.dropout import mean_over_draws
from tests.screen import PROJECT, broken, cards, codes, edit, markdown_texts, opened, said, send
from ui.cards import overriding
from ui.cards.mask import toggled
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.dropout.questions import grown_weight
from ui.lessons.dropout.runs import n_draws_of, study_of, trace_of
from ui.lessons.dropout.words import distance_finding, empty_said, plain_rate, sums_said

PAGE = PROJECT / "pages" / "dropout.py"
PRIMES = Lab(sentence="a b c d e f g", d=5, preset="random", d_out=3, drawn_as="linear")


def page(lab: Lab | None = None) -> AppTest:
    return opened(PAGE, lab=link.encode(lab or Lab()))


def drawn(at: AppTest, group: str, card: str) -> Tensor:
    return torch.tensor(cards(at, group)[card]["spec"]["data"][0]["z"])


def test_what_is_drawn_is_what_torchs_dropout_makes() -> None:
    at = page(PRIMES.choosing(dropout=0.25, dropout_seed=7))
    weights = drawn(at, "figures:dropping", "weights")
    torch.manual_seed(7)
    theirs = torch.nn.Dropout(0.25)(weights)
    torch.testing.assert_close(drawn(at, "figures:dropping", "dropped"), theirs)
    kept = drawn(at, "figures:dropping", "kept")
    assert torch.equal(kept == 1, (theirs > 0) | ((weights == 0) & (kept == 1)))
    values = trace_of(PRIMES)["values"]
    torch.testing.assert_close(drawn(at, "figures:dropping", "context"), theirs @ values)
    assert (
        f"{int(kept.sum())} of 49 cells are kept." == cards(at, "figures:dropping")["kept"]["alt"]
    )
    assert broken(at) == []


@pytest.mark.parametrize("lab", [PRIMES.choosing(training=False), PRIMES.choosing(dropout=0.0)])
def test_nothing_is_dropped_at_evaluation_or_at_a_rate_of_0(lab: Lab) -> None:
    at = page(lab)
    assert "kept" not in cards(at, "figures:dropping")
    weights = drawn(at, "figures:dropping", "weights")
    assert torch.equal(drawn(at, "figures:dropping", "dropped"), weights)
    assert any(text.startswith("**Nothing is dropped: ") for text in markdown_texts(at))


def test_the_switch_and_the_seed() -> None:
    at = page()
    first = drawn(at, "figures:dropping", "dropped")
    at.number_input(key="_dropout_seed").set_value(124).run()
    assert not torch.equal(drawn(at, "figures:dropping", "dropped"), first)
    at.toggle(key="_training").set_value(False).run()
    assert "kept" not in cards(at, "figures:dropping")
    at.toggle(key="_training").set_value(True).run()
    at.number_input(key="_dropout_seed").set_value(123).run()
    assert torch.equal(drawn(at, "figures:dropping", "dropped"), first)


def test_the_sums_are_those_of_the_rows() -> None:
    lab = Lab()
    at = page(lab)
    dropped = drawn(at, "figures:dropping", "dropped").double().sum(dim=1)
    table = at.table[0].value
    shown = [
        float(text.replace("\\", "").replace("*", "").removesuffix(" ✓"))
        for text in table["its row after dropout sums to"]
    ]
    assert shown == pytest.approx(dropped.tolist(), abs=1e-4)
    trace = trace_of(lab)
    told = sums_said(trace, lab)
    assert f"sum to between {float(dropped.min()):.4f} and {float(dropped.max()):.4f};" in told
    assert float(trace["dropped"].max()) == 2
    assert "Your on Your: `1·1 / (1 - 0.5) = 2.0000`. 1 weight is above 1." in told


@pytest.mark.parametrize("typed", ["1", "-0.1", "1.5", "nan", "half", "", "0,5", "1e400"])
def test_what_is_no_rate_is_said_and_the_rest_keeps_working(typed: str) -> None:
    at = page()
    before = drawn(at, "figures:dropping", "dropped")
    at.text_input(key="_dropout").set_value(typed).run()
    assert broken(at) == []
    (told,) = said(at)
    assert "must be a number in [0, 1), from 0 to below 1" in told
    assert "keep the rate 0.5" in told
    assert at.text_input(key="_dropout").value in (typed, " ")
    assert torch.equal(drawn(at, "figures:dropping", "dropped"), before)
    send(at, edit(1, ("one|1", 0, -2.0)))
    assert broken(at) == []
    assert not torch.equal(drawn(at, "figures:dropping", "dropped"), before)
    at.text_input(key="_dropout").set_value("0.75").run()
    assert said(at) == []
    assert "(1 - 0.75)" in cards(at, "figures:dropping")["dropped"]["formula"]


@pytest.mark.parametrize("typed", ["0", "0.999999", " .3 ", "1e-9"])
def test_rates_in_range_are_taken(typed: str) -> None:
    at = page()
    at.text_input(key="_dropout").set_value(typed).run()
    assert broken(at) == []
    assert said(at) == []
    assert at.text_input(key="_dropout").value == plain_rate(float(typed))


def test_why_nothing_is_scaled_is_said_for_each_case() -> None:
    for lab, words in (
        (
            Lab().choosing(dropout=0.0),
            "the rate is 0.** The weights are used as they are, and each row sums",
        ),
        (Lab().choosing(dropout=0.0), "Nothing is scaled either: 1 / (1 − 0) is 1."),
        (Lab().choosing(training=False), "this is evaluation.**"),
        (
            Lab().choosing(training=False),
            "while training, the weights that stay are divided by 1 − rate",
        ),
    ):
        assert words in sums_said(trace_of(lab), lab)
    assert "training" not in sums_said(
        trace_of(Lab().choosing(dropout=0.0)), Lab().choosing(dropout=0)
    )
    own = Lab().choosing(dropout=0.0)
    own = overriding.with_override(own, trace_of(own), "dropout", "weights", (1, 0), 9.0)
    assert "sums to 1" not in sums_said(trace_of(own), own)


@pytest.mark.parametrize(
    "lab",
    [
        Lab(),
        Lab(sentence=" ".join(f"w{row}" for row in range(20))),
        Lab(mask_preset="none"),
        toggled(Lab(), 0, 0),  # a row that may attend to nobody
    ],
)
def test_how_many_rows_are_emptied_is_what_many_draws_show(lab: Lab) -> None:
    told, n_rows = re.findall(r"average ([\d.]+) of your (\d+) rows", empty_said(trace_of(lab)))[0]
    counts = []
    for seed in range(400):
        trace = trace_of(lab.choosing(dropout=0.9, dropout_seed=seed))
        rows = trace["dropped"][~trace["weights"].isnan().any(dim=1)]
        counts.append(int((rows == 0).all(dim=1).sum()))
        assert len(rows) == int(n_rows)
    assert sum(counts) / len(counts) == pytest.approx(float(told), abs=0.25)


def test_nearly_every_row_is_empty_would_not_be_true() -> None:
    assert "on average 4.2 of your 6 rows" in empty_said(trace_of(Lab()))
    twenty = Lab(sentence=" ".join(f"w{row}" for row in range(20)))
    assert "on average 7.9 of your 20 rows" in empty_said(trace_of(twenty))


def test_of_four_times_the_draws_the_distance_is_about_half() -> None:
    ratios = []
    for seed in range(40):
        distances = study_of(Lab().choosing(n_draws=400, dropout_seed=1000 * seed))[1].distances
        ratios.append(distances[399] / distances[99])
    assert sum(ratios) / len(ratios) == pytest.approx(0.5, abs=0.12)
    assert max(ratios) > 0.75  # not always: hence "on the whole"


def test_the_plot_is_of_real_draws() -> None:
    lab = PRIMES.choosing(dropout=0.3, n_draws=20, dropout_seed=5)
    at = page(lab)
    distance, error = cards(at, "figures:mean_draws")["distance"]["spec"]["data"]
    total = torch.zeros(7, 7, dtype=torch.float64)
    weights = drawn(at, "figures:dropping", "weights").double()
    farthest = []
    for draw in range(20):
        one = trace_of(lab.choosing(dropout_seed=5 + draw))["dropped"]
        total += one
        farthest.append(float((total / (draw + 1) - weights).abs().max()))
    assert distance["x"] == list(range(1, 21))
    assert distance["y"] == pytest.approx(farthest, abs=1e-6)
    largest = float(weights.max()) * (0.3 / 0.7) ** 0.5
    assert error["y"] == pytest.approx([largest / n**0.5 for n in range(1, 21)], rel=1e-6)
    mean = drawn(at, "figures:mean_draws", "mean").double()
    torch.testing.assert_close(mean, total / 20, atol=1e-6, rtol=0)
    torch.testing.assert_close(drawn(at, "figures:mean_draws", "evaluated").double(), weights)
    assert cards(at, "figures:mean_draws")["mean"]["title"] == "Mean of 20 draws"
    at.select_slider(key="_n_draws").set_value(200).run()
    again = cards(at, "figures:mean_draws")["distance"]["spec"]["data"][0]
    assert again["x"][-1] == 200
    assert again["y"][:20] == distance["y"]


def test_the_study_of_a_large_matrix_makes_fewer_draws_and_says_so() -> None:
    lab = Lab().choosing(sentence=" ".join(f"w{i}" for i in range(512)), d=2, n_draws=1000)
    assert n_draws_of(lab) == 15
    assert n_draws_of(Lab().choosing(n_draws=1000)) == 1000
    small = Lab().choosing(sentence=" ".join(f"w{i}" for i in range(80)), d=2, n_draws=1000)
    assert any("the first 625 draws" in caption.value for caption in page(small).caption)


def test_one_draw_is_said_as_one() -> None:
    found = distance_finding(mean_over_draws(torch.tensor([[1.0]]), 0.5, 1, seed=1))
    assert found == "after 1 draw the mean is at most 1.0000 from the weights."


def test_the_code_computes_what_is_shown() -> None:
    names: dict[str, Any] = {}
    exec(codes(page(PRIMES))[0], names)
    assert torch.equal(names["dropped"], trace_of(PRIMES)["dropped"])
    assert names["kept"].dtype == torch.bool


@pytest.mark.parametrize(("rate", "grown"), [(0.5, "by 5"), (0.8, "by 4")])
def test_the_prediction_is_computed(rate: float, grown: str) -> None:
    lab = PRIMES.choosing(dropout=rate)
    question, options, truth = grown_weight(lab)
    assert options[truth.right] == grown
    assert "0.75" in question if rate == 0.8 else "0.8" in question
    one = grown_weight(Lab(sentence="one"))
    assert one[1][one[2].right] == "by 5"


def test_rows_that_are_no_numbers_do_not_break_it() -> None:
    lab = Lab(sentence="to be", mask_preset="padding", mask_size=1)
    for row in (0, 1):
        lab = toggled(lab, row, 0)
    at = page(lab)
    assert broken(at) == []
