"""What every test shares."""

import pytest
import torch  # early: its cold import alone outlasts the first page test's time limit
from hypothesis import settings

# A shared machine may be slow at any moment; what is slow is not wrong.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# As in the app: small matrices gain nothing from threads, which fight for the cores of all tests.
torch.set_num_threads(1)


@pytest.fixture
def rng() -> torch.Generator:
    """A source of random tensors that gives the same ones in every run."""
    return torch.Generator().manual_seed(20260)
