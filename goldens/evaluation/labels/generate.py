"""Expected values of accuracy, F1, confusion, top-k accuracy and calibration, by scikit-learn and torchmetrics.

Run: python goldens/evaluation/labels/generate.py   (needs scikit-learn, torch, torchmetrics)
Writes expected.json and provenance.toml to crates/evaluation/tests/golden/labels. Labels are class indices; the cases are random with a fixed
seed, plus the corners: one class only, a class that is never predicted, one that is never gold.
"""

import json
import pathlib
import random

import sklearn
import torch
import torchmetrics
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)
from torchmetrics.functional.classification import multiclass_calibration_error


def case(name, gold, predicted):
    labels = sorted(set(gold) | set(predicted))
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, predicted, labels=labels, zero_division=0
    )
    return {
        "name": name,
        "gold": gold,
        "predicted": predicted,
        "accuracy": accuracy_score(gold, predicted),
        "macro_f1": f1_score(gold, predicted, average="macro", zero_division=0),
        "weighted_f1": f1_score(gold, predicted, average="weighted", zero_division=0),
        "micro_f1": f1_score(gold, predicted, average="micro", zero_division=0),
        "confusion": confusion_matrix(gold, predicted, labels=range(10)).tolist(),
        "per_class": [
            {
                "class": int(label),
                "precision": float(precision[idx]),
                "recall": float(recall[idx]),
                "f1": float(f1[idx]),
                "support": int(support[idx]),
            }
            for idx, label in enumerate(labels)
        ],
    }


def probabilities_case(name, n, n_classes, sharpness):
    raw = torch.tensor([[random.gauss(0, sharpness) for _ in range(n_classes)] for _ in range(n)])
    probs = torch.softmax(raw.double(), dim=1)
    gold = [random.choices(range(n_classes), row.tolist())[0] for row in probs]
    target = torch.tensor(gold)
    error = multiclass_calibration_error(probs, target, n_classes, n_bins=15, norm="l1")
    labels = list(range(n_classes))
    return {
        "name": name,
        "gold": gold,
        "probs": probs.tolist(),
        "top_k": [
            top_k_accuracy_score(gold, probs.numpy(), k=k, labels=labels) for k in range(1, n_classes)
        ],
        "calibration_error": float(error),
    }


def main():
    random.seed(7)
    cases = [
        case("one class only", [2, 2, 2], [2, 2, 2]),
        case("nothing right", [0, 1, 2], [1, 2, 0]),
        case("a class never predicted", [0, 0, 1, 2], [0, 0, 1, 1]),
        case("a class never gold", [0, 0, 1, 1], [0, 3, 1, 1]),
        case("constant against a rare class", [0] * 50 + [1], [0] * 51),
    ]
    for idx in range(20):
        n_classes = random.randint(2, 10)
        n = random.randint(1, 300)
        weights = [random.random() ** 3 + 0.01 for _ in range(n_classes)]
        gold = random.choices(range(n_classes), weights, k=n)
        predicted = [
            label if random.random() < 0.5 else random.randrange(n_classes) for label in gold
        ]
        cases.append(case(f"random {idx}", gold, predicted))
    with_probabilities = [
        probabilities_case(f"probabilities {idx}", 40 + 30 * idx, 3 + idx, 0.5 + idx)
        for idx in range(5)
    ]
    root = pathlib.Path(__file__).resolve().parents[3]
    folder = root / "crates/evaluation/tests/golden/labels"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text(json.dumps({"cases": cases, "probabilities": with_probabilities}) + "\n", encoding="utf-8")
    (folder / "provenance.toml").write_text(
        'script = "goldens/evaluation/labels/generate.py"\n'
        f'reference = "scikit-learn {sklearn.__version__}, torchmetrics {torchmetrics.__version__}"\n'
        "seed = 7\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
