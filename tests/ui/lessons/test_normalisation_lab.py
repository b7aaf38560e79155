"""The normalisation lab: its row, its expected failures, its gradients."""

import math
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from attention_core import normalisations
from attention_core.numbers import result_of
from attention_core.studies.gradients import softmax_jacobian
from tests.attention_core import printed
from tests.screen import PROJECT, broken, cards, components, edit, opened, order, said, send
from ui.lab import link
from ui.lab.checks import LIMIT
from ui.lab.lab import Lab
from ui.lessons.normalisation_lab import figures as normalisation
from ui.lessons.normalisation_lab import row as row_of_scores
from ui.lessons.normalisation_lab.choices import DTYPES, MAX_SCORES, NOTEBOOK_SCORES
from ui.lessons.normalisation_lab.failures import failure
from ui.lessons.normalisation_lab.questions import CHANGED, five_more
from ui.lessons.normalisation_lab.row import (
    FALLBACK,
    PRESETS,
    ROW,
    TEMPERATURES,
    jacobian_of,
    keys_of,
    misfit,
    scores_of_query,
    trace_of,
)
from ui.lessons.normalisation_lab.words import jacobian_said

PAGE = PROJECT / "pages" / "normalisation_lab.py"
TABLE = ROW.widget_key
NEGATIVE = PRESETS["A negative score"]
THOUSAND = PRESETS["A score of 1000"]

scores = st.one_of(st.floats(-LIMIT, LIMIT), st.floats(-20, 20), st.integers(-2, 2).map(float))
rows = st.lists(scores, min_size=1, max_size=9).map(tuple)
labs = st.builds(
    Lab().choosing, row_scores=rows, temperature=st.floats(0.05, 100), dtype=st.sampled_from(DTYPES)
)


def page(**chosen: Any) -> AppTest:
    return opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))


def ways(at: AppTest) -> dict[str, Any]:
    return cards(at, "figures:ways")


def row_shown(at: AppTest) -> list[float]:
    shown: list[float] = components(at)[TABLE]["cells"][0]
    return shown


# ---- The pictures ------------------------------------------------------------------------------


def test_it_opens_with_the_notebooks_row_and_numbers() -> None:
    at = page()
    assert row_shown(at) == list(NOTEBOOK_SCORES)
    for name, printed_row in (
        ("by_sum", printed.QUERY_BY_SUM[0]),
        ("naive", printed.QUERY_WEIGHTS[0]),
        ("weights", printed.QUERY_WEIGHTS[0]),
    ):
        assert ways(at)[name]["spec"]["data"][0]["z"][0] == pytest.approx(printed_row, abs=1e-4)
        assert ways(at)[name]["check"]["ok"]


@given(labs)
def test_what_is_drawn_is_what_the_core_computed(lab: Lab) -> None:
    trace = trace_of(lab)
    dtype = "float32" if misfit(lab, lab.value("dtype")) else lab.value("dtype")
    row = torch.tensor([lab.value("row_scores")], dtype=getattr(torch, dtype))
    again = normalisations(lab.value("temperature")).run(scores=row)
    for name in trace.steps:
        assert torch.equal(trace[name].nan_to_num(), again[name].nan_to_num())


@given(labs)
def test_no_expected_failure_is_called_a_mistake(lab: Lab) -> None:
    """Whatever the row, each way is right or its failure is explained; none is red."""
    trace = trace_of(lab)
    keys = keys_of(lab)
    for name in trace.steps:
        card = normalisation.way_card(trace, name, keys, trace.check())
        assert card.check is None or card.check.ok, (name, card.check, card.note)
        if not bool(trace[name].isfinite().all()):
            assert card.note.startswith("As expected")
    assert failure(trace, "weights") is None


def test_a_broken_softmax_is_still_red(monkeypatch: pytest.MonkeyPatch) -> None:
    from attention_core.operations import Softmax

    monkeypatch.setattr(Softmax, "compute", lambda self, x: torch.softmax(x, -1) * 1.01)
    check = ways(page(row_scores=THOUSAND))["weights"]["check"]
    assert not check["ok"]
    assert "Something is wrong" in check["text"]


def test_the_scaled_scores_are_shown_only_at_a_temperature() -> None:
    assert "figures:scaled" not in components(page())
    at = page(temperature=2.0)
    drawn = cards(at, "figures:scaled")["scaled"]["spec"]["data"][0]["z"][0]
    assert drawn == pytest.approx([score / 2 for score in NOTEBOOK_SCORES])


def test_rounding_is_named_where_a_sum_shows_it() -> None:
    shown = ways(page(dtype="bfloat16"))
    assert shown["by_sum"]["note"] == ("Together they make 0.9995: off by bfloat16's rounding.")
    assert ways(page())["by_sum"]["note"] == "Together they make 1."


# ---- Expected failures -------------------------------------------------------------------------


def test_a_negative_score_is_explained_under_the_sum() -> None:
    note = ways(page(row_scores=NEGATIVE))["by_sum"]["note"]
    assert "As expected with a negative score: 1 below 0 and 5 above 1" in note


@pytest.mark.parametrize(
    ("dtype", "highest"), [("float32", "88.72"), ("float16", "11.09"), ("bfloat16", "88.72")]
)
def test_a_thousand_is_explained_under_the_naive_softmax(dtype: str, highest: str) -> None:
    card = ways(page(row_scores=THOUSAND, dtype=dtype))["naive"]
    assert f"too large for {dtype} (from {highest} on)" in card["note"]
    assert "1 NaN, shown blank" in card["note"]
    assert card["spec"]["data"][0]["z"][0][1] is None
    assert "sums to 1" not in card["check"]["text"]


@pytest.mark.parametrize(
    ("row", "dtype", "way", "words"),
    [
        ((11.0, 11.0, 11.0), "float16", "naive", "their sum does not"),
        ((-1000.0, -999.0), "float32", "naive", "too small for float32"),
        ((0.1, 0.2, -0.3), "float32", "by_sum", "the scores cancel"),
        ((1.0, -1.0), "float64", "by_sum", "the scores sum to 0"),
        ((60_000.0, 60_000.0), "float16", "by_sum", "goes beyond float16"),
    ],
)
def test_other_failures_are_explained_too(
    row: tuple[float, ...], dtype: str, way: str, words: str
) -> None:
    note = ways(page(row_scores=row, dtype=dtype))[way]["note"]
    assert note.startswith("As expected")
    assert words in note


@given(labs)
@example(
    Lab().choosing(row_scores=(65_504.0, 8.0), dtype="float16")
)  # their sum rounds back to 65,504
def test_what_is_said_to_become_0_is_0(lab: Lab) -> None:
    trace = trace_of(lab)
    for name in ("by_sum", "naive"):
        found = failure(trace, name)
        if found and "every share" in found.text and "= 0" in found.text.replace("becomes", "="):
            assert not trace[name].any()


@pytest.mark.parametrize(
    ("row", "temperature", "words"),
    [((1.0, 70_000.0), 1.0, "a score is 70,000"), ((1000.0,), 0.01 * 5, "")],
)
def test_what_a_dtype_cannot_hold_is_said_beside_it(
    row: tuple[float, ...], temperature: float, words: str
) -> None:
    at = page(row_scores=row, temperature=temperature, dtype="float16")
    assert broken(at) == []
    assert any(words in text for text in said(at)) if words else said(at) == []
    assert len(ways(at)) == 3


def test_a_scaled_score_can_be_too_large_as_well() -> None:
    lab = Lab().choosing(row_scores=(5000.0,), temperature=0.05, dtype="float16")
    assert misfit(lab, "float16").endswith("5,000 / 0.05 is 100,000.")
    assert trace_of(lab)["scores"].dtype == torch.float32


@given(labs)
def test_the_fallback_holds_everything(lab: Lab) -> None:
    assert misfit(lab, FALLBACK) == ""


# ---- The row -----------------------------------------------------------------------------------


def test_the_row_is_edited_in_the_table() -> None:
    at = send(page(), edit(1, ("row", 1, 2.5)), widget_key=TABLE)
    assert row_shown(at)[1] == 2.5
    at = send(at, edit(2, ("row", 0, -1.0), ("row", 5, 4.0)), widget_key=TABLE)
    assert row_shown(at) == [-1.0, 2.5, 1.4754, 0.8434, 0.7070, 4.0]
    assert components(at)[TABLE]["edited"] == [[0, 0], [0, 1], [0, 5]]
    at = send(at, order(3, "undo"), widget_key=TABLE)
    assert row_shown(at)[0] == NOTEBOOK_SCORES[0]
    at = send(at, order(4, "reset"), widget_key=TABLE)
    assert row_shown(at) == list(NOTEBOOK_SCORES)
    assert not components(at)[TABLE]["can_reset"]


@pytest.mark.parametrize("cell", [("row", 6, 1.0), ("other", 0, 1.0)])
def test_a_cell_that_is_not_there_changes_nothing(cell: tuple[str, int, float]) -> None:
    at = send(page(), edit(1, cell), widget_key=TABLE)
    assert row_shown(at) == list(NOTEBOOK_SCORES)
    assert components(at)[TABLE]["message"] == "Expected one of the 6 scores. Nothing was changed."


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_the_row(preset: str) -> None:
    at = page(row_scores=(3.0,))
    at.button(key=f"_row:{preset}").click().run()
    assert row_shown(at) == list(PRESETS[preset])


def test_scores_are_added_and_removed_within_bounds() -> None:
    at = page(row_scores=(1.0,) * 63)
    at.button(key="_row:add").click().run()
    assert row_shown(at) == [1.0] * 63 + [0.0]
    assert at.button(key="_row:add").disabled
    at = page(row_scores=(1.0, 2.0))
    at.button(key="_row:drop").click().run()
    assert row_shown(at) == [1.0]
    assert at.button(key="_row:drop").disabled
    assert broken(at) == []


def test_the_sentences_own_scores_are_taken() -> None:
    at = page(row_scores=(1.0,), query=0)
    at.button(key="_row:query").click().run()
    assert row_shown(at) == pytest.approx(printed.SCORES[0], abs=1e-9)


def test_scores_beyond_the_tables_limit_are_not_offered() -> None:
    lab = Lab().with_entries([("journey", 1, 0, 900_000.0)])
    assert scores_of_query(lab) is None
    long = Lab(sentence="word " * (MAX_SCORES + 1))
    assert scores_of_query(long) is None
    most = Lab(sentence="word " * MAX_SCORES)
    assert len(scores_of_query(most) or ()) == MAX_SCORES
    at = opened(PAGE, lab=link.encode(lab))
    assert at.button(key="_row:query").disabled


# ---- Gradients and dtypes ----------------------------------------------------------------------


@given(labs)
def test_the_jacobian_on_screen_agrees_with_the_differences(lab: Lab) -> None:
    _, check = jacobian_of(lab)
    assert normalisation.jacobian_verdict(check).ok


def test_a_wrong_jacobian_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        row_of_scores, "softmax_jacobian", lambda *args: softmax_jacobian(*args) * 1.001
    )
    card = cards(page(), "figures:jacobian")["jacobian"]
    assert not card["check"]["ok"]
    assert "Something is wrong" in card["check"]["text"]


def test_the_jacobian_drawn_is_the_one_computed() -> None:
    lab = Lab().choosing(row_scores=(1.0, -2.0, 0.5), temperature=0.5)
    spec = cards(opened(PAGE, lab=link.encode(lab)), "figures:jacobian")["jacobian"]["spec"]
    jacobian, _ = jacobian_of(lab)
    drawn = spec["data"][0]
    assert drawn["z"] == jacobian.tolist()
    assert drawn["zmax"] == -drawn["zmin"] == float(jacobian.abs().max())
    assert (spec["layout"]["yaxis"]["title"]["text"], spec["layout"]["xaxis"]["title"]["text"]) == (
        "weight of",
        "score of",
    )


def test_a_saturated_softmax_looks_and_reads_like_almost_nothing() -> None:
    lab = Lab().choosing(row_scores=THOUSAND)
    jacobian, _ = jacobian_of(lab)
    assert "Almost nothing moves" in jacobian_said(jacobian, lab)
    drawn = cards(page(row_scores=THOUSAND), "figures:jacobian")["jacobian"]["spec"]["data"][0]
    assert drawn["zmax"] == pytest.approx(0.025)
    assert {text for line in drawn["text"] for text in line} == {"0.0000"}


@pytest.mark.parametrize(
    ("row", "best", "words"),
    [
        (
            NOTEBOOK_SCORES,
            0.05,
            "no score leads clearly enough: even at 0.05 the largest weight is ",
        ),
        ((1.0,) * 6, 0.05, "no score leads clearly enough"),
        ((0.0, 1.0), 0.5, "the strongest entry is 0.2100 at 0.5"),
        (
            tuple(10 * score for score in NOTEBOOK_SCORES),
            0.1,
            "the strongest entry is 1.0822 at 0.1",
        ),
        (
            THOUSAND,
            100.0,
            "no temperature here brings the entries back: the strongest is 2.292e-06",
        ),
        (
            (0.0, LIMIT),
            None,
            "no temperature here brings the entries back: the strongest is 0.0000",
        ),
    ],
)
def test_what_a_temperature_does_to_the_gradients_is_computed(
    row: tuple[float, ...], best: float | None, words: str
) -> None:
    scores = torch.tensor(row, dtype=torch.float64)
    peaks = {}
    for temperature in TEMPERATURES:
        p = torch.softmax(scores / temperature, dim=0)
        peaks[temperature] = float(((p.diag() - p.outer(p)) / temperature).abs().max())
    told = jacobian_said(softmax_jacobian(scores), Lab().choosing(row_scores=row))
    assert words in told
    if best is not None:
        assert max(peaks, key=lambda temperature: peaks[temperature]) == best
        assert result_of(peaks[best]) in told
    if best == 0.05:  # where lower temperatures do not bring the entries to 0, nobody says so
        assert peaks[0.05] > peaks[1.0]


def test_the_first_rows_largest_weight_at_the_lowest_temperature_is_said() -> None:
    told = jacobian_said(softmax_jacobian(torch.ones(2)), Lab())
    row = torch.tensor(NOTEBOOK_SCORES, dtype=torch.float64)
    p = torch.softmax(row / 0.05, dim=0)
    assert f"the largest weight is {float(p.max()):.4f}, and the strongest entry 4.8132." in told


@given(labs)
def test_the_diagonal_is_never_below_0_and_the_rest_never_above(lab: Lab) -> None:
    jacobian, _ = jacobian_of(lab)
    assert (jacobian.diag() >= 0).all()
    assert (jacobian - jacobian.diag().diag() <= 0).all()


def test_what_to_try_holds() -> None:
    twelve = torch.tensor([(*NOTEBOOK_SCORES[1:], 12.0)], dtype=torch.float16)
    assert normalisations().run(scores=twelve)["naive"].isnan().any()
    assert not normalisations(2.0).run(scores=twelve)["naive"].isnan().any()  # hence "at 1"
    for row in (NOTEBOOK_SCORES, (1.0, 1.0, 0.0)):
        scores = torch.tensor([row])
        sharp = normalisations(0.05).run(scores=scores)["weights"]
        even = normalisations(100.0).run(scores=scores)["weights"]
        best = scores == scores.max()
        plain = normalisations().run(scores=scores)["weights"]
        assert sharp[best].sum() > plain[best].sum() > even[best].sum()
        torch.testing.assert_close(even, torch.full_like(even, 1 / len(row)), atol=0.01, rtol=0)
        by_sum = [normalisations(t).run(scores=scores)["by_sum"] for t in (0.05, 1.0, 100.0)]
        torch.testing.assert_close(by_sum[0], by_sum[1])
        torch.testing.assert_close(by_sum[1], by_sum[2])


def test_the_sums_are_those_of_each_dtype() -> None:
    (table,) = page(row_scores=THOUSAND).table
    shown = table.value.set_index("dtype")
    assert list(shown.index) == ["float64", "**float32**", "float16", "bfloat16"]
    for label in shown.index:
        dtype = getattr(torch, label.strip("*"))
        row = torch.tensor([THOUSAND], dtype=dtype)
        total = float((row / row.sum()).double().sum())
        assert shown.loc[label, "Σ by sum"] == f"{total:.6f}"
        assert shown.loc[label, "exp up to"] == f"{math.log(torch.finfo(dtype).max):.2f}"
    assert set(shown["Σ naive"]) == {"NaN"}


def test_the_code_on_the_page_computes_what_it_shows() -> None:
    lab = Lab().choosing(row_scores=NEGATIVE, temperature=0.5, dtype="bfloat16")
    trace = trace_of(lab)
    names: dict[str, Any] = {}
    exec(normalisation.code(lab, trace), names)
    for name in trace.steps:
        assert torch.equal(names[name], trace[name])
    torch.testing.assert_close(names["jacobian"], jacobian_of(lab)[0])


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        (NOTEBOOK_SCORES, ("by_sum",)),
        ((2.0, 2.0), ()),
        ((707.0, 707.0), ("naive",)),
        ((707.0, 1.0), ("by_sum", "naive")),
    ],
)
def test_the_prediction_is_computed(row: tuple[float, ...], changed: tuple[str, ...]) -> None:
    _, options, truth = five_more(Lab().choosing(row_scores=row))
    assert options[truth.right] == CHANGED[changed]


@given(labs)
def test_the_prediction_always_has_an_answer(lab: Lab) -> None:
    _, options, truth = five_more(lab)
    assert 0 <= truth.right < len(options)
