"""What is at a bound is read, and nothing beyond it."""

import numpy as np
import pytest
import safetensors.torch
import torch

from attention_core.outside import claims
from attention_core.outside.claims import TensorFileError
from attention_core.outside.tensor_files import read
from tests.attention_core import hostile

ONE = {"x.npy": hostile.npy([1.0])}


def test_what_is_at_a_bound_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(hostile.npy(np.ones((1,) * 6))).tensors[""].ndim == 6
    many = {f"a{k}": hostile.entry([1], 4 * k, 4 * k + 4) for k in range(512)}
    assert len(read(hostile.safetensors(many, bytes(4 * 512))).tensors) == 512
    assert len(read(hostile.npz({f"{n}.npy": ONE["x.npy"] for n in many})).tensors) == 512
    zeros = np.zeros(2**20, dtype=np.uint8)  # as small as deflate can make them
    assert read(hostile.npz({"a.npy": hostile.npy(zeros)})).tensors["a"].numel() == 2**20
    text = {"a.json": bytes(2**19), "b.json": bytes(2**19)}
    assert len(read(hostile.npz({**ONE, **text})).texts) == 2
    tensors = {"a": torch.ones(3), "b": torch.ones(2)}  # 20 bytes together
    monkeypatch.setattr(claims, "MAX_BYTES", 20)
    assert len(read(safetensors.torch.save(tensors)).tensors) == 2
    monkeypatch.setattr(claims, "MAX_BYTES", 19)
    with pytest.raises(TensorFileError, match="19 bytes together; these claim 20 bytes, of which"):
        read(safetensors.torch.save(tensors))
