"""Random scores before and after each LogitsProcessor of transformers, and after all that `generate` puts together.

Run from anywhere: python goldens/nn/processors/generate.py (needs torch, transformers, safetensors).
Each case has scores [N, V], outputs so far [N, T], sources [N, S] where needed, and the result, in
which a barred token is -1e30 (safetensors holds no infinity that is worth comparing).
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import BlenderbotSmallConfig, BlenderbotSmallForConditionalGeneration, GenerationConfig
from transformers.generation import logits_process as lp

import common

SEED = 3
N, V, T, S = 6, 23, 9, 12
EOS = 2


# As `GenerationSettings` reads them.
CHAINS = [
    {"decoding": {"method": "sample", "temperature": 0.7, "top_k": 8, "top_p": 0.8, "seed": 0}},
    {"decoding": {"method": "sample", "temperature": 1.9, "top_k": 12, "top_p": 0.6, "seed": 0}},
    {
        "decoding": {"method": "sample", "temperature": 0.5, "top_k": 9, "top_p": 0.9, "seed": 0},
        "repetition_penalty": 1.4,
        "no_repeat_ngram": 2,
        "encoder_no_repeat_ngram": 2,
        "barred": [3, 7, 22],
        "min_length": T + 2,
    },
    {
        "decoding": {"method": "sample", "temperature": 0.5, "top_p": 0.9, "seed": 0},
        "repetition_penalty": 0.8,
        "barred": [1],
        "max_length": T + 1,
        "forced_eos": True,
    },
]


def chain(model, settings, source):
    """What `generate` applies to the scores, in its order."""
    decoding = settings["decoding"]
    config = GenerationConfig(
        do_sample=True,
        temperature=decoding["temperature"],
        top_k=decoding.get("top_k", 0),
        top_p=decoding["top_p"],
        repetition_penalty=settings.get("repetition_penalty", 1.0),
        no_repeat_ngram_size=settings.get("no_repeat_ngram", 0),
        encoder_no_repeat_ngram_size=settings.get("encoder_no_repeat_ngram", 0),
        bad_words_ids=[[token] for token in settings["barred"]] if "barred" in settings else None,
        min_length=settings["min_length"],
        max_length=settings["max_length"],
        forced_eos_token_id=EOS if settings["forced_eos"] else None,
        eos_token_id=EOS,
        decoder_start_token_id=1,
    )
    model._prepare_special_tokens(config, kwargs_has_attention_mask=True, device="cpu")
    return model._get_logits_processor(config, input_ids_seq_length=T, encoder_input_ids=source, device="cpu")


def main():
    torch.manual_seed(SEED)
    cases, tensors = [], {}

    def case(name, processor, outputs, scores, **settings):
        key = f"{len(cases)}"
        result = processor(outputs, scores.clone())
        tensors[f"{key}.outputs"] = outputs.float()
        tensors[f"{key}.scores"] = scores
        tensors[f"{key}.result"] = torch.clamp(result, min=-1e30)
        cases.append({"name": name, **settings})
        return key

    def scores():
        return torch.randn(N, V) * 3

    def outputs(length=T, n_kinds=5):
        # Few kinds of tokens, so that runs do come twice.
        return torch.randint(0, n_kinds, (N, length))

    for penalty in [1.3, 0.7]:
        processor = lp.RepetitionPenaltyLogitsProcessor(penalty)
        case("repetition_penalty", processor, outputs(), scores(), value=penalty)
    for n in [1, 2, 3]:
        processor = lp.NoRepeatNGramLogitsProcessor(n)
        case("no_repeat_ngram", processor, outputs(), scores(), value=n)
        case("no_repeat_ngram", processor, outputs(1), scores(), value=n)
    for n in [1, 2, 3]:
        source = torch.randint(0, 5, (N, S))
        processor = lp.EncoderNoRepeatNGramLogitsProcessor(n, source)
        key = case("encoder_no_repeat_ngram", processor, outputs(), scores(), value=n)
        tensors[f"{key}.sources"] = source.float()
    processor = lp.NoBadWordsLogitsProcessor([[3], [7], [22]], torch.tensor([EOS]))
    case("barred_tokens", processor, outputs(), scores(), tokens=[3, 7, 22])
    for length in [T, T + 1]:
        processor = lp.MinLengthLogitsProcessor(length, EOS)
        case("min_length", processor, outputs(), scores(), value=length)
    for length in [T + 1, T + 2]:
        processor = lp.ForcedEOSTokenLogitsProcessor(length, EOS)
        case("forced_eos", processor, outputs(), scores(), value=length)
    for temperature in [0.7, 1.9]:
        case(
            "temperature",
            lp.TemperatureLogitsWarper(temperature),
            outputs(),
            scores(),
            value=temperature,
        )
    for k in [1, 4, V, V + 5]:
        case("top_k", lp.TopKLogitsWarper(k), outputs(), scores(), value=k)
    for p in [0.05, 0.5, 0.9, 0.99]:
        case("top_p", lp.TopPLogitsWarper(p), outputs(), scores(), value=p)
        barred = scores()
        barred[:, ::2] = float("-inf")
        case("top_p", lp.TopPLogitsWarper(p), outputs(), torch.clamp(barred, min=-1e30), value=p)
    tiny = {"d_model": 4, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 4, "decoder_ffn_dim": 4}
    heads = {"encoder_attention_heads": 1, "decoder_attention_heads": 1}
    model = BlenderbotSmallForConditionalGeneration(BlenderbotSmallConfig(vocab_size=V, **tiny, **heads))
    for settings in CHAINS:
        settings = {"min_length": 0, "max_length": 4 * T, "forced_eos": False} | settings
        source = torch.randint(0, 5, (N, S))
        key = case("chain", chain(model, settings, source), outputs(), scores(), settings=settings)
        tensors[f"{key}.sources"] = source.float()
    folder = common.write("processors", "processors/generate.py", tensors, SEED)
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


main()
