"""Train the four encoder-decoders to their plateau: ``make train``.

Each run goes on where it was interrupted; ``make train ARGS=--fresh`` begins anew. The results go
to ``attention_core/recurrent/checkpoints``, with a manifest that says how each was made. ``make
train ARGS=--search`` trains none of them: it searches each kind's first learning rate.
"""

import argparse
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from attention_core.recurrent import accuracy, checkpoints, rate_search, task, training
from attention_core.recurrent.checkpoints import Record
from attention_core.recurrent.network import KINDS
from attention_core.recurrent.rate_search import Trial
from attention_core.recurrent.training import Point, Progress, Trainer

UNDER_WAY = Path(__file__).parents[1] / ".train"
ABOUT = {
    "task": "English number words to German morphemes; a sentence is 1 to 8 numbers from 0 to 99",
    "split": f"by SHA-256 of the numbers: {task.SHARE:.0%} test, {task.SHARE:.0%} validation",
    "batch": training.BATCH,
    "plateau": (
        f"the learning rate is halved when the validation loss was not {training.BETTER:.0%} "
        f"better in {training.PATIENCE} validations, {training.EVERY} steps apart; training ends "
        f"when it is below {training.LAST_SHARE:g} of the first one, or the loss below "
        f"{training.LEARNT:g} nats for each word"
    ),
    "rates": (
        "each kind's first learning rate is the one of its search that led to the lowest "
        "validation loss, of two the larger. Every trial, of seed "
        f"{rate_search.SEED}, which no shipped model has: {rate_search.AT_FIRST} steps at the "
        f"rate, then {rate_search.LATER} each at a half, a quarter and an eighth of it, the "
        "plateau's halvings in short; its points are step, training loss, validation loss, rate"
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
    if state["progress"].get("first") != trainer.progress.first:
        return  # begun with another learning rate
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
    curve = _rounded(trainer.progress.curve)
    return Record(
        kind,
        seed,
        checkpoints.N_UNITS,
        sha256,
        trainer.progress.step,
        curve,
        tuple(accuracy.by_length(trainer.network)),
    )


def _rounded(curve: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(Point(p.step, round(p.loss, 5), round(p.valid, 5), p.rate) for p in curve)


def search(kind: str, rate: float) -> Trial:
    """Try one learning rate."""
    torch.set_num_threads(1)
    trial = rate_search.tried(kind, rate)
    print(f"{kind:9} first rate {rate:<6g} ended at a validation loss of {trial.loss:.4f}")
    return Trial(kind, rate, _rounded(trial.curve))


def search_all(pool: Executor) -> None:
    """Try every learning rate for every kind, and write all of it into the manifest."""
    runs = [(kind, rate) for kind in KINDS for rate in rate_search.RATES]
    found = tuple(pool.map(search, *zip(*runs, strict=True)))
    write(known()[0], found)
    for kind, rate in rate_search.chosen(found).items():
        now = training.FIRST_RATE[kind]
        is_so = "as it is" if rate == now else f"but FIRST_RATE says {now:g}: change it, train anew"
        print(f"{kind:9} begins best with {rate:g}, {is_so}")


def train_all(pool: Executor, runs: list[tuple[str, int]]) -> None:
    """Train models to their plateau, and write each into the manifest when it is there."""
    found, searched = known()
    waiting = [pool.submit(train, *run, line) for line, run in enumerate(runs)]
    for run, result in zip(runs, waiting, strict=True):
        found[run] = result.result()
        shipped = checkpoints.file_of(*run)
        os.replace((UNDER_WAY / shipped).with_suffix(".done"), checkpoints.FOLDER / shipped)
        write(found, searched)
    for (kind, seed), record in sorted(found.items()):
        shares = [accuracy.in_bucket(record.accuracy, b).exact for b in accuracy.BUCKETS]
        told = "  ".join(f"{share:.2f}" for share in shares)
        print(f"{kind:9} seed {seed}: {record.steps:6,} steps, exact match by bucket {told}")


def known() -> tuple[dict[tuple[str, int], Record], tuple[Trial, ...]]:
    """Return what the manifest says now of the models and of the search; nothing without it."""
    try:
        return checkpoints.records(), checkpoints.trials()
    except checkpoints.CheckpointError:
        return {}, ()


def write(found: Mapping[tuple[str, int], Record], searched: Iterable[Trial]) -> None:
    """Write the manifest."""
    text = checkpoints.write_manifest(found, ABOUT, searched)
    (checkpoints.FOLDER / checkpoints.MANIFEST).write_text(text, encoding="utf-8")


def main() -> None:
    """Train all models, as many at a time as there are cores, or search their learning rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--search", action="store_true", help="search the first learning rates")
    parser.add_argument("--fresh", action="store_true", help="forget runs that were interrupted")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(checkpoints.SEEDS))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="processes")
    chosen = parser.parse_args()
    if chosen.fresh:
        shutil.rmtree(UNDER_WAY, ignore_errors=True)
    UNDER_WAY.mkdir(exist_ok=True)
    checkpoints.FOLDER.mkdir(exist_ok=True)
    with ProcessPoolExecutor(chosen.at_once, mp_context=get_context("spawn")) as pool:
        if chosen.search:
            search_all(pool)
        else:
            train_all(pool, [(kind, seed) for seed in chosen.seeds for kind in chosen.kinds])


if __name__ == "__main__":
    main()
