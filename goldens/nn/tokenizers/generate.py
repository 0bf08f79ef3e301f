"""Both Blenderbot tokenizers on 5,000 generated strings, with invented vocabularies.

Run from anywhere: python goldens/nn/tokenizers/generate.py (needs transformers, tokenizers).
The published vocabularies are not free to copy here, so two small ones are learned from invented
words; their quirks are the published ones' (`.` `,` `'` only at the end of a word, no `(` at all).
Nothing of the Rust code is used: the byte-pair encoding below is learned by a few plain lines.
"""

import collections
import json
import platform
import random
from pathlib import Path

import tokenizers
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BlenderbotSmallTokenizer, BlenderbotTokenizer

SEED = 17
N_TEXTS = 5000
N_MERGES = 700
FIRST = ["__null__", "__start__", "__end__", "__unk__", "__newln__"]
ADDED = ["[Open question]", "[Others]", "[sys_neutral]", "[sys_sadness]", "[sep_emotion]",
         "[anger]", "[fear]"]
FOLDER = Path(__file__).resolve().parents[3] / "crates" / "nn" / "tests" / "golden" / "tokenizers"

ONSETS = ["b", "br", "c", "ch", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "pl", "r", "s",
          "sh", "st", "t", "th", "tr", "v", "w", "y", "z", ""]
VOWELS = ["a", "e", "i", "o", "u", "ea", "ou", "ai", "oo"]
CODAS = ["", "", "", "n", "r", "s", "t", "l", "ng", "st", "ck", "m"]
NASTY = ["\n", "\r\n", "\t", " ", "  ", "\u00a0", "\u2028", "\u3000", "\u200b", "\x1c", "\x85",
         "'", "''", "'\n", " ' ", "\"", ".", "...", "!?", "(", ")", "(x)", ":", ";", "-", "--", "%",
         "/", "[", "]", "<i>", "</w>", "@@", "@@ ", "x@@", "\u2019", "\u201c", "\u2014", "\u00e9",
         "e\u0301", "\u00c9", "\u0130", "I\u0307", "\u00df", "\u1e9e", "\u03a3", "\u039f\u03a3",
         "\u03a3a", "\ufb01", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\ufe0f",
         "\u65e5\u672c\u8a9e", "\ud55c\uad6d", "\u0627\u0644", "\u0e01\u0e33", "0", "42", "3.14",
         "5:30", "p.m.", "U.S.A.", "don't", "'tis", "__newln__", "__unk__", "__end__", "__start__x",
         "__null__", "__UNK__", "[anger", "anger]", "[Anger]", "[open question]", "[[fear]]",
         "</s>", "<pad>", "<s>", "<unk>", "<mask>", "\x00", "a\x00b", "\ufeff", "\uffff"]


def invented_words(rng, count):
    words = set()
    while len(words) < count:
        syllables = rng.randint(1, 3)
        words.add("".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
                          for _ in range(syllables)))
    return sorted(words)


def learn(counts, n_merges):
    """Byte-pair encoding of words with counts; the last symbol of a word carries `</w>`."""
    words = {word: [*word[:-1], word[-1] + "</w>"] for word in counts}
    merges = []
    while len(merges) < n_merges:
        pairs = collections.Counter()
        for word, symbols in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, symbols in words.items():
            idx, merged = 0, []
            while idx < len(symbols):
                if tuple(symbols[idx:idx + 2]) == best:
                    merged.append("".join(best))
                    idx += 2
                else:
                    merged.append(symbols[idx])
                    idx += 1
            words[word] = merged
    return merges


def small_vocabulary(rng, words):
    counts = {word: 1 + 3000 // (rank + 3) for rank, word in enumerate(words)}
    counts["__newln__"] = 5000
    merges = learn(counts, N_MERGES)
    symbols = {symbol for pair in merges for symbol in (*pair, "".join(pair))}
    tokens = {s[:-4] if s.endswith("</w>") else s + "@@" for s in symbols}
    tokens |= set(".,'!?0123456789") | {"\u00e9", "\u65e5", "..", "x"} | set("abcdefghijklmnopqrstuvwxyz")
    tokens -= set(FIRST)
    tokens = sorted(tokens)
    rng.shuffle(tokens)
    return FIRST + tokens, merges


def byte_vocabulary(rng, words):
    texts = [" ".join(rng.choices(words, k=12)) + rng.choice([".", "!", "?", ", don't"])
             for _ in range(2000)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=900, show_progress=False, special_tokens=["<pad>", "<s>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    return vocabulary, [tuple(pair) for pair in model["merges"]]


def save(folder, vocabulary, merges):
    folder.mkdir(parents=True, exist_ok=True)
    ids = {token: idx for idx, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(ids, indent=0, ensure_ascii=False) + "\n")
    lines = ["#version: 0.2"] + [" ".join(pair) for pair in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")


def text(rng, words):
    parts = []
    for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 13])):
        kind = rng.random()
        word = rng.choice(words)
        if kind < 0.5:
            parts.append(rng.choice([word, word.capitalize(), word.upper()]))
        elif kind < 0.75:
            parts.append(rng.choice(NASTY))
        elif kind < 0.85:
            parts.append(rng.choice(ADDED))
        elif kind < 0.95:
            parts.append(word + rng.choice([".", ",", "!", "?", "'s", ".The", "-", ":", "\n"]))
        else:
            parts.append("".join(chr(rng.choice([rng.randint(1, 0x2ff), rng.randint(0x300, 0xd7ff),
                                                 rng.randint(0x10000, 0x1ffff)]))
                                 for _ in range(rng.randint(1, 6))))
        parts.append(rng.choice([" ", " ", " ", ""]))
    return "".join(parts)


def main():
    rng = random.Random(SEED)
    words = invented_words(rng, 500)
    save(FOLDER / "small", *small_vocabulary(rng, words))
    save(FOLDER / "byte-level", *byte_vocabulary(rng, words))
    small = BlenderbotSmallTokenizer(FOLDER / "small" / "vocab.json",
                                     FOLDER / "small" / "merges.txt")
    vocabulary = json.loads((FOLDER / "byte-level" / "vocab.json").read_text())
    merges = (FOLDER / "byte-level" / "merges.txt").read_text().split("\n")[1:-1]
    # The class wants a mask token, which the published vocabulary need not have.
    unknown = tokenizers.AddedToken("<unk>", normalized=False, special=True)
    byte_level = BlenderbotTokenizer(vocab=vocabulary, merges=[tuple(m.split()) for m in merges],
                                     mask_token=unknown)
    for tokenizer in (small, byte_level):
        tokenizer.add_tokens(ADDED, special_tokens=True)
    with (FOLDER / "texts.jsonl").open("w") as out:
        for _ in range(N_TEXTS):
            sample = text(rng, words)
            ids = [t.encode(sample, add_special_tokens=False) for t in (small, byte_level)]
            assert max(ids[0], default=0) < len(small) and max(ids[1], default=0) < len(byte_level)
            row = {"text": sample, "small": ids[0], "bytes": ids[1]}
            if rng.random() < 0.2:
                row["small_raw"] = small.decode(ids[0], clean_up_tokenization_spaces=False)
                row["small_words"] = small.decode(ids[0], skip_special_tokens=True,
                                                  clean_up_tokenization_spaces=True)
                row["bytes_raw"] = byte_level.decode(ids[1])
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    versions = {"python": platform.python_version(), "tokenizers": tokenizers.__version__,
                "transformers": transformers.__version__}
    lines = ['script = "goldens/nn/tokenizers/generate.py"', f"seed = {SEED}", "", "[versions]"]
    lines += [f'{name} = "{version}"' for name, version in sorted(versions.items())]
    (FOLDER / "provenance.toml").write_text("\n".join(lines) + "\n")


main()
