"""Expected values of the sign test, Wilson's interval and Holm's correction, by scipy and statsmodels.

Run: python goldens/evaluation/significance/generate.py   (needs scipy, statsmodels)
Writes expected.json and provenance.toml to crates/evaluation/tests/golden/significance: corners, and random cases
with a fixed seed.
"""

import json
import pathlib
import random

import scipy
import statsmodels
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def main():
    random.seed(7)
    pairs = [(1, 0), (0, 1), (3, 3), (10, 0), (64, 64), (900, 700), (2000, 1), (5, 3000)]
    pairs += [(random.randint(0, 200), random.randint(0, 200)) for _ in range(40)]
    sign = [
        {"wins": w, "losses": l, "p": binomtest(w, w + l, 0.5).pvalue} for w, l in pairs if w + l
    ]
    shares = [(0, 1), (1, 1), (0, 50), (50, 50), (1, 2), (333, 1000)]
    for _ in range(40):
        n = random.randint(1, 400)
        shares.append((random.randint(0, n), n))
    wilson = []
    for hits, n in shares:
        low, high = proportion_confint(hits, n, alpha=0.05, method="wilson")
        wilson.append({"hits": hits, "n": n, "low": float(low), "high": float(high)})
    lists = [[0.04], [1.0, 1.0], [0.01, 0.01, 0.5]]
    lists += [[random.random() ** 3 for _ in range(random.randint(1, 8))] for _ in range(20)]
    holm = [
        {"p": p, "adjusted": [float(a) for a in multipletests(p, method="holm")[1]]} for p in lists
    ]
    root = pathlib.Path(__file__).resolve().parents[3]
    folder = root / "crates/evaluation/tests/golden/significance"
    folder.mkdir(parents=True, exist_ok=True)
    expected = {"sign_test": sign, "wilson": wilson, "holm": holm}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
    (folder / "provenance.toml").write_text(
        'script = "goldens/evaluation/significance/generate.py"\n'
        'reference = "scipy, statsmodels"\n'
        f'version = "{scipy.__version__}, {statsmodels.__version__}"\n'
        "seed = 7\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
