"""Train the four encoder-decoders to their plateau: ``make train``.

Each run goes on where it was interrupted; ``make train ARGS=--fresh`` begins anew. The results go
to ``attention_core/recurrent/checkpoints``, with a manifest that says how each was made.
"""

import argparse
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from attention_core.recurrent import accuracy, checkpoints, task, training
from attention_core.recurrent.checkpoints import Record
from attention_core.recurrent.network import KINDS
from attention_core.recurrent.training import Point, Progress, Trainer

UNDER_WAY = Path(__file__).parents[1] / ".train"
ABOUT = {
    "task": "English number words to German morphemes; a sentence is 1 to 8 numbers from 0 to 99",
    "split": f"by SHA-256 of the numbers: {task.SHARE:.0%} test, {task.SHARE:.0%} validation",
    "batch": training.BATCH,
    "plateau": (
        f"the learning rate, {training.FIRST_RATE:g} at first, is halved when the validation loss "
        f"was not {training.BETTER:.0%} better in {training.PATIENCE} validations, "
        f"{training.EVERY} steps apart; training ends when it is below {training.LAST_RATE:g}, or "
        f"the loss below {training.LEARNT:g} nats for each word"
    ),
    "test_seed": accuracy.SEED,
    "seen_words": accuracy.SEEN,
    "torch": torch.__version__,
}


def save(trainer: Trainer, name: str) -> None:
    """Keep a run that is under way."""
    state = {"progress": asdict(trainer.progress), "dice": trainer.dice.getstate()}
    told = {"state": json.dumps(state)}  # in the same file: both are of one moment
    save_file(trainer.tensors(), UNDER_WAY / f"{name}.new", metadata=told)
    os.replace(UNDER_WAY / f"{name}.new", UNDER_WAY / f"{name}.safetensors")


def take_up(trainer: Trainer, name: str) -> None:
    """Carry on with a run that was interrupted, if there is one."""
    path = UNDER_WAY / f"{name}.safetensors"
    if not path.exists():
        return
    with safe_open(path, framework="pt") as file:
        state: dict[str, Any] = json.loads(file.metadata()["state"])
    curve = [Point(**point) for point in state["progress"].pop("curve")]
    version, numbers, gauss = state["dice"]
    progress = Progress(**state["progress"], curve=curve)
    trainer.carry_on(load_file(path), progress, (version, tuple(numbers), gauss))


def train(kind: str, seed: int, line: int) -> Record:
    """Train one model to its plateau, measure it, and leave its file to be shipped."""
    torch.set_num_threads(1)
    name = f"{kind}-{seed}"
    trainer = Trainer(kind, checkpoints.N_UNITS, seed)
    take_up(trainer, name)
    with tqdm(
        desc=f"{name:12}", unit=" steps", initial=trainer.progress.step, position=line
    ) as bar:
        while not trainer.is_done:
            for _ in range(training.EVERY):
                trainer.step()
                bar.update()
            point = trainer.validate()
            bar.set_postfix_str(f"validation loss {point.valid:.4f}, rate {point.rate:g}")
            save(trainer, name)
    contents, sha256 = checkpoints.packed(trainer.network)
    (UNDER_WAY / checkpoints.file_of(kind, seed)).with_suffix(".done").write_bytes(contents)
    curve = tuple(
        Point(p.step, round(p.loss, 5), round(p.valid, 5), p.rate) for p in trainer.progress.curve
    )
    return Record(
        kind,
        seed,
        checkpoints.N_UNITS,
        sha256,
        trainer.progress.step,
        curve,
        tuple(accuracy.by_length(trainer.network)),
    )


def main() -> None:
    """Train all models, as many at a time as there are cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget runs that were interrupted")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(checkpoints.SEEDS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    chosen = parser.parse_args()
    if chosen.fresh:
        shutil.rmtree(UNDER_WAY, ignore_errors=True)
    UNDER_WAY.mkdir(exist_ok=True)
    checkpoints.FOLDER.mkdir(exist_ok=True)
    runs = [(kind, seed) for seed in chosen.seeds for kind in chosen.kinds]
    try:
        found = checkpoints.records()
    except checkpoints.CheckpointError:
        found = {}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(train, *run, line) for line, run in enumerate(runs)]
        for run, result in zip(runs, waiting, strict=True):
            found[run] = result.result()
            shipped = checkpoints.file_of(*run)
            os.replace((UNDER_WAY / shipped).with_suffix(".done"), checkpoints.FOLDER / shipped)
            text = checkpoints.write_manifest(found, ABOUT)
            (checkpoints.FOLDER / checkpoints.MANIFEST).write_text(text, encoding="utf-8")
    for (kind, seed), record in sorted(found.items()):
        shares = [accuracy.in_bucket(record.accuracy, b).exact for b in accuracy.BUCKETS]
        told = "  ".join(f"{share:.2f}" for share in shares)
        print(f"{kind:9} seed {seed}: {record.steps:6,} steps, exact match by bucket {told}")


if __name__ == "__main__":
    main()
