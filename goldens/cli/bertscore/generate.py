"""Expected BERTScore by the package bert-score, of a random small BERT and of the embedded MiniLM.

Run: python goldens/cli/bertscore/generate.py   (needs bert-score, transformers, torch, safetensors)
Writes a model folder, expected.json and provenance.toml to crates/cli/tests/golden/bertscore. The texts are
invented. MiniLM is the frozen encoder of models/starter, its 16-bit weights widened.
"""

import importlib.metadata
import json
import pathlib
import tempfile

import torch
from bert_score import BERTScorer
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[3]
TARGET = ROOT / "crates/cli/tests/golden/bertscore"
SEED = 4
PAIRS = [
    ("That sounds hard.", "That must be hard for you."),
    ("Go on.", "Take your time, and go on when you want to."),
    ("I hear you, and I am here.", "I hear you, and I am here."),
    ("What happened then?", "A calm voice, a still face."),
]
SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
}


def small_tokenizer():
    words = sorted({w for pair in PAIRS for text in pair for w in text.lower().replace(",", " ,").replace(".", " .").replace("?", " ?").split()})
    vocab = {word: idx for idx, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **SPECIAL), len(vocab)


def scores(folder, layer, idf):
    scorer = BERTScorer(model_type=str(folder), num_layers=layer, idf=idf, idf_sents=[r for _, r in PAIRS], batch_size=1)
    found = [scorer.score([h], [r]) for h, r in PAIRS]
    return [[float(part[0]) for part in one] for one in found]


def minilm(folder):
    files = [p for p in (ROOT / "models/starter").glob("*.safetensors")]
    weights = {}
    for file in files:
        for name, tensor in load_file(file).items():
            name = name.removeprefix("encoder.") if name.startswith("encoder.e") else name
            if name.startswith(("embeddings.", "encoder.layer.")):
                weights[name] = tensor.float()
    # The word table is stored as whole numbers with a scale a row.
    scale = weights.pop("embeddings.word_embeddings.weight.scale", None)
    if scale is not None:
        weights["embeddings.word_embeddings.weight"] *= scale.reshape(-1, 1)
    config = BertConfig(
        vocab_size=weights["embeddings.word_embeddings.weight"].shape[0],
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    model = BertModel(config, add_pooling_layer=False)
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
    model.save_pretrained(folder)
    tokenizer = Tokenizer.from_file(str(ROOT / "models/starter/tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=128, **SPECIAL).save_pretrained(folder)


def main():
    torch.manual_seed(SEED)
    folder = TARGET / "model"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, n_words = small_tokenizer()
    config = BertConfig(
        vocab_size=n_words,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "tokenizer_config.json").unlink(missing_ok=True)
    with (folder / "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        small = [{"layer": layer, "idf": idf, "scores": scores(scratch, layer, idf)} for layer in (1, 2) for idf in (False, True)]
    with tempfile.TemporaryDirectory() as scratch:
        minilm(scratch)
        starter = [{"layer": layer, "idf": False, "scores": scores(scratch, layer, False)} for layer in (3, 6)]
    golden = {"pairs": PAIRS, "small": small, "starter": starter}
    (TARGET / "expected.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    packages = ["bert-score", "transformers", "torch"]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    (TARGET / "provenance.toml").write_text(
        f'script = "goldens/cli/bertscore/generate.py"\nreference = "{versions}"\nseed = {SEED}\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
