#!/usr/bin/env python3
"""What cues are worth to the starter: two systems predicted over the same folds, compared.

    for i in 0 1 2 3; do
      for recipe in starter starter-cues; do
        smes train recipes/$recipe.toml --corpus corpora/mesc-folds/$i --out runs/cv-$recipe-$i
      done
      smes predict --corpus corpora/mesc-folds/$i --split test \\
        --reasoner starter:runs/cv-starter-$i/model --out words-$i.jsonl
      smes predict --corpus corpora/mesc-folds/$i --split test --cues video-llama \\
        --reasoner starter:runs/cv-starter-cues-$i/model --out cues-$i.jsonl
    done
    scripts/compare-cues.py --without words-*.jsonl --with cues-*.jsonl

Pools the test parts of all folds and prints accuracy and macro-F1 without and with, and the difference
with its 95 % interval: bootstrap over dialogues, 10,000 draws, seed 0. Needs numpy.
"""

import argparse
import json

import numpy as np

TASKS = ("user_emotion", "strategy", "system_emotion")


def load(paths):
    """Gold and predicted labels by (dialogue, utterance)."""
    rows = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            next(lines)
            for line in lines:
                row = json.loads(line)
                key = (row["dialogue"], row["utterance"])
                assert key not in rows, f"{path}: {key} stands in two folds"
                labels = {task: row["predicted"][task]["label"] for task in TASKS}
                rows[key] = (row["gold"], labels)
    return rows


def macro_f1(gold, found, labels):
    scores = []
    for label in labels:
        hit = np.sum((gold == label) & (found == label))
        total = np.sum(gold == label) + np.sum(found == label)
        if total:
            scores.append(2 * hit / total)
    return float(np.mean(scores))


def compare(task, without, with_, by_dialogue, draws):
    keys = list(without)
    gold = np.array([without[key][0][task] for key in keys])
    a = np.array([without[key][1][task] for key in keys])
    b = np.array([with_[key][1][task] for key in keys])
    labels = sorted(set(gold))
    groups = [np.array([i for i, key in enumerate(keys) if key[0] == name]) for name in by_dialogue]
    right_a = np.array([np.sum(a[rows] == gold[rows]) for rows in groups])
    right_b = np.array([np.sum(b[rows] == gold[rows]) for rows in groups])
    sizes = np.array([len(rows) for rows in groups])
    share = (right_b - right_a)[draws].sum(1) / sizes[draws].sum(1)
    low, high = 100 * np.quantile(share, [0.025, 0.975])
    majority = max(np.mean(gold == label) for label in labels)
    return {
        "task": task,
        "n": len(keys),
        "majority": 100 * majority,
        "without": 100 * np.mean(a == gold),
        "with": 100 * np.mean(b == gold),
        "difference": 100 * (np.mean(b == gold) - np.mean(a == gold)),
        "low": low,
        "high": high,
        "macro_f1_without": 100 * macro_f1(gold, a, labels),
        "macro_f1_with": 100 * macro_f1(gold, b, labels),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without", nargs="+", required=True, metavar="F")
    parser.add_argument("--with", nargs="+", required=True, metavar="F", dest="with_")
    args = parser.parse_args()
    without, with_ = load(args.without), load(args.with_)
    assert without.keys() == with_.keys(), "the two were predicted over different instances"
    names = sorted({dialogue for dialogue, _ in without})
    draws = np.random.default_rng(0).integers(0, len(names), (10_000, len(names)))
    print(f"{len(without)} instances of {len(names)} dialogues")
    print("| task | majority | without cues | with cues | difference | macro-F1 without | with |")
    print("|---|---|---|---|---|---|---|")
    for task in TASKS:
        row = compare(task, without, with_, names, draws)
        print(
            "| {task} | {majority:.2f} | {without:.2f} | {with:.2f} | {difference:+.2f} "
            "[{low:+.2f}, {high:+.2f}] | {macro_f1_without:.2f} | {macro_f1_with:.2f} |".format(**row)
        )


if __name__ == "__main__":
    main()
