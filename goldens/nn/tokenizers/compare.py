"""Every utterance of MESC, tokenised by this project and by transformers; says how many agree.

SMES_DATA=... python goldens/nn/tokenizers/compare.py [SIZE] (needs transformers and cargo). The
vocabulary is learned from the utterances themselves; with SMES_BLENDERBOT_SMALL the published one
is used. Nothing of the data is kept.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from transformers import BlenderbotSmallTokenizer

ROOT = Path(__file__).resolve().parents[3]


def texts():
    mesc = Path(os.environ["SMES_DATA"]) / "mesc"
    with (mesc / "MESC.csv").open(encoding="utf-8-sig", newline="") as rows:
        yield from (row["Utterance"] for row in csv.DictReader(rows))
    for split in ("val.json", "test.json"):
        for dialogue in json.loads((mesc / split).read_text(encoding="utf-8")):
            yield from (turn["text"] for turn in dialogue["dialog"])


def main():
    sample = list(texts())
    published = os.environ.get("SMES_BLENDERBOT_SMALL")
    with tempfile.TemporaryDirectory() as temporary:
        folder = published or temporary
        command = ["cargo", "run", "--quiet", "-p", "smes-nn", "--example", "tokenize", "--", folder]
        if not published:
            command += ["--train", sys.argv[1] if len(sys.argv) > 1 else "8000"]
        lines = "".join(json.dumps(text) + "\n" for text in sample)
        run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True,
                             cwd=ROOT)
        found = [json.loads(line) for line in run.stdout.splitlines()]
        reference = BlenderbotSmallTokenizer(f"{folder}/vocab.json", f"{folder}/merges.txt")
        expected = [reference.encode(text, add_special_tokens=False) for text in sample]
    assert len(found) == len(expected) == len(sample)
    alike = sum(a == b for a, b in zip(found, expected))
    print(f"{alike} of {len(sample)} texts alike, {sum(map(len, found))} tokens")
    sys.exit(alike != len(sample))


main()
