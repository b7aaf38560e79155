"""Probe every shipped model again, word by word: ``python -m benchmarks.probe``.

It ends with an error if one number is not the one that is shipped and the app draws; with
``--write`` it ships what it measures.
"""

from __future__ import annotations

import argparse
import sys

import torch

from attention_core.recurrent import probing
from attention_core.recurrent.accuracy import interval
from attention_core.recurrent.checkpoints import FOLDER, network_of, records
from attention_core.recurrent.probing import Probed, Recall

SHOWN = (8, 16, 24)  # words


def measured() -> Probed:
    """Return the recall of every shipped model, at every length."""
    found = records()
    return Probed(
        {
            key: {
                n_words: probing.measure(network_of(*key), n_words) for n_words in probing.LENGTHS
            }
            for key in found
        },
        {n_words: probing.guess(n_words) for n_words in probing.LENGTHS},
        {key: record.sha256 for key, record in found.items()},
    )


def told(recall: Recall) -> str:
    """Return the recall of the first word with its 95 % interval, of the least and of the last."""
    low, high = interval(recall.n_right[0], recall.n_sentences)
    least = min(range(recall.n_words), key=recall.shares.__getitem__)
    return (
        f"{recall.n_words} words: first {recall.shares[0]:.3f} [{low:.3f}, {high:.3f}], least "
        f"{recall.shares[least]:.3f} (word {least + 1}), last {recall.shares[-1]:.3f}"
    )


def main() -> None:
    """Print what can be read back, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="ship what is measured")
    is_written = parser.parse_args().write
    torch.set_num_threads(1)
    now = measured()
    for (kind, seed), recalls in sorted(now.models.items()):
        print(f"{kind:9} seed {seed}  {'; '.join(told(recalls[n]) for n in SHOWN)}")
    print(f"guessing         {'; '.join(told(now.guess[n]) for n in SHOWN)}")
    if is_written:
        (FOLDER / probing.FILE).write_text(probing.written(now), encoding="utf-8")
    elif now != probing.shipped():
        sys.exit("what is shipped was measured otherwise")


if __name__ == "__main__":
    main()
