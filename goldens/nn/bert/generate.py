"""A tiny random BERT, every stage of its forward pass and the gradients of a loss.

Run from anywhere: python goldens/nn/bert/generate.py (needs torch, transformers, safetensors).
The loss is sum(pooled * target), pooled being the mean over visible tokens.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import BertConfig, BertModel

import common

SEED = 11
CONFIG = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 72,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}
LENGTHS = [9, 4, 1, 7]


def main():
    torch.manual_seed(SEED)
    model = BertModel(BertConfig(**CONFIG, attn_implementation="eager"), add_pooling_layer=False)
    model.eval()
    with torch.no_grad():
        # The default start (deviation 0.02, zero biases) would hide a forgotten bias or scale.
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    tensors = {f"param.{name}": value.clone() for name, value in model.named_parameters()}

    longest = max(LENGTHS)
    ids = torch.randint(1, CONFIG["vocab_size"], (len(LENGTHS), longest))
    mask = torch.zeros_like(ids)
    for row, length in enumerate(LENGTHS):
        mask[row, :length] = 1
        ids[row, length:] = 0
    out = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    visible = mask.unsqueeze(-1).float()
    pooled = (out.last_hidden_state * visible).sum(1) / visible.sum(1)
    target = torch.randn_like(pooled)
    (pooled * target).sum().backward()

    tensors["input.token_ids"] = ids.float()
    tensors["input.attention_mask"] = mask.float()
    tensors["input.target"] = target
    for stage, hidden in enumerate(out.hidden_states):
        # Padding rows are meaningless: zero on both sides.
        tensors[f"stage.{stage}"] = hidden * visible
    tensors["stage.pooled"] = pooled
    for name, parameter in model.named_parameters():
        tensors[f"gradient.{name}"] = parameter.grad
    folder = common.write("bert", "bert/generate.py", tensors, SEED)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")


main()
