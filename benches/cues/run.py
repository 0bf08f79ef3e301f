#!/usr/bin/env python3
"""Speed of the native voice cues beside Praat's F0, on the same recordings in the same run.

Files: all WAV files of the folder. Sound is decoded and resampled before the clock starts, on both
sides; each side is the best of three passes, on one thread.

    pip install praat-parselmouth
    cargo build --release -p smes-cues --example f0
    benches/cues/run.py FOLDER_OF_WAV_FILES [--program target/release/examples/f0]
"""

import argparse
import pathlib
import subprocess
import sys
import time

import parselmouth

REPEATS = 3
SAMPLE_RATE = 16_000


def praat_seconds(sounds, measure):
    """The best time of measuring all sounds."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        for sound in sounds:
            measure(sound)
        best = min(best, time.perf_counter() - start)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="target/release/examples/f0")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.wav"))
    if not files:
        sys.exit(f"no .wav files in `{options.folder}`")
    printed = subprocess.run(
        [options.program, "--speed", *map(str, files)], check=True, capture_output=True, text=True
    ).stdout
    total, cues, f0 = map(float, printed.split())
    sounds = [parselmouth.Sound(str(path)).resample(SAMPLE_RATE) for path in files]
    praat = praat_seconds(sounds, lambda sound: sound.to_pitch(time_step=0.01))
    print(f"{len(files)} files, {total:.1f} s of sound; Praat {parselmouth.PRAAT_VERSION}\n")
    print("| | seconds | times real time |")
    print("|---|---|---|")
    for name, seconds in [
        ("smes, all voice cues", cues),
        ("smes, F0 only", f0),
        ("Praat, F0 only", praat),
    ]:
        print(f"| {name} | {seconds:.2f} | {total / seconds:.0f} |")


if __name__ == "__main__":
    main()
