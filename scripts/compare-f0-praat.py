#!/usr/bin/env python3
"""Compares the F0 contours of smes with Praat's on recordings of speech.

Files: the folder's WAV files sorted by name, every 10th from the first, 40 of them at most. Praat
reads the file at its own sample rate (`Sound.to_pitch(time_step=0.01)`: 75-600 Hz); smes decodes
it to 16 kHz as it does any clip. Each frame of smes is held against Praat's frame nearest in time,
which lies at most half a step (5 ms) away.

    pip install praat-parselmouth
    cargo build --release -p smes-cues --example f0
    scripts/compare-f0-praat.py FOLDER_OF_WAV_FILES [--program target/release/examples/f0]

Exit status 1 when fewer than 90 % of the commonly voiced frames agree within 5 %.
"""

import argparse
import collections
import pathlib
import subprocess
import sys

import parselmouth

STEP_S = 0.01
TOLERANCE = 0.05
TARGET = 0.90


def smes_contours(program, files):
    """The F0 of every frame of every file: {file: [(seconds, hertz or 0)]}."""
    printed = subprocess.run(
        [program, *map(str, files)], check=True, capture_output=True, text=True
    ).stdout
    contours = collections.defaultdict(list)
    for line in printed.splitlines():
        path, seconds, hertz = line.split("\t")
        contours[path].append((float(seconds), float(hertz)))
    return contours


def compare(contour, path):
    """Counts over one file."""
    pitch = parselmouth.Sound(str(path)).to_pitch(time_step=STEP_S)
    reference = pitch.selected_array["frequency"]
    counts = collections.Counter()
    for seconds, ours in contour:
        index = round((seconds - pitch.x1) / pitch.dx)
        if not 0 <= index < len(reference):
            continue
        theirs = reference[index]
        counts["frames"] += 1
        counts["voicing_agrees"] += (ours > 0) == (theirs > 0)
        counts["praat_voiced"] += theirs > 0
        counts["smes_voiced"] += ours > 0
        if ours > 0 and theirs > 0:
            ratio = ours / theirs
            counts["both_voiced"] += 1
            counts["within"] += abs(ratio - 1) <= TOLERANCE
            counts["octave"] += ratio > 1.8 or ratio < 1 / 1.8
    return counts


def row(name, counts):
    both, frames = max(counts["both_voiced"], 1), max(counts["frames"], 1)
    return (
        f"| {name} | {counts['files']} | {counts['frames']} | {counts['both_voiced']} "
        f"| {100 * counts['within'] / both:.2f} % | {100 * counts['octave'] / both:.2f} % "
        f"| {100 * counts['voicing_agrees'] / frames:.2f} % "
        f"| {100 * counts['smes_voiced'] / frames:.1f} % "
        f"| {100 * counts['praat_voiced'] / frames:.1f} % |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="target/release/examples/f0")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.wav"))[::10][:40]
    if not files:
        sys.exit(f"no .wav files in `{options.folder}`")
    contours = smes_contours(options.program, files)
    groups = collections.defaultdict(collections.Counter)
    for path in files:
        counts = compare(contours[str(path)], path)
        counts["files"] = 1
        # EmoDB names begin with the two digits of the actor.
        groups[f"actor {path.name[:2]}"].update(counts)
        groups["all"].update(counts)
    total = groups.pop("all")
    print(f"Praat {parselmouth.PRAAT_VERSION} (parselmouth {parselmouth.__version__})\n")
    print(
        "| | files | frames | voiced in both | F0 within 5 % | off by an octave "
        "| voicing agrees | voiced: smes | voiced: Praat |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in sorted(groups):
        print(row(name, groups[name]))
    print(row("**all**", total))
    if total["within"] < TARGET * total["both_voiced"] or total["both_voiced"] == 0:
        sys.exit(1)


if __name__ == "__main__":
    main()
