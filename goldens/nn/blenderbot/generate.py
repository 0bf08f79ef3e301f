"""Tiny random Blenderbots of both families: every stage, loss, gradients and what they generate.

Run from anywhere: python goldens/nn/blenderbot/generate.py (needs torch, transformers, safetensors).
Three cases: `small` as transformers 5 computes it (its decoder does not multiply embeddings by
sqrt(d_model)), `small-scaled` as transformers 4.2 and ParlAI did (a hook multiplies), and `large`
(pre-norm: 400M-distill, 3B). Sources and targets are of unequal lengths, so padding is in the batch.
"""

import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import (BlenderbotConfig, BlenderbotForConditionalGeneration,
                          BlenderbotSmallConfig, BlenderbotSmallForConditionalGeneration)

import common

SEED = 29
CONFIG = {
    "vocab_size": 61,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 56,
    "max_position_embeddings": 24,
    "activation_function": "gelu",
    "dropout": 0.1,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "init_std": 0.02,
    "scale_embedding": True,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
SOURCES = [9, 4, 1, 7]
TARGETS = [6, 3, 5, 1]
LEARNED = [12, 6, 20, 9]
N_STEPS = 40
MAX_LENGTH = 15


def rows(lengths, fill):
    batch = torch.full((len(lengths), max(lengths)), fill)
    for row, length in enumerate(lengths):
        batch[row, :length] = torch.randint(3, CONFIG["vocab_size"], (length,))
    return batch


def recorded(stack, name, stages):
    """Hooks that keep what enters the first layer and what leaves each."""
    hooks = [stack.layers[0].register_forward_pre_hook(
        lambda module, args, kwargs: stages.update(
            {f"{name}.0": args[0] if args else kwargs["hidden_states"]}), with_kwargs=True)]
    for idx, layer in enumerate(stack.layers):
        def keep(module, args, output, idx=idx):
            stages[f"{name}.{idx + 1}"] = output[0] if isinstance(output, tuple) else output
        hooks.append(layer.register_forward_hook(keep))
    return hooks


def learn(model, ids, mask):
    """Teaches a few random outputs: a model of random numbers repeats one token for ever."""
    labels = rows(LEARNED, -100)
    for row, length in enumerate(LEARNED):
        labels[row, length - 1] = CONFIG["eos_token_id"]
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(N_STEPS):
        optimizer.zero_grad()
        model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        optimizer.step()
    optimizer.zero_grad()


def padded(sequences):
    longest = max(len(row) for row in sequences)
    return torch.tensor([row + [0] * (longest - len(row)) for row in sequences])


def case(name, config, model, is_scaled):
    model.eval()
    with torch.no_grad():
        # The default start (deviation 0.02, zero biases) would hide a forgotten bias or scale.
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
        model.final_logits_bias.normal_(std=0.3)
    if is_scaled:
        model.model.decoder.embed_tokens.register_forward_hook(
            lambda module, args, output: output * math.sqrt(config["d_model"]))
    ids = rows(SOURCES, 0)
    mask = ids.ne(0).long()
    learn(model, ids, mask)
    tensors = {f"param.{key}": value.clone() for key, value in model.named_parameters()
               if key not in ("lm_head.weight",) and "embed_tokens" not in key}
    tensors["param.final_logits_bias"] = model.final_logits_bias.clone()

    labels = rows(TARGETS, -100)
    inputs = torch.cat([torch.full((len(TARGETS), 1), 1), labels[:, :-1].clamp(min=0)], 1)
    stages = {}
    hooks = recorded(model.model.encoder, "encoder", stages)
    hooks += recorded(model.model.decoder, "decoder", stages)
    out = model(input_ids=ids, attention_mask=mask, decoder_input_ids=inputs, labels=labels)
    out.loss.backward()
    for hook in hooks:
        hook.remove()

    visible, counted = (rows.unsqueeze(-1).float() for rows in (mask, labels.ge(0)))
    for stage, hidden in stages.items():
        # Padding rows are meaningless: zero on both sides.
        tensors[f"stage.{stage}"] = hidden * (visible if stage.startswith("encoder") else counted)
    tensors["stage.memory"] = out.encoder_last_hidden_state * visible
    tensors["stage.logits"] = out.logits * counted
    tensors["loss"] = out.loss
    for key, parameter in model.named_parameters():
        if f"param.{key}" in tensors:
            tensors[f"gradient.{key}"] = parameter.grad
    tensors["input.source"], tensors["input.mask"] = ids.float(), mask.float()
    tensors["input.target"] = labels.float()
    for beams in (1, 3):
        generated = model.generate(
            input_ids=ids, attention_mask=mask, num_beams=beams, do_sample=False,
            max_length=MAX_LENGTH, min_length=0, length_penalty=1.0, early_stopping=False,
            forced_eos_token_id=None)
        tensors[f"generated.{beams}"] = generated.float()
    # Each row alone, so that padding cannot have helped.
    alone = [model.generate(input_ids=ids[row:row + 1, :length], num_beams=1, do_sample=False,
                            max_length=MAX_LENGTH, min_length=0, forced_eos_token_id=None)[0].tolist()
             for row, length in enumerate(SOURCES)]
    tensors["generated.alone"] = padded(alone).float()
    folder = common.write(f"blenderbot/{name}", "blenderbot/generate.py", tensors, SEED)
    kind = "blenderbot" if name == "large" else "blenderbot-small"
    written = {"model_type": kind, **config, "scale_decoder_embedding": is_scaled}
    (folder / "config.json").write_text(json.dumps(written, indent=2) + "\n")


def main():
    torch.manual_seed(SEED)
    for name in ("small", "small-scaled"):
        config = BlenderbotSmallConfig(**CONFIG, attn_implementation="eager")
        case(name, CONFIG, BlenderbotSmallForConditionalGeneration(config), name != "small")
    config = BlenderbotConfig(**CONFIG, attn_implementation="eager")
    model = BlenderbotForConditionalGeneration(config)
    case("large", CONFIG, model, False)
    path = common.GOLDEN / "blenderbot" / "large" / "config.json"
    # This family's decoder multiplies in every version.
    path.write_text(path.read_text().replace('"scale_decoder_embedding": false',
                                             '"scale_decoder_embedding": true'))


main()
