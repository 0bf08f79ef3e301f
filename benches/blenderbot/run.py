"""Times training and greedy decoding of BlenderbotSmall 90M, `smes` beside PyTorch and CTranslate2.

    cargo build --release -p smes-nn --example blenderbot
    pip install torch transformers ctranslate2
    python benches/blenderbot/run.py [--threads 2] [--repeats 5] [--rounds 1] [--what train decode]

Every program runs alone, one after the other, and all of them again in every round, so that a machine
whose speed drifts is the same for each; the first measurement of each start is a warm-up. Prints
Markdown tables of the median, the range and the largest resident memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SMES = HERE.parent.parent / "target" / "release" / "examples" / "blenderbot"


def measurements(command: list[str], threads: int) -> list[dict]:
    threads = {name: str(threads) for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS")}
    done = subprocess.run(command, env={**os.environ, **threads}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def programs(what: str, options: argparse.Namespace) -> list[tuple[str, list[str]]]:
    end = ["--threads", str(options.threads), "--repeats", str(options.repeats)]
    smes = [(f"`smes`, {kind}", [str(SMES), what, kind, str(options.repeats)])
            for kind in (("f32", "bf16") if what == "train" else ("f32", "bf16", "int8"))]
    torch = [(f"PyTorch, {kind}", [sys.executable, str(HERE / "peer_torch.py"), what, kind, *end])
             for kind in ("f32", "bf16")]
    ctranslate2 = [(f"CTranslate2, {kind}",
                    [sys.executable, str(HERE / "peer_ctranslate2.py"), kind, *end])
                   for kind in ("float32", "int8")]
    return smes + torch + (ctranslate2 if what == "decode" else [])


def in_rounds(what: str, options: argparse.Namespace, groups: list[dict]) -> dict[str, list[list[dict]]]:
    """For each program, of each group of its measurements, those that follow the warm-up."""
    found = {}
    for _ in range(options.rounds):
        for name, command in programs(what, options):
            measured = measurements(command, options.threads)
            cells = found.setdefault(name, [[] for _ in groups])
            for cell, group in zip(cells, groups):
                own = [one for one in measured if group.items() <= one.items()]
                cell += own[1:] or own
    return found


def cell(found: list[dict]) -> str:
    """Wall time, its range, and processor time, which other programs on the machine disturb less."""
    seconds = [one["seconds"] for one in found]
    cpu = statistics.median(one["cpu"] for one in found)
    return f"{statistics.median(seconds):.3f} ({min(seconds):.3f}..{max(seconds):.3f}), cpu {cpu:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--what", nargs="+", choices=("train", "decode"), default=("train", "decode"))
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} at the start")
    tables = {
        "train": ("training step, batch 16, 160 + 40 tokens | seconds", [{}]),
        "decode": ("greedy decoding, 40 tokens | batch 1, s | batch 16, s", [{"batch": 1}, {"batch": 16}]),
    }
    for what in options.what:
        title, groups = tables[what]
        print(f"\n| {title} | peak MB |\n|---|{'---|' * len(groups)}---|")
        for name, cells in in_rounds(what, options, groups).items():
            peak = max(one["peak_mb"] for found in cells for one in found)
            print(f"| {name} | {' | '.join(map(cell, cells))} | {peak:.0f} |", flush=True)
    print(f"\nload average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
