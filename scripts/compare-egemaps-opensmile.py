#!/usr/bin/env python3
"""Holds the voice descriptors of smes against openSMILE's eGeMAPSv02 on recordings of speech.

Each recording is decoded to 16 kHz mono by ffmpeg, as smes does, and digital silence at its ends is
left out on both sides. The table gives, for each of the 88 functionals, the Pearson and Spearman
correlation over the recordings, and both means. Where the two differ most, formants and jitter, a
second table asks Praat, over every fourth recording.

    pip install opensmile praat-parselmouth scipy
    cargo build --release -p smes-cues --example f0
    scripts/compare-egemaps-opensmile.py FOLDER_OF_WAV_FILES [--program target/release/examples/f0]

Exit status 1 when the median Spearman correlation is below 0.75: coefficients of variation whose mean
is near zero have outliers that no Pearson correlation survives.
"""

import argparse
import csv
import pathlib
import subprocess
import sys
import warnings

import numpy
import opensmile
import parselmouth
from parselmouth.praat import call
from scipy import stats

SAMPLE_RATE = 16_000
N_GENEVA = 88
TARGET = 0.75
PRAAT_STEP = 4


def decode(path):
    """Samples at 16 kHz, mono, without digital silence at the ends."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLE_RATE)]
    raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    samples = numpy.frombuffer(raw, dtype=numpy.float32)
    sounding = numpy.flatnonzero(samples)
    return samples[sounding[0] : sounding[-1] + 1] if len(sounding) else samples


def smes_descriptors(program, files):
    """Names and one row of numbers a file, not-a-number where absent."""
    printed = subprocess.run(
        [program, "--descriptors", *map(str, files)], check=True, capture_output=True, text=True
    ).stdout
    rows = list(csv.reader(printed.splitlines(), delimiter="\t"))
    values = [[float(cell) if cell else numpy.nan for cell in row[1:]] for row in rows[1:]]
    return rows[0][1:], numpy.array(values)


def opensmile_functionals(files):
    """Names and one row of numbers a file."""
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    rows = [smile.process_signal(decode(path), SAMPLE_RATE).iloc[0].to_numpy() for path in files]
    return smile.feature_names, numpy.array(rows)


def praat_means(samples):
    """Formants 1 to 3 and the bandwidth of the first, Hz; local jitter; local shimmer, dB."""
    sound = parselmouth.Sound(samples.astype(float), SAMPLE_RATE)
    pitch = sound.to_pitch(time_step=0.01)
    formants = sound.to_formant_burg(0.01, 5, 5_500)
    times = pitch.xs()[pitch.selected_array["frequency"] > 0]
    means = [
        numpy.nanmean([formants.get_value_at_time(number, time) for time in times])
        for number in (1, 2, 3)
    ]
    means.append(numpy.nanmean([formants.get_bandwidth_at_time(1, time) for time in times]))
    points = call([sound, pitch], "To PointProcess (cc)")
    means.append(call(points, "Get jitter (local)", 0, 0, 1e-4, 0.02, 1.3))
    means.append(call([sound, points], "Get shimmer (local_dB)", 0, 0, 1e-4, 0.02, 1.3, 1.6))
    return means


def ask_praat(files, our_names, ours, theirs):
    """The second table."""
    reference = numpy.array([praat_means(decode(path)) for path in files[::PRAAT_STEP]])
    print(f"\n{len(reference)} files; Praat {parselmouth.PRAAT_VERSION}\n")
    print("| | mean: Praat | smes | openSMILE | Praat with smes | Praat with openSMILE |")
    print("|---|---|---|---|---|---|")
    names = ["f1", "f2", "f3", "f1_bandwidth", "jitter", "shimmer"]
    for column, name in enumerate(names):
        index = our_names.index(f"{name}.mean")
        praat = reference[:, column]
        a, b = ours[::PRAAT_STEP, index], theirs[::PRAAT_STEP, index]
        known = ~numpy.isnan(praat) & ~numpy.isnan(a)
        correlate = lambda x: stats.pearsonr(praat[known], x[known])[0]  # noqa: E731
        print(
            f"| {name} | {praat[known].mean():.4g} | {a[known].mean():.4g} | {b[known].mean():.4g} "
            f"| {correlate(a):.3f} | {correlate(b):.3f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="target/release/examples/f0")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.wav"))
    if not files:
        sys.exit(f"no .wav files in `{options.folder}`")
    our_names, ours = smes_descriptors(options.program, files)
    their_names, theirs = opensmile_functionals(files)
    print(f"{len(files)} files; openSMILE Python {opensmile.__version__}, eGeMAPSv02\n")
    print("| smes | openSMILE | Pearson | Spearman | mean, smes | mean, openSMILE |")
    print("|---|---|---|---|---|---|")
    correlations, ranks = [], []
    for index in range(N_GENEVA):
        known = ~numpy.isnan(ours[:, index])
        a, b = ours[known, index], theirs[known, index]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pearson, spearman = stats.pearsonr(a, b)[0], stats.spearmanr(a, b)[0]
        correlations.append(pearson)
        ranks.append(spearman)
        print(
            f"| {our_names[index]} | {their_names[index]} | {pearson:.3f} | {spearman:.3f} "
            f"| {a.mean():.4g} | {b.mean():.4g} |"
        )
    for name, found in [("Pearson", numpy.array(correlations)), ("Spearman", numpy.array(ranks))]:
        print(
            f"\n{name}: median {numpy.median(found):.3f}; at least 0.9 in {(found >= 0.9).sum()}, 0.8 "
            f"in {(found >= 0.8).sum()}, 0.5 in {(found >= 0.5).sum()} of {N_GENEVA}"
        )
    ask_praat(files, our_names, ours, theirs)
    if not numpy.median(ranks) >= TARGET:
        sys.exit(1)


if __name__ == "__main__":
    main()
