#!/usr/bin/env python3
"""Speed of `smes cues` over a folder of recordings beside openSMILE's eGeMAPSv02, in the same run.

The recordings are strung together into files of about a minute, as turns of talk are. Each side reads
the files from disk; each is the best of three runs. Processor time counts, of all processes started,
so that other work on the machine matters little; for openSMILE the time to import it is left out.

    pip install opensmile
    cargo build --release -p smes
    benches/cues/corpus.py FOLDER_OF_WAV_FILES [--program target/release/smes]
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import wave

REPEATS = 3
MINUTE = 60.0

OPENSMILE = """
import sys, time, opensmile
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
start = time.process_time()
for path in sys.argv[1:]:
    smile.process_file(path)
print(time.process_time() - start)
"""


def strung_together(files, folder):
    """Writes files of about a minute; gives their paths and their length in seconds."""
    paths, total, out, seconds = [], 0.0, None, 0.0
    for path in files:
        with wave.open(str(path)) as source:
            if out is None:
                paths.append(folder / f"{len(paths):03}.wav")
                out, seconds = wave.open(str(paths[-1]), "wb"), 0.0
                out.setparams(source.getparams())
            out.writeframes(source.readframes(source.getnframes()))
            seconds += source.getnframes() / source.getframerate()
        if seconds >= MINUTE:
            out.close()
            out, total = None, total + seconds
    if out is not None:
        out.close()
        total += seconds
    return paths, total


def smes_seconds(program, folder):
    """Processor seconds, seconds on the clock and peak memory in MB of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        command = [program, "--quiet", "cues", folder, "--out", f"{out}/cues.jsonl"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, wall, after.ru_maxrss / 1024


def opensmile_seconds(paths):
    printed = subprocess.run(
        [sys.executable, "-c", OPENSMILE, *map(str, paths)], check=True, capture_output=True, text=True
    ).stdout
    return float(printed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="target/release/smes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths, total = strung_together(sorted(options.folder.glob("*.wav")), pathlib.Path(folder))
        if not paths:
            sys.exit(f"no .wav files in `{options.folder}`")
        runs = [smes_seconds(options.program, folder) for _ in range(REPEATS)]
        smes, wall, memory = min(runs)
        smile = min(opensmile_seconds(paths) for _ in range(REPEATS))
    print(f"{len(paths)} files, {total:.0f} s of sound\n")
    print("| | processor seconds | times real time, one core | on the clock |")
    print("|---|---|---|---|")
    print(f"| smes cues, decoding and all | {smes:.2f} | {total / smes:.0f} | {total / wall:.0f} |")
    print(f"| openSMILE eGeMAPSv02 | {smile:.2f} | {total / smile:.0f} | |")
    print(f"\nPeak memory of smes: {memory:.0f} MB")


if __name__ == "__main__":
    main()
