"""The operations a step can do. A new operation is one class with both of its routes."""

from attention_core.operations.additive import AdditiveScores
from attention_core.operations.base import Operation
from attention_core.operations.dropping import DropNothing, Dropout
from attention_core.operations.fused import AddScores, MultiplyBy, RepeatHeads, SafeSoftmax
from attention_core.operations.heads import DotProductsOfHeads, JoinHeads, SplitProjection
from attention_core.operations.masking import Mask, ZeroMasked
from attention_core.operations.normalise import DivideBySum, NaiveSoftmax, Renormalise, Softmax
from attention_core.operations.overriding import Overridden
from attention_core.operations.patterns import (
    Index,
    Shape,
    cells_read,
    entries_read,
    numbers_read,
    ranges_read,
)
from attention_core.operations.products import DivideBy, DivideByRoot, DotProducts, WeightedSum
from attention_core.operations.project import Projection

__all__ = [
    "AddScores",
    "AdditiveScores",
    "DivideBy",
    "DivideByRoot",
    "DivideBySum",
    "DotProducts",
    "DotProductsOfHeads",
    "DropNothing",
    "Dropout",
    "Index",
    "JoinHeads",
    "Mask",
    "MultiplyBy",
    "NaiveSoftmax",
    "Operation",
    "Overridden",
    "Projection",
    "Renormalise",
    "RepeatHeads",
    "SafeSoftmax",
    "Shape",
    "Softmax",
    "SplitProjection",
    "WeightedSum",
    "ZeroMasked",
    "cells_read",
    "entries_read",
    "numbers_read",
    "ranges_read",
]
