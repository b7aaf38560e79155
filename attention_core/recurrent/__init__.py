"""Encoder-decoders with recurrent cells: why attention was invented.

``load_model`` a trained one and ``translate`` with it.
"""

from attention_core.recurrent.checkpoints import CheckpointError
from attention_core.recurrent.language import SentenceError
from attention_core.recurrent.translation import (
    Model,
    ModelEdits,
    Translation,
    load_model,
    translate,
)

__all__ = [
    "CheckpointError",
    "Model",
    "ModelEdits",
    "SentenceError",
    "Translation",
    "load_model",
    "translate",
]
