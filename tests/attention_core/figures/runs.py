"""Runs of every shape that figures have, for the tests that draw them all."""

import pytest

from attention_core import ONE_QUERY, SIMPLE_SELF_ATTENTION, Trace, normalisations
from attention_core.operations import Softmax
from tests.attention_core.matrices import matrix
from tests.new_mechanism import LUKEWARM

X = matrix(5, 3, 7)
RUNS: dict[str, Trace] = {
    "simple": SIMPLE_SELF_ATTENTION.run(inputs=X),
    "wrong axis": SIMPLE_SELF_ATTENTION.with_operation("weights", Softmax(dim=-2)).run(inputs=X),
    "one query": ONE_QUERY.run(query=X[[4]], inputs=X),
    "normalisations": normalisations(2.0).run(scores=matrix(1, 5, 3)),
    "another mechanism": LUKEWARM.run(ideas=matrix(3, 2, 0), doubts=matrix(5, 2, 1)),
}
each_run = pytest.mark.parametrize("trace", RUNS.values(), ids=RUNS)
