"""All tokens at once: both ways, the lit row, the sums of both axes, another order."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from attention_core import SIMPLE_SELF_ATTENTION, USUAL
from attention_core.figures import heatmap_spec
from attention_core.figures.overview import unpacked
from attention_core.notebook import INPUTS
from attention_core.operations import DivideBySum, NaiveSoftmax, Softmax
from attention_core.studies.loops import Looped, Timing, scores_by_loops
from tests.screen import PROJECT, broken, cards, codes, components, opened
from ui.cards.embeddings import tensor_of
from ui.lab import link
from ui.lab.lab import MAX_SEED, Lab
from ui.lessons.all_tokens import figures as all_tokens
from ui.lessons.all_tokens.questions import EVERY_ROW, largest_row_sum
from ui.lessons.all_tokens.runs import WRONG_AXIS, order_of, sums_of, trace_of
from ui.lessons.all_tokens.words import LOOPS_CODE, timings_finding

PAGE = PROJECT / "pages" / "all_tokens.py"
RIGHT = SIMPLE_SELF_ATTENTION.run(inputs=INPUTS)
WRONG = WRONG_AXIS.run(inputs=INPUTS)
TOKENS = ["Your", "journey", "starts", "with", "one", "step"]


def page(**chosen: Any) -> AppTest:
    return opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))


def drawn(at: AppTest, group: str, card: str) -> list[list[float]]:
    numbers: list[list[float]] = cards(at, group)[card]["spec"]["data"][0]["z"]
    return numbers


# ---- Loops and product -------------------------------------------------------------------------


def test_both_ways_are_drawn_from_the_core() -> None:
    at = page()
    assert drawn(at, "figures:loops", "by_product") == RIGHT["scores"].tolist()
    looped = torch.tensor(drawn(at, "figures:loops", "by_loops"))
    torch.testing.assert_close(looped, RIGHT["scores"])
    shown = cards(at, "figures:loops")
    assert "108" in shown["by_loops"]["note"]
    assert shown["by_product"]["check"]["ok"]


def test_loops_that_are_wrong_turn_the_page_red(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Looped(RIGHT["scores"] + 0.001, 108)
    monkeypatch.setattr(all_tokens, "scores_by_loops", lambda inputs: wrong)
    check = cards(page(), "figures:loops")["by_product"]["check"]
    assert not check["ok"]
    assert "largest difference 0.001" in check["text"]


def test_nothing_is_measured_until_asked_and_then_it_is_drawn() -> None:
    at = page(d=5)
    assert "figures:timings" not in components(at)
    next(button for button in at.button if button.label == "Measure both now").click()
    at.run()
    assert broken(at) == []
    card = cards(at, "figures:timings")["timings"]
    assert card["note"].startswith("Measured just now on this server")
    assert "width 5" in card["note"]
    assert cards(at.run(), "figures:timings")["timings"]["note"].startswith("Measured on this")


def test_the_times_drawn_are_those_measured() -> None:
    spec = all_tokens.timings_spec([Timing(2, 0.002, 0.001), Timing(4, 0.5, 0.004)])
    loops, product = spec["data"]
    assert (loops["x"], loops["y"]) == ([2, 4], [2.0, 500.0])
    assert (product["x"], product["y"]) == ([2, 4], [1.0, 4.0])
    assert spec["layout"]["xaxis"]["type"] == spec["layout"]["yaxis"]["type"] == "log"
    finding = timings_finding([Timing(4, 0.5, 0.004)])
    assert finding == "for 4 tokens the loops took 500 ms and the product 4 ms, 125 times less."


@pytest.mark.parametrize("preset", ["notebook", "ten-times", "one-hot", "equal", "random"])
def test_the_wrong_axis_mirrors_the_weights_and_leaves_the_scores(preset: str) -> None:
    lab = Lab(preset=preset)
    right, wrong = (
        trace_of(Lab().choosing(preset=preset, wrong_axis=own)) for own in (False, True)
    )
    assert torch.equal(wrong["scores"], right["scores"])
    torch.testing.assert_close(wrong["weights"], right["weights"].T)
    # Of equal rows and others, the weights stay too: "only the scores" would not be true of them.
    assert torch.allclose(wrong["weights"], right["weights"]) is (preset in ("equal", "one-hot"))
    assert lab.tokens


def test_a_word_written_twice_has_two_equal_rows_until_one_is_edited() -> None:
    lab = Lab(sentence="to be or not to be")
    for own, same in ((lab, True), (lab.with_entries([("to", 1, 0, 3.0)]), False)):
        trace = trace_of(own)
        for name in ("scores", "weights", "context"):
            assert torch.allclose(trace[name][0], trace[name][4]) is same


def test_twice_the_tokens_take_four_times_the_multiplications() -> None:
    counted = [scores_by_loops(tensor_of(Lab(sentence="a " * n))).multiplications for n in (5, 10)]
    assert counted[1] == 4 * counted[0]


def test_the_code_of_both_ways_runs() -> None:
    names: dict[str, Any] = {"torch": torch, "inputs": INPUTS}
    exec(LOOPS_CODE, names)
    torch.testing.assert_close(names["scores"], RIGHT["scores"])


LARGE: dict[str, Any] = {
    "sentence": " ".join(f"w{row}" for row in range(300)),
    "d": 64,
    "preset": "random",
}


def test_of_many_tokens_the_first_are_looped_and_that_is_said() -> None:
    at = page(**LARGE)
    assert broken(at) == []
    told = next(text.value for text in at.markdown if "The loops are run" in text.value)
    assert "**the first 32 of 300 tokens**" in told
    assert "300 · 300 · 64 = 5,760,000 multiplications" in told
    shown = cards(at, "figures:loops")
    inputs = tensor_of(Lab().choosing(**LARGE))
    product = unpacked(shown["by_product"]["spec"]["data"][0]["z"])
    assert torch.equal(product, (inputs @ inputs.T)[:32, :32])
    assert {card["shape"] for card in shown.values()} == {"32 × 32"}
    assert "65,536, that is 64 in each of 32 × 32" in shown["by_loops"]["note"]
    assert shown["by_product"]["note"].startswith("The same 32 × 32 cells, out of")
    assert shown["by_product"]["check"]["ok"]


def test_few_tokens_are_all_looped_without_a_word() -> None:
    at = page()
    assert not any("The loops are run for" in text.value for text in at.markdown)
    assert cards(at, "figures:loops")["by_product"]["note"] == ""


def test_of_many_sums_the_largest_and_smallest_are_shown() -> None:
    at = page(**LARGE)
    table = at.table[0].value
    inputs = tensor_of(Lab().choosing(**LARGE))
    sums = torch.softmax(inputs @ inputs.T, dim=-1).double().sum(dim=0)
    order = sums.argsort(descending=True).tolist()
    assert list(table["token"]) == [f"w{row}" for row in (*order[:12], *order[-12:])]
    labels = [expander.label for expander in at.expander]
    assert "The 12 largest and the 12 smallest column sums of 300 tokens" in labels


# ---- The lit row -------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [0, 1, 5])
def test_the_chosen_row_is_lit_in_all_three_pictures(query: int) -> None:
    shown = cards(page(query=query), "figures:all")
    assert list(shown) == ["scores", "weights", "context"]
    for name, card in shown.items():
        cells, frame = card["spec"]["data"]
        assert cells["z"] == RIGHT[name].tolist()
        assert (min(frame["y"]), max(frame["y"])) == (query - 0.5, query + 0.5)
        assert (min(frame["x"]), max(frame["x"])) == (-0.5, len(cells["x"]) - 0.5)
        assert card["spec"]["layout"]["yaxis"]["ticktext"].count(f"<b>▸ {TOKENS[query]}</b>") == 1


def test_a_picture_without_a_lit_row_has_no_frame() -> None:
    assert len(heatmap_spec(RIGHT, "weights", TOKENS)["data"]) == 1


@pytest.mark.parametrize("row", [0, 1, 32, 63])
def test_the_lit_row_is_named_also_where_not_every_row_is(row: int) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(64))
    side = heatmap_spec(trace, "weights", [f"<{i}>" for i in range(64)], lit_row=row)
    axis = side["layout"]["yaxis"]
    named = dict(zip(axis["tickvals"], axis["ticktext"], strict=True))
    assert named[row] == f"<b>▸ &lt;{row}&gt;</b>"
    assert len(named) == len(axis["tickvals"]) <= 64


def test_choosing_a_query_is_a_choice_of_the_lab() -> None:
    at = page()
    at.selectbox(key="_lit_query").select_index(4).run()
    assert min(cards(at, "figures:all")["scores"]["spec"]["data"][1]["y"]) == 3.5


# ---- The wrong axis ----------------------------------------------------------------------------


def test_the_wrong_axis_is_drawn_said_and_shown_in_code() -> None:
    at = page()
    assert any("matches the notebook" in text.value for text in at.markdown)
    at.toggle(key="_wrong_axis").set_value(True).run()
    assert drawn(at, "figures:all", "weights") == WRONG["weights"].tolist()
    assert drawn(at, "figures:all", "scores") == RIGHT["scores"].tolist()
    assert any("Now every column sums to 1" in text.value for text in at.markdown)
    assert "weights = torch.softmax(scores, dim=0)" in codes(at)
    assert cards(at, "figures:all")["weights"]["check"]["ok"]


def test_numbers_that_hide_the_wrong_axis_are_said_to_hide_it() -> None:
    texts = [text.value for text in page(preset="equal", wrong_axis=True).markdown]
    assert any("the mistake does not show" in text for text in texts)
    assert not any("the rows do not" in text for text in texts)


def test_the_sums_of_both_axes_are_the_cores() -> None:
    rows, columns = sums_of(WRONG["weights"])
    assert columns == pytest.approx([1.0] * 6)
    assert rows == pytest.approx(torch.softmax(RIGHT["scores"], dim=0).sum(dim=1).tolist())
    table = page(wrong_axis=True).table[0].value
    assert list(table["its column sums to"]) == ["1\\.0000 ✓"] * 6
    assert table["its row sums to"][1] == ":red[**1\\.2970 ≠ 1**]"


@pytest.mark.parametrize("operation", [Softmax, NaiveSoftmax, DivideBySum])
@pytest.mark.parametrize("dim", [-1, -2])
def test_the_code_says_the_axis_that_is_computed(operation: type, dim: int) -> None:
    line = operation(dim).pytorch("weights", "scores")
    assert ("dim=-1" in line) == (dim == -1)
    assert ("dim=0" in line) == (dim == -2)
    names: dict[str, Any] = {"torch": torch, "scores": RIGHT["scores"]}
    exec(line, names)
    assert torch.equal(names["weights"], operation(dim).compute(RIGHT["scores"]))


# ---- Another order -----------------------------------------------------------------------------


@given(st.integers(2, 64), st.integers(1, MAX_SEED))
def test_a_seed_is_another_order_and_always_the_same(n_tokens: int, seed: int) -> None:
    order = order_of(n_tokens, seed)
    assert sorted(order) == list(range(n_tokens)) != order
    assert order == order_of(n_tokens, seed)


@given(st.integers(1, MAX_SEED), st.booleans())
def test_context_vectors_only_change_places(seed: int, wrong_axis: bool) -> None:
    own = WRONG if wrong_axis else RIGHT
    order = order_of(6, seed)
    shuffled = own.mechanism.run(inputs=INPUTS[order])
    check = all_tokens.order_check(own, shuffled, order)
    assert check.ok
    assert check.max_difference <= 1e-6


def test_a_mechanism_that_knows_the_order_is_found_out() -> None:
    order = [1, 0, 2, 3, 4, 5]
    assert not all_tokens.order_check(RIGHT, RIGHT, order).ok


def test_shuffling_is_seen_undone_and_in_the_lab() -> None:
    at = page()
    assert cards(at, "figures:orders")["shuffled"]["title"] == "Not shuffled yet"
    shuffle, back = (
        next(button for button in at.button if button.label == label)
        for label in ("Shuffle the tokens", "Back to my order")
    )
    assert back.disabled
    shuffle.click().run()
    card = cards(at, "figures:orders")["shuffled"]
    assert "only changed its place" in card["check"]["text"]
    assert sorted(card["spec"]["data"][0]["z"]) != card["spec"]["data"][0]["z"]
    assert any(caption.value.startswith("Shuffled with seed") for caption in at.caption)
    next(button for button in at.button if button.label == "Back to my order").click().run()
    assert cards(at, "figures:orders")["shuffled"]["title"] == "Not shuffled yet"


def test_the_lit_row_moves_with_its_token() -> None:
    lab = Lab().choosing(order_seed=7, query=2)
    order = order_of(6, 7)
    at = opened(PAGE, lab=link.encode(lab))
    card = cards(at, "figures:orders")["shuffled"]
    assert min(card["spec"]["data"][1]["y"]) == order.index(2) - 0.5
    shuffled = SIMPLE_SELF_ATTENTION.run(inputs=INPUTS[order])
    assert card["spec"]["data"][0]["z"] == shuffled["context"].tolist()


@pytest.mark.parametrize("sentence", ["hi", "to be or not to be", "x " * 64])
@pytest.mark.parametrize("d", [1, 16])
def test_any_sentence_and_width_is_drawn(sentence: str, d: int) -> None:
    at = page(sentence=sentence, d=d, order_seed=3, query=63, wrong_axis=True)
    assert broken(at) == []
    shown = {**cards(at, "figures:all"), **cards(at, "figures:orders")}
    assert all(card["check"] is None or card["check"]["ok"] for card in shown.values())


# ---- The prediction ----------------------------------------------------------------------------


@given(st.text(st.characters(categories=["L", "Zs"]), max_size=40), st.integers(1, 16))
def test_the_prediction_is_the_largest_sum(sentence: str, d: int) -> None:
    lab = Lab(sentence=sentence, d=d)
    _, options, truth = largest_row_sum(lab)
    weights = torch.softmax((x := tensor_of(lab).double()) @ x.T, dim=0)
    sums = weights.sum(dim=1)
    if options[truth.right] == USUAL.say(EVERY_ROW):
        assert float((sums - 1).abs().max()) < 1e-4
    else:
        assert truth.because.startswith("The rows would sum to: ")
        largest = float(truth.because.split(",")[0].rsplit(" ", 1)[1].removesuffix("."))
        assert largest == pytest.approx(float(sums.max()), abs=1e-4)
