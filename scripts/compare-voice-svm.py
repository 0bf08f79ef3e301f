#!/usr/bin/env python3
"""Holds the voice model of smes against a support vector machine on openSMILE's eGeMAPSv02.

Both judge each speaker of EmoDB by a model that never heard them. The machine is linear, its cost
chosen by leaving out each of the training speakers in turn; once with features standardised over the
training speakers, and once standardised within each speaker, which needs all of a speaker's
recordings beforehand. Controls: the most frequent emotion, and chance. Digital silence at the ends is
left out. Of smes the script reads `predictions.jsonl` of a run of `smes train recipes/voice.toml`.

    pip install opensmile scikit-learn
    scripts/compare-voice-svm.py DATA/emodb/wav --predictions runs/voice-1/predictions.jsonl
"""

import argparse
import json
import pathlib
import subprocess

import numpy
import opensmile
from sklearn.metrics import accuracy_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SAMPLE_RATE = 16_000
COSTS = (0.003, 0.01, 0.03, 0.1, 0.3)


def decode(path):
    """Samples at 16 kHz, mono, without digital silence at the ends."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(SAMPLE_RATE)]
    raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    samples = numpy.frombuffer(raw, dtype=numpy.float32)
    sounding = numpy.flatnonzero(samples)
    return samples[sounding[0] : sounding[-1] + 1]


def features(files):
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    rows = [smile.process_signal(decode(path), SAMPLE_RATE).iloc[0].to_numpy() for path in files]
    return numpy.nan_to_num(numpy.array(rows))


def within_speakers(rows, speakers):
    """Each feature with mean 0 and deviation 1 within each speaker."""
    out = rows.copy()
    for speaker in set(speakers):
        own = speakers == speaker
        out[own] = (rows[own] - rows[own].mean(0)) / (rows[own].std(0) + 1e-9)
    return out


def machine(cost):
    return make_pipeline(StandardScaler(), SVC(C=cost, kernel="linear", class_weight="balanced"))


def leave_speakers_out(rows, labels, speakers, cost):
    found = numpy.empty_like(labels)
    for speaker in sorted(set(speakers)):
        own = speakers == speaker
        found[own] = machine(cost).fit(rows[~own], labels[~own]).predict(rows[own])
    return found


def nested(rows, labels, speakers):
    """Judgements about each speaker, the cost chosen on the others."""
    found = numpy.empty_like(labels)
    for speaker in sorted(set(speakers)):
        own = speakers == speaker
        inner = (rows[~own], labels[~own], speakers[~own])

        def recall(cost):
            return recall_score(inner[1], leave_speakers_out(*inner, cost), average="macro")

        cost = max(COSTS, key=recall)
        found[own] = machine(cost).fit(rows[~own], labels[~own]).predict(rows[own])
    return found


def of_smes(path, files):
    """The most likely emotion of each file, as the letter of its name, clean condition."""
    letters = dict(anger="W", boredom="L", disgust="E", fear="A", joy="F", sadness="T", neutral="N")
    found = {}
    for line in path.read_text().splitlines():
        line = json.loads(line)
        if line["condition"] == "clean":
            shares = line["probabilities"]
            found[line["recording"]] = letters[max(shares, key=shares.get)] if shares else "?"
    return numpy.array([found[path.stem] for path in files])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--predictions", type=pathlib.Path)
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.wav"))
    labels = numpy.array([path.name[5] for path in files])
    speakers = numpy.array([path.name[:2] for path in files])
    rows = features(files)
    common = max(set(labels), key=list(labels).count)
    found = {
        "always the most frequent emotion": numpy.full_like(labels, common),
        "SVM, openSMILE eGeMAPSv02": nested(rows, labels, speakers),
        "SVM, the same, standardised within speakers": nested(
            within_speakers(rows, speakers), labels, speakers
        ),
    }
    if options.predictions:
        found["smes"] = of_smes(options.predictions, files)
    print(f"{len(files)} recordings, {len(set(speakers))} speakers, each left out once\n")
    print("| | mean recall | accuracy |")
    print("|---|---|---|")
    for name, judged in found.items():
        recall = recall_score(labels, judged, average="macro", labels=sorted(set(labels)))
        print(f"| {name} | {100 * recall:.1f} % | {100 * accuracy_score(labels, judged):.1f} % |")


if __name__ == "__main__":
    main()
