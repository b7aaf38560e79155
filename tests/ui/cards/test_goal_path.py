"""Goal seek on the pages: what is claimed is reached, replayed, refused, and kept over a reload."""

from dataclasses import replace

import torch

from attention_core.studies.goal import REACHED
from ui.cards import goal_path
from ui.cards.simple_run import trace_of
from ui.lab.lab import Lab


def test_where_a_search_stops_is_no_proof_that_the_goal_is_out_of_reach() -> None:
    zeros = Lab().with_entries(
        [(token.word, token.nth, column, 0.0) for token in Lab().tokens for column in range(3)]
    )
    lab = replace(zeros, goal=(4, 1, 0.9, 0.0))
    (only,) = goal_path.attempts_of(lab, trace_of)
    path = goal_path.Path(("start", ""), [only], is_done=True)
    told = goal_path.outcome(path, lab, lab)
    assert told.startswith("**Stopped at the start: no small move of what may move changes it.**")
    # A large move does: so it is not said that nothing could.
    far = lab.with_entries([("one", 1, 0, 3.0), ("journey", 1, 0, 9.0)])
    assert float(trace_of(far)["weights"][4, 1]) >= 0.9


def test_the_numbers_of_a_step_are_those_of_the_search() -> None:
    lab = Lab(goal=(3, 0, 0.7, 0.0))
    *_, last = goal_path.attempts_of(lab, trace_of)
    assert last.status == REACHED
    assert torch.equal(goal_path.at_attempt(lab, last, 1).tensor, last.inputs["inputs"])
