"""Measure every shipped model again, on all test sentences: ``python -m benchmarks.accuracy``.

It ends with an error if one number is not the one that the manifest ships and the app draws.
"""

from __future__ import annotations

import sys

from attention_core.recurrent import accuracy
from attention_core.recurrent.checkpoints import network_of, records


def main() -> None:
    """Print the exact match of each bucket, with its 95 % interval, and compare."""
    wrong = 0
    for (kind, seed), record in records().items():
        measured = tuple(accuracy.by_length(network_of(kind, seed)))
        same = measured == record.accuracy
        wrong += not same
        shares = []
        for bucket in accuracy.BUCKETS:
            now = accuracy.in_bucket(measured, bucket)
            low, high = accuracy.interval(now.n_exact, now.n_sentences)
            shares.append(f"{bucket[0]}-{bucket[1]}: {now.exact:.3f} [{low:.3f}, {high:.3f}]")
        told = "as shipped" if same else "NOT AS SHIPPED"
        print(f"{kind:9} seed {seed}  {told}  {'  '.join(shares)}")
    if wrong:
        sys.exit(f"{wrong} models measure differently from the manifest")


if __name__ == "__main__":
    main()
