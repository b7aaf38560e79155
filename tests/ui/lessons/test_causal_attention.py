"""Causal attention: the painted mask, both ways of masking, what is not a number, what leaks."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor
from torch.nn import functional

from attention_core import Check
from attention_core.masks import causal_mask, sliding_window_mask
from attention_core.studies.changes import leaks
from tests.screen import PROJECT, broken, cards, codes, components, opened, said
from ui.cards import comparing, overriding
from ui.cards.embeddings import tensor_of
from ui.cards.mask import inputs_of, mask_of, preset_mask, toggled
from ui.lab import link
from ui.lab.lab import MASKS, Lab
from ui.lessons.causal_attention import figures as causal
from ui.lessons.causal_attention.questions import first_token_unmasked
from ui.lessons.causal_attention.runs import (
    MASK,
    leak_index,
    leak_runs,
    plain_of,
    renormalised_of,
    trace_of,
)
from ui.lessons.causal_attention.words import difference_finding

PAGE = PROJECT / "pages" / "causal_attention.py"
PRIMES = Lab(sentence="a b c d e f g", d=5, preset="random", d_out=3, drawn_as="linear")


def page(lab: Lab | None = None) -> AppTest:
    return opened(PAGE, lab=link.encode(lab or Lab()))


def drawn(at: AppTest, group: str, card: str) -> Tensor:
    return torch.tensor(
        [
            [float("nan") if cell is None else cell for cell in row]
            for row in cards(at, group)[card]["spec"]["data"][0]["z"]
        ]
    )


def pick(at: AppTest, row: int, column: int, serial: int, name: str = "mask") -> AppTest:
    """Click a cell, as the figures send it."""
    at.session_state[MASK] = {
        "picked": {"name": name, "row": row, "column": column, "serial": serial}
    }
    return at.run()


def painted(lab: Lab, *cells: tuple[int, int]) -> Lab:
    for row, column in cells:
        lab = toggled(lab, row, column)
    return lab


# ---- The mask ----------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", MASKS)
def test_the_preset_is_drawn_and_used(preset: str) -> None:
    lab = replace(PRIMES, mask_preset=preset, mask_size=3)
    at = page(lab)
    mask = preset_mask(lab)
    assert torch.equal(drawn(at, MASK, "mask"), mask.float())
    card = cards(at, MASK)["mask"]["spec"]["data"][0]
    assert (card["zmin"], card["zmax"], card["texttemplate"]) == (0, 1, "%{z:.0f}")
    trace = trace_of(lab)
    queries, keys, values = (trace[name][None] for name in ("queries", "keys", "values"))
    theirs = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)[0]
    torch.testing.assert_close(drawn(at, "figures:causal_context", "context"), theirs)
    assert broken(at) == []


def test_a_click_turns_a_cell_over_once() -> None:
    at = pick(page(), 0, 4, serial=1)
    assert broken(at) == []
    expected = causal_mask(6)
    expected[0, 4] = True
    assert torch.equal(drawn(at, MASK, "mask"), expected.float())
    assert float(drawn(at, "figures:masked", "weights")[0, 4]) > 0
    at.run()
    assert torch.equal(drawn(at, MASK, "mask"), expected.float()), "the same click, again"
    lab = link.decode(components(at)["table:embeddings"]["lab"])
    assert dict(lab.painted) == {("mask", 1, 6, 4): 1.0}
    pick(at, 0, 4, serial=2)
    assert torch.equal(drawn(at, MASK, "mask"), causal_mask(6).float())
    assert not link.decode(components(at)["table:embeddings"]["lab"]).painted


def test_painting_is_kept_for_its_number_of_tokens() -> None:
    at = page(painted(Lab(), (1, 5)))
    at.text_input[0].set_value("only three words").run()
    assert torch.equal(drawn(at, MASK, "mask"), causal_mask(3).float())
    at.text_input[0].set_value("six words of quite another kind").run()
    assert float(drawn(at, MASK, "mask")[1, 5]) == 1


def test_a_preset_clears_what_was_painted_and_the_button_too() -> None:
    lab = replace(painted(Lab(), (1, 5), (0, 0)))
    at = page(lab)
    at.selectbox(key="_mask_preset").set_value("window").run()
    assert torch.equal(drawn(at, MASK, "mask"), sliding_window_mask(6, 2).float())
    at.number_input(key="_mask_size").set_value(4).run()
    assert torch.equal(drawn(at, MASK, "mask"), sliding_window_mask(6, 4).float())
    at = page(lab)
    next(button for button in at.button if button.label == "Clear what I painted").click().run()
    assert torch.equal(drawn(at, MASK, "mask"), causal_mask(6).float())


# ---- Both ways ---------------------------------------------------------------------------------


def test_both_ways_are_drawn_and_equal() -> None:
    at = page(painted(PRIMES, (0, 6), (4, 4)))
    scaled = drawn(at, "figures:masked", "scaled")
    mask = drawn(at, MASK, "mask")
    shares = torch.softmax(scaled, dim=1)
    torch.testing.assert_close(drawn(at, "figures:renormalised", "shares"), shares)
    zeroed = drawn(at, "figures:renormalised", "zeroed")
    torch.testing.assert_close(zeroed, shares * mask)
    after = drawn(at, "figures:renormalised", "weights")
    torch.testing.assert_close(after, zeroed / zeroed.sum(dim=1, keepdim=True))
    before = drawn(at, "figures:masked", "weights")
    torch.testing.assert_close(before, after)
    card = cards(at, "figures:renormalised")["difference"]
    assert torch.equal(drawn(at, "figures:renormalised", "difference"), after - before)
    assert card["check"]["ok"]
    assert card["check"]["text"].startswith("Both ways give the same weights (")
    assert drawn(at, "figures:masked", "masked").isnan().equal(mask == 0)
    assert any("`scaled_dot_product_attention` on the same" in c.value for c in at.caption)


def test_where_both_ways_are_the_same_no_difference_is_told() -> None:
    alt = cards(page(replace(PRIMES, mask_preset="none")), "figures:renormalised")["difference"]
    lab = Lab(sentence="to be", preset="one-hot", d=2, d_out=2)
    off = renormalised_of(lab)["weights"] - plain_of(lab)["weights"]
    assert difference_finding(off * 0) == "all 4 cells are the same to the last bit."
    assert difference_finding(off * 0 + 1e-7) == "4 of 4 cells differ, by 1e-07 at most."
    assert difference_finding(off * torch.nan) == "no cell is a number in both ways."
    assert difference_finding(torch.zeros(1, 1)) == "the cell is the same to the last bit."
    drawn_ = drawn(page(replace(PRIMES, mask_preset="none")), "figures:renormalised", "difference")
    count = int((drawn_ != 0).sum())
    assert alt["alt"].startswith(f"{count} of 49" if count else "all 49 cells are the same")


def test_a_number_of_ones_own_in_place_of_minus_infinity_is_counted() -> None:
    lab = overriding.with_override(PRIMES, plain_of(PRIMES), "causal", "masked", (0, 1), 9.0)
    alts = [causal.masked_steps(own).cards[1].alt for own in (PRIMES, lab)]
    assert alts == [f"{count} of 49 cells are −∞, drawn empty." for count in (21, 20)]


def test_a_difference_turns_the_page_red(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Check("weights", "−∞ before the softmax", 0.1, 1e-6, 1e5, ok=False)
    monkeypatch.setattr(causal, "compare_ways", lambda *traces: wrong)
    check = cards(page(), "figures:renormalised")["difference"]["check"]
    assert not check["ok"]
    assert "both ways differ" in check["text"]


def test_who_may_attend_to_nobody_is_explained_and_left_out() -> None:
    at = page(painted(Lab(), (1, 0), (1, 1)))
    assert broken(at) == []
    (told,) = said(at)
    assert told.startswith("**journey** may attend to nobody.")
    assert "context vector (0.0000, 0.0000) instead" in told
    assert drawn(at, "figures:causal_context", "context").isnan().all(dim=1).tolist() == [
        row == 1 for row in range(6)
    ]
    check = cards(at, "figures:renormalised")["difference"]["check"]
    assert check["ok"]
    assert "rows that are not a number left out" in check["text"]
    assert any("where it is a number" in caption.value for caption in at.caption)


def test_nobody_may_attend_to_anybody() -> None:
    lab = painted(Lab(sentence="to be"), (0, 0), (1, 0), (1, 1))
    at = page(lab)
    assert broken(at) == []
    assert "Nothing to compare" in cards(at, "figures:renormalised")["difference"]["check"]["text"]
    assert any("cannot be compared" in caption.value for caption in at.caption)


def test_shares_that_round_to_nothing_are_explained() -> None:
    lab = Lab(sentence="to be", preset="one-hot", d=2, d_out=2).with_entries(
        [("to", 1, 0, 1000.0), ("be", 1, 1, 9000.0)]
    )
    at = page(lab)
    told = [text for text in said(at) if "0 / 0" in text]
    assert len(told) == 1
    assert told[0].startswith("**to**: hidden tokens take so much")
    assert broken(at) == []


def test_the_code_computes_what_is_shown() -> None:
    for lab in (PRIMES, painted(PRIMES, (0, 6)), replace(PRIMES, mask_preset="none")):
        at = page(lab)
        names: dict[str, Any] = {}
        exec(codes(at)[0], names)
        assert torch.equal(names["context"], trace_of(lab)["context"])
        assert names["mask"].dtype == torch.bool
    large = Lab(sentence="a " * 40, mask_preset="window", d=2)
    names = {}
    exec(codes(page(large))[0], names)
    assert torch.equal(names["mask"], mask_of(large))


# ---- Leaks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [-1, 0, 3, 99])
def test_the_leak_detector_runs_twice(token: int) -> None:
    lab = PRIMES.choosing(leak_token=token)
    at = page(lab)
    place = 6 if token in (-1, 99) else token
    given = inputs_of(lab)
    changed = given["inputs"].clone()
    changed[place, 0] += 1
    weights = (given["w_query"], given["w_key"], given["w_value"])
    for card, mask in (("with_mask", given["mask"]), ("without_mask", given["mask"] | True)):
        contexts = []
        for inputs in (given["inputs"], changed):
            q, k, v = (inputs @ weight for weight in weights)
            scores = (q @ k.T / 3**0.5).masked_fill(~mask, -torch.inf)
            contexts.append(torch.softmax(scores, dim=1) @ v)
        off = contexts[1] - contexts[0]
        torch.testing.assert_close(drawn(at, "figures:leaks", card), off, atol=1e-5, rtol=1e-4)
        shown = cards(at, "figures:leaks")[card]
        if place == 0:
            assert shown["alt"].startswith("Nobody comes before “a”")
        elif card == "with_mask":
            assert not drawn(at, "figures:leaks", card)[:place].any()
            assert "exactly equal, bit for bit" in shown["alt"]
            assert f"all {place * 3} context values" in shown["alt"]
        else:
            assert shown["alt"].startswith(f"It leaks: {place * 3} of the {place * 3}")


@pytest.mark.parametrize("cell", [(i, j) for j in range(6) for i in range(j)])
def test_the_detector_follows_any_cell_painted_above_the_diagonal(cell: tuple[int, int]) -> None:
    lab = painted(Lab(), cell)
    assert leak_index(lab) == cell[1]
    before, after = leak_runs(lab, is_masked=True)
    found = leaks(before, after, cell[1])
    assert found.any(dim=1).nonzero().flatten().tolist() == [cell[0]]
    told = cards(page(lab), "figures:leaks")["with_mask"]["alt"]
    assert told.startswith("It leaks: ")
    assert told.endswith(f"of “{Lab().tokens[cell[0]].text}”.")


def test_the_detector_follows_the_cell_just_painted_and_then_the_last_one() -> None:
    at = pick(page(painted(PRIMES, (0, 5))), 1, 3, serial=1)
    assert components(at)["figures:leaks"]["figures"][0]["alt"].endswith("of “b”.")
    lab = link.decode(components(at)["table:embeddings"]["lab"])
    assert leak_index(lab) == 3
    assert leak_index(replace(lab, trail=())) == 5
    pick(at, 1, 3, serial=2)  # closed again
    lab = link.decode(components(at)["table:embeddings"]["lab"])
    assert leak_index(lab) == 5
    assert leak_index(painted(PRIMES, (3, 1))) == 6, "nobody is let see what comes later"


@pytest.mark.parametrize(
    ("preset", "size", "token"),
    [
        ("causal", 2, 6),
        ("none", 2, 6),
        ("padding", 3, 2),
        ("padding", 1, 6),
        ("window", 2, 6),
        ("prefix", 4, 3),
        ("blocks", 2, 5),
    ],
)
def test_the_detector_follows_a_preset(preset: str, size: int, token: int) -> None:
    lab = replace(PRIMES, mask_preset=preset, mask_size=size)
    assert leak_index(lab) == token
    found = leaks(*leak_runs(lab, is_masked=True), token)
    assert bool(found.any()) is bool(mask_of(lab).triu(1).any())


@pytest.mark.parametrize("token", [0, 3, 6])
def test_the_token_one_chose_holds_whatever_is_painted(token: int) -> None:
    at = page(PRIMES)
    at.selectbox(key="_leak_token").set_value(token + 1).run()
    pick(at, 1, 2, serial=1)
    assert at.selectbox(key="_leak_token").value == token + 1
    assert f"before “{'abcdefg'[token]}”" in cards(at, "figures:leaks")["with_mask"]["alt"]
    assert leak_index(link.decode(components(at)["table:embeddings"]["lab"])) == token
    at.selectbox(key="_leak_token").set_value(0).run()
    assert "before “c”" in cards(at, "figures:leaks")["with_mask"]["alt"]


def test_a_late_token_leaks_through_padding_only_if_it_is_real() -> None:
    for token in range(1, 7):
        lab = PRIMES.choosing(mask_preset="padding", mask_size=4, leak_token=token)
        found = leaks(*leak_runs(lab, is_masked=True), token)
        assert bool(found.any()) is (token < 4)


def test_a_single_token_has_no_later_one_to_choose() -> None:
    alt = cards(page(Lab(sentence="one")), "figures:leaks")["with_mask"]["alt"]
    assert alt == "Nobody comes before “one”, so nothing can leak."


def test_one_painted_cell_leaks_to_one_token() -> None:
    alt = cards(page(painted(PRIMES, (2, 6))), "figures:leaks")["with_mask"]["alt"]
    assert alt == "It leaks: 3 of the 18 context values before “g” changed, of “c”."


def test_a_longer_sentence_keeps_the_last_token_under_test() -> None:
    at = page(PRIMES)
    assert at.selectbox(key="_leak_token").options[0] == "As the mask has it: g"
    at.text_input[0].set_value("a b c d e f g h").run()
    assert at.selectbox(key="_leak_token").value == 0
    assert at.selectbox(key="_leak_token").options[0] == "As the mask has it: h"
    assert "before “h”" in cards(at, "figures:leaks")["with_mask"]["alt"]
    at.selectbox(key="_leak_token").set_value(3).run()
    assert "before “c”" in cards(at, "figures:leaks")["with_mask"]["alt"]


# ---- The rest ----------------------------------------------------------------------------------


def test_large_masks_are_painted_in_their_part() -> None:
    lab = Lab(sentence=" ".join(f"w{i}" for i in range(140)), d=2)
    at = page(lab)
    assert broken(at) == []
    pick(at, 3, 77, serial=1)  # an overview's cell stands for several: it is only looked at
    assert not link.decode(components(at)["table:embeddings"]["lab"]).painted
    at.session_state[f"{MASK}:part"] = {
        "picked": {"name": "mask", "row": 3, "column": 77, "serial": 1}
    }
    at.run()
    edited = link.decode(components(at)["table:embeddings"]["lab"]).painted
    assert dict(edited) == {("mask", 4, 140, 77): 1.0}


def test_the_prediction_is_computed() -> None:
    question, options, truth = first_token_unmasked(PRIMES)
    given = inputs_of(PRIMES)
    scores = (tensor_of(PRIMES) @ given["w_query"]) @ (tensor_of(PRIMES) @ given["w_key"]).T
    assert truth.right == int(torch.softmax(scores / 3**0.5, dim=1)[0].argmax())
    assert len(options) == 7
    assert "**a**" in question


def test_a_number_of_ones_own_goes_on_to_the_context_and_nowhere_else() -> None:
    lab = overriding.with_override(PRIMES, plain_of(PRIMES), "causal", "masked", (1, 0), 9.0)
    at, before = page(lab), page(PRIMES)
    assert broken(at) == []
    assert float(drawn(at, "figures:masked", "masked")[1, 0]) == 9
    weights = torch.softmax(drawn(at, "figures:masked", "masked").nan_to_num(nan=-torch.inf), 1)
    torch.testing.assert_close(drawn(at, "figures:masked", "weights"), weights)
    assert any("cannot be told the numbers you put" in caption.value for caption in at.caption)
    for group in ("figures:renormalised", "figures:leaks"):
        assert cards(at, group) == cards(before, group)


def test_a_mask_that_is_pinned_is_compared_and_not_painted() -> None:
    lab = painted(PRIMES, (0, 6))
    lab = replace(lab, pinned=comparing.MARK + link.encode(PRIMES), showing="B − A")
    at = pick(page(lab), 0, 1, serial=1)
    assert broken(at) == []
    difference = drawn(at, MASK, "mask")
    assert difference.nonzero().tolist() == [[0, 6]]
    assert (
        not link.decode(components(at)["table:embeddings"]["lab"]).painted.row("mask", 1, 7).get(1)
    )
    assert any("To paint" in caption.value for caption in at.caption)
