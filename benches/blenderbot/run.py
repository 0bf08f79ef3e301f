"""Times training and greedy decoding of BlenderbotSmall 90M, `smes` beside PyTorch and CTranslate2.

    cargo build --release -p smes-nn --example blenderbot
    pip install torch transformers ctranslate2
    python benches/blenderbot/run.py [--threads 2] [--repeats 5]

Every program runs alone, one after the other; the first measurement of each is a warm-up. Prints
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


def cell(found: list[dict]) -> str:
    """Wall time, its range, and processor time, which other programs on the machine disturb less."""
    found = found[1:] or found
    seconds = [one["seconds"] for one in found]
    cpu = statistics.median(one["cpu"] for one in found)
    return f"{statistics.median(seconds):.3f} ({min(seconds):.3f}..{max(seconds):.3f}), cpu {cpu:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} at the start\n")
    print("| training step, batch 16, 160 + 40 tokens | seconds | peak MB |\n|---|---|---|")
    for name, command in programs("train", options):
        found = measurements(command, options.threads)
        print(f"| {name} | {cell(found)} | {found[-1]['peak_mb']:.0f} |", flush=True)
    print("\n| greedy decoding, 40 tokens | batch 1, s | batch 16, s | peak MB |\n|---|---|---|---|")
    for name, command in programs("decode", options):
        found = measurements(command, options.threads)
        cells = [cell([one for one in found if one["batch"] == batch]) for batch in (1, 16)]
        print(f"| {name} | {cells[0]} | {cells[1]} | {found[-1]['peak_mb']:.0f} |", flush=True)
    print(f"\nload average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
