"""What `generate` of transformers makes of tiny models of both Blenderbot families.

Run from anywhere: python goldens/nn/generation/generate.py (needs torch, transformers, safetensors).
Writes for each family the weights, the configuration, and `cases.json`: settings, sources, the
tokens each output begins with, and the outputs without padding.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import (
    BlenderbotConfig,
    BlenderbotForConditionalGeneration,
    BlenderbotSmallConfig,
    BlenderbotSmallForConditionalGeneration,
)

import common

SEED = 29
CONFIG = {
    "vocab_size": 61,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "max_position_embeddings": 48,
    "activation_function": "gelu",
    "scale_embedding": True,
    "dropout": 0.1,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "init_std": 0.02,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "forced_eos_token_id": None,
    "tie_word_embeddings": True,
}
FAMILIES = {
    "generation_small": (BlenderbotSmallConfig, BlenderbotSmallForConditionalGeneration),
    "generation_large": (BlenderbotConfig, BlenderbotForConditionalGeneration),
}
LENGTHS = [9, 3, 14, 1, 6]
PREFIX = 3
N_LESSONS = 400
GREEDY = {"max_length": 20}
BEAM = {"max_length": 20, "num_beams": 4}
SETTINGS = [
    GREEDY,
    {"max_length": 12, "forced_eos_token_id": 2},
    {**GREEDY, "min_length": 15},
    {**GREEDY, "no_repeat_ngram_size": 2},
    {**GREEDY, "repetition_penalty": 1.4},
    {**GREEDY, "encoder_no_repeat_ngram_size": 1},
    {**GREEDY, "bad_words_ids": [[5], [17], [33]]},
    {
        **GREEDY,
        "repetition_penalty": 1.2,
        "no_repeat_ngram_size": 3,
        "bad_words_ids": [[9]],
        "min_length": 8,
        "forced_eos_token_id": 2,
    },
    BEAM,
    {**BEAM, "num_beams": 1, "length_penalty": 0.0},
    {**BEAM, "early_stopping": True},
    {**BEAM, "early_stopping": "never"},
    {**BEAM, "early_stopping": "never", "length_penalty": 0.0},
    {**BEAM, "length_penalty": 2.0},
    {**BEAM, "length_penalty": -1.0},
    {**BEAM, "num_beams": 10, "length_penalty": 0.65, "min_length": 10, "no_repeat_ngram_size": 3},
    {
        **BEAM,
        "early_stopping": True,
        "repetition_penalty": 1.2,
        "no_repeat_ngram_size": 2,
        "bad_words_ids": [[9], [40]],
        "min_length": 6,
        "forced_eos_token_id": 2,
        "max_length": 14,
    },
]


def taught_model(family, config):
    """A model taught, badly, to say its source backwards: random weights alone would repeat one
    token for ever, and no beam would ever overtake another."""
    torch.manual_seed(SEED)
    model = family(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
        # The buffer is not taught; random, lest it be forgotten unseen.
        model.final_logits_bias.add_(torch.randn_like(model.final_logits_bias) * 0.2)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(N_LESSONS):
        length = int(torch.randint(1, 15, ()))
        source = torch.randint(3, CONFIG["vocab_size"], (16, length))
        answer = torch.cat([source.flip(1), torch.full((16, 1), CONFIG["eos_token_id"])], 1)
        model(input_ids=source, labels=answer).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    return model.eval()


def trimmed(ids):
    """Up to the end token; what follows fills the row."""
    ids = ids.tolist()
    eos = CONFIG["eos_token_id"]
    return ids[: ids.index(eos) + 1] if eos in ids else ids


def main():
    for name, (config_class, family) in FAMILIES.items():
        model = taught_model(family, config_class(**CONFIG))
        longest = max(LENGTHS)
        sources = torch.randint(3, CONFIG["vocab_size"], (len(LENGTHS), longest))
        mask = torch.zeros_like(sources)
        for row, length in enumerate(LENGTHS):
            mask[row, :length] = 1
            sources[row, length:] = CONFIG["pad_token_id"]
        begun = torch.randint(3, CONFIG["vocab_size"], (len(LENGTHS), 1 + PREFIX))
        begun[:, 0] = CONFIG["decoder_start_token_id"]
        cases = []
        for settings in SETTINGS:
            for prefix in [begun[:, :1], begun]:
                out = model.generate(
                    input_ids=sources,
                    attention_mask=mask,
                    decoder_input_ids=prefix,
                    do_sample=False,
                    **settings,
                )
                outputs = [trimmed(row) for row in out]
                cases.append({"settings": settings, "begun": prefix.tolist(), "outputs": outputs})
        rows = [sources[row, :length].tolist() for row, length in enumerate(LENGTHS)]
        tensors = {key: value.clone() for key, value in model.state_dict().items()}
        shared = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
        tensors = {key: value for key, value in tensors.items() if not key.endswith(shared)}
        folder = common.write(name, "generation/generate.py", tensors, SEED)
        (folder / "config.json").write_text(model.config.to_json_string(use_diff=False))
        text = json.dumps({"sources": rows, "cases": cases})
        (folder / "cases.json").write_text(text + "\n")
        lengths = sorted({len(output) for case in cases for output in case["outputs"]})
        print(name, "lengths", lengths)


main()
