"""Expected values of agreement, by scikit-learn, statsmodels and krippendorff; and of McNemar's test.

Run: python goldens/evaluation/agreement/generate.py
Needs scikit-learn, statsmodels, krippendorff. Writes expected.json and provenance.toml to
crates/evaluation/tests/golden/agreement.
"""

import importlib.metadata
import json
import pathlib
import random
import warnings

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

SEED = 5


def finite(value):
    return float(value) if np.isfinite(value) else None


def ratings(rng, n_items, n_raters, n_classes, noise, holes):
    items = []
    for _ in range(n_items):
        truth = rng.choices(range(n_classes), [2**-c for c in range(n_classes)])[0]
        row = [truth if rng.random() > noise else rng.randrange(n_classes) for _ in range(n_raters)]
        items.append([None if rng.random() < holes else label for label in row])
    return items


def alphas(table):
    """Krippendorff's alpha for each scale; class numbers are the values."""
    values = range(int(np.nanmax(table)) + 1)
    keys = {"alpha": "nominal", "alpha_ordinal": "ordinal", "alpha_interval": "interval"}
    return {
        key: finite(krippendorff.alpha(table.T, level_of_measurement=level, value_domain=list(values)))
        for key, level in keys.items()
    }


def whole_case(items, n_classes):
    table = np.array(items)
    counts, _ = aggregate_raters(table, n_cat=n_classes)
    first, second = table[:, 0], table[:, 1]
    labels = list(range(n_classes))
    return {
        "items": items,
        "n_classes": n_classes,
        "cohen": finite(cohen_kappa_score(first, second, labels=labels)),
        "fleiss": finite(fleiss_kappa(counts, method="fleiss")),
        **alphas(table),
        # Specific agreement of two raters is the F1 of the label; nan for one that is absent.
        "label_agreement": [
            finite(value)
            for value in f1_score(first, second, labels=labels, average=None, zero_division=np.nan)
        ],
        "percent": float((first == second).mean()),
    }


def holes_case(items, n_classes):
    table = np.array([[np.nan if x is None else x for x in row] for row in items], dtype=float)
    return {"items": items, "n_classes": n_classes, **alphas(table)}


def main():
    warnings.simplefilter("ignore")
    rng = random.Random(SEED)
    whole = []
    for idx in range(12):
        n_classes, n_raters = rng.randint(2, 8), 2 + idx % 3
        whole.append(whole_case(ratings(rng, 10 + 15 * idx, n_raters, n_classes, 0.1 * idx / 2, 0), n_classes))
    holes = []
    for idx in range(8):
        n_classes = rng.randint(2, 8)
        holes.append(holes_case(ratings(rng, 30 + idx, 4, n_classes, 0.3, 0.1 * idx), n_classes))
    tests = [
        {"b": b, "c": c, "p": float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)}
        for b, c in [(0, 1), (1, 1), (5, 5), (10, 2), (2, 10), (40, 60), (120, 180), (300, 310)]
    ]
    golden = {"whole": whole, "holes": holes, "mcnemar": tests}
    root = pathlib.Path(__file__).resolve().parents[3]
    folder = root / "crates/evaluation/tests/golden/agreement"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    packages = ["scikit-learn", "statsmodels", "krippendorff"]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    (folder / "provenance.toml").write_text(
        'script = "goldens/evaluation/agreement/generate.py"\n'
        f'reference = "{versions}"\n'
        f"seed = {SEED}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
