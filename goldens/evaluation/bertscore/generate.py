"""Expected BERTScore of random token vectors, by bert-score's `greedy_cos_idf`.

Run: python goldens/evaluation/bertscore/generate.py   (needs bert-score)
Writes expected.json and provenance.toml to crates/evaluation/tests/golden/bertscore. The first and the last
token of every text stand for the special tokens.
"""

import importlib.metadata
import json
import math
import pathlib
from collections import Counter

import torch
from bert_score.utils import greedy_cos_idf

SEED = 3
WIDTH = 6


def padded(texts, weights, width):
    longest = max(len(ids) for ids, _ in texts)
    vectors = torch.zeros(len(texts), longest, width)
    mask = torch.zeros(len(texts), longest)
    idf = torch.zeros(len(texts), longest)
    for row, (ids, values) in enumerate(texts):
        vectors[row, : len(ids)] = values
        mask[row, : len(ids)] = 1
        idf[row, : len(ids)] = torch.tensor([weights(i, ids, t) for t, i in enumerate(ids)])
    return vectors, mask, idf


def case(pairs, use_idf):
    refs = [ref for _, ref in pairs]
    n_with = Counter(i for ids, _ in refs for i in set(ids))
    n = len(refs)
    if use_idf:
        weights = lambda i, ids, t: math.log((n + 1) / (n_with.get(i, 0) + 1))  # noqa: E731
    else:
        weights = lambda i, ids, t: float(0 < t < len(ids) - 1)  # noqa: E731
    scores = []
    for hyp, ref in pairs:
        # One pair a call: padding would take part in the maximum with a cosine of 0.
        hyp_vectors, hyp_mask, hyp_idf = padded([hyp], weights, WIDTH)
        ref_vectors, ref_mask, ref_idf = padded([ref], weights, WIDTH)
        scores.append(greedy_cos_idf(ref_vectors, ref_mask, ref_idf, hyp_vectors, hyp_mask, hyp_idf))
    precision, recall, f1 = ([float(score[k][0]) for score in scores] for k in range(3))
    text = lambda one: {"ids": one[0], "values": one[1].flatten().tolist()}  # noqa: E731
    return {
        "idf": use_idf,
        "pairs": [[text(hyp), text(ref)] for hyp, ref in pairs],
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def main():
    torch.manual_seed(SEED)

    def text(n):
        ids = [100, *torch.randint(0, 20, (n,)).tolist(), 101]
        return ids, torch.randn(n + 2, WIDTH) + 0.8

    pairs = [(text(1 + i % 7), text(1 + (3 * i) % 9)) for i in range(12)] + [(text(0), text(3))]
    golden = {"cases": [case(pairs, False), case(pairs, True)]}
    root = pathlib.Path(__file__).resolve().parents[3]
    folder = root / "crates/evaluation/tests/golden/bertscore"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    (folder / "provenance.toml").write_text(
        'script = "goldens/evaluation/bertscore/generate.py"\n'
        f'reference = "bert-score {importlib.metadata.version("bert-score")}"\n'
        f"seed = {SEED}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
