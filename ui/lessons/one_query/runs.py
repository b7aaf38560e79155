"""The run of "One query", and what its tokens are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from attention_core import ONE_QUERY, Conventions, Trace
from attention_core.studies.alignment import Alignment, alignment
from ui.cards import literal as words
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import Explained
from ui.lab.lab import Lab


@dataclass(frozen=True, slots=True)
class Asked:
    """One query's run, and what its tokens are called."""

    trace: Trace
    names: Sequence[str]
    position: int
    conventions: Conventions

    @property
    def query(self) -> str:
        """The query token."""
        return self.names[self.position]

    @property
    def explained(self) -> Explained:
        """The run, for its cells to be picked."""
        return Explained(self.trace, self.names, self.query, self.position)


def asked(lab: Lab) -> Asked:
    """Run the mechanism with one query for the lab's query; return it with its tokens' names."""
    called = words.names(labels_of(lab), lab.conventions)
    return Asked(ONE_QUERY.run(**inputs_of(lab)), called, lab.query_index, lab.conventions)


def inputs_of(lab: Lab) -> dict[str, torch.Tensor]:
    """Return the inputs of the mechanism with one query: the chosen row, and all rows."""
    inputs = tensor_of(lab)
    return {"query": inputs[[lab.query_index]], "inputs": inputs}


def alignment_of(trace: Trace, moment: int) -> Alignment:
    """Return how the query and one key lie to each other."""
    return alignment(trace["query"][0], trace["inputs"][moment])
