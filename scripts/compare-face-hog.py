#!/usr/bin/env python3
"""The face model beside HOG features with a linear support vector machine, on the same faces.

Reads the run of a face model: which faces were found where, how they are split, and what the model said
of them. Crops each face from its photograph as the model does, describes it by histograms of oriented
gradients (N. Dalal and B. Triggs 2005) and fits a linear support vector machine; its C is chosen on
validation, as the model's epoch was. Also prints confidence intervals by drawing persons anew.

    pip install numpy pillow scikit-image scikit-learn
    scripts/compare-face-hog.py RUN DATA/faces
"""

import argparse
import json
import pathlib
import re

import numpy as np
from PIL import Image
from skimage.feature import hog
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.svm import LinearSVC

EXPRESSIONS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust"]
SIDE, MARGIN = 64, 1.15
STRENGTHS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
N_DRAWS = 2000


def crop(path, face):
    """The face of a photograph, 64 x 64; beyond the edges the photograph goes on as it ends."""
    picture = np.asarray(Image.open(path).convert("L"))
    left, top, side = face
    grown = side * MARGIN
    centre = np.array([left, top]) + side / 2
    around = int(np.ceil(grown))
    wide = Image.fromarray(np.pad(picture, around, mode="edge"))
    x, y = centre - grown / 2 + around
    return np.asarray(wide.resize((SIDE, SIDE), Image.BILINEAR, box=(x, y, x + grown, y + grown)))


def describe(face):
    return hog(face, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2-Hys")


def macro_f1(gold, found):
    present = sorted(set(gold))
    return f1_score(gold, found, average="macro", labels=present, zero_division=0)


def interval(persons, score, seed=1):
    """2.5 and 97.5 per cent of a score over persons drawn with replacement."""
    rng = np.random.default_rng(seed)
    names = sorted(set(persons))
    of = {name: np.flatnonzero(persons == name) for name in names}
    draws = []
    for _ in range(N_DRAWS):
        chosen = rng.choice(len(names), len(names))
        draws.append(score(np.concatenate([of[names[at]] for at in chosen])))
    return np.percentile(draws, [2.5, 97.5])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    options = parser.parse_args()
    lines = [json.loads(line) for line in open(options.run / "predictions.jsonl")]
    split = np.array([line["split"] for line in lines])
    gold = np.array([EXPRESSIONS.index(line["gold"]) for line in lines])
    features = np.stack([describe(crop(options.data / "images" / line["image"], line["face"])) for line in lines])
    train, validation, test = (split == name for name in ["train", "validation", "test"])
    best = None
    for strength in STRENGTHS:
        machine = LinearSVC(C=strength, class_weight="balanced", max_iter=5000)
        machine.fit(features[train], gold[train])
        score = macro_f1(gold[validation], machine.predict(features[validation]))
        print(f"C {strength}: validation macro-F1 {100 * score:.1f}")
        if best is None or score > best[0]:
            best = (score, strength, machine)
    print(f"chosen: C {best[1]}\n")
    ours = np.array(
        [max(range(6), key=lambda e: line["probabilities"][EXPRESSIONS[e]]) for line in lines if line["split"] == "test"]
    )
    systems = {
        "always the most frequent": np.full(test.sum(), np.bincount(gold[train]).argmax()),
        "HOG + linear SVM": best[2].predict(features[test]),
        "smes": ours,
    }
    true = gold[test]
    persons = np.array([re.sub(r"_?\d*\.\w+$", "", line["image"]) for line in lines if line["split"] == "test"])
    print("| | macro-F1 | 95 % | accuracy | " + " | ".join(EXPRESSIONS) + " |")
    print("|---|---|---|---|" + "---|" * 6)
    for name, found in systems.items():
        low, high = interval(persons, lambda at, found=found: macro_f1(true[at], found[at]))
        by_class = f1_score(true, found, average=None, labels=range(6), zero_division=0)
        cells = [macro_f1(true, found), None, accuracy_score(true, found), *by_class]
        words = [f"{100 * cell:.1f}" if cell is not None else f"{100 * low:.1f} to {100 * high:.1f}" for cell in cells]
        print(f"| {name} | " + " | ".join(words) + " |")
    other = systems["HOG + linear SVM"]
    low, high = interval(persons, lambda at: macro_f1(true[at], ours[at]) - macro_f1(true[at], other[at]))
    print(f"\nsmes above HOG + linear SVM, macro-F1: 95 % {100 * low:.1f} to {100 * high:.1f}")
    print("\nHOG + linear SVM, rows gold:\n", confusion_matrix(true, other, labels=range(6)))


if __name__ == "__main__":
    main()
