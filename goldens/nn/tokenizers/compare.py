"""Every line of MESC, tokenised by this project and by transformers; says how many agree.

SMES_DATA=... python goldens/nn/tokenizers/compare.py (needs transformers and cargo). The vocabulary is
learned from the lines themselves; with SMES_BLENDERBOT_SMALL the published one is used. Nothing of the data
is kept but a hash of transformers' ids by the learned vocabulary, for a test
(`crates/nn/tests/golden/tokenizers/mesc.toml`).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import transformers
from transformers import BlenderbotSmallTokenizer

ROOT = Path(__file__).resolve().parents[3]
SIZE = 4000


def texts():
    """Lines of the table as they stand, utterances among them; then the published texts with their cues."""
    mesc = Path(os.environ["SMES_DATA"]) / "mesc"
    lines = (mesc / "MESC.csv").read_bytes().decode("utf-8").split("\n")
    yield from (line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1]))
    for split in ("val.json", "test.json"):
        for dialogue in json.loads((mesc / split).read_text(encoding="utf-8")):
            yield from (turn["text"] for turn in dialogue["dialog"])


def fnv1a(ids):
    """As in `crates/nn/tests/it/tokenizers.rs`."""
    found = 0xCBF29CE484222325
    for number in (number for text in ids for number in [*text, 0xFFFFFFFF]):
        for byte in number.to_bytes(4, "little"):
            found = ((found ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return found


def keep(ids):
    """What the test compares with."""
    lines = [
        'script = "goldens/nn/tokenizers/compare.py"',
        f'transformers = "{transformers.__version__}"',
        f"n_texts = {len(ids)}",
        f"n_tokens = {sum(map(len, ids))}",
        f'fnv1a = "{fnv1a(ids):016x}"',
    ]
    (ROOT / "crates/nn/tests/golden/tokenizers/mesc.toml").write_text("\n".join(lines) + "\n")


def main():
    sample = list(texts())
    published = os.environ.get("SMES_BLENDERBOT_SMALL")
    with tempfile.TemporaryDirectory() as temporary:
        folder = published or temporary
        command = ["cargo", "run", "--quiet", "-p", "smes-nn", "--example", "tokenize", "--", folder]
        if not published:
            command += ["--train", str(SIZE)]
        lines = "".join(json.dumps(text) + "\n" for text in sample)
        run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True,
                             cwd=ROOT)
        found = [json.loads(line) for line in run.stdout.splitlines()]
        reference = BlenderbotSmallTokenizer(f"{folder}/vocab.json", f"{folder}/merges.txt")
        expected = [reference.encode(text, add_special_tokens=False) for text in sample]
    assert len(found) == len(expected) == len(sample)
    alike = sum(a == b for a, b in zip(found, expected))
    print(f"{alike} of {len(sample)} texts alike, {sum(map(len, found))} tokens")
    if not published:
        keep(expected)
    sys.exit(alike != len(sample))


main()
