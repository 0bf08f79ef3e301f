"""Greedy decoding in CTranslate2, of a BART with the shape of BlenderbotSmall 90M (CTranslate2 loads
BART but not BlenderbotSmall; layers, widths, heads and vocabulary are the same) and random weights.

    python benches/blenderbot/peer_ctranslate2.py int8|float32 --threads 2 [--repeats 5]

Prints one JSON object a measurement.
"""

import argparse
import json
import random
import resource
import tempfile
import time

import ctranslate2
import torch
from ctranslate2.converters import transformers as converters
from transformers import BartConfig, BartForConditionalGeneration

VOCABULARY, N_ENCODER, N_DECODER, BATCH = 54_969, 160, 40, 16


def convert(folder: str, precision: str) -> None:
    config = BartConfig(
        vocab_size=VOCABULARY, d_model=512, encoder_layers=8, decoder_layers=8,
        encoder_attention_heads=16, decoder_attention_heads=16, encoder_ffn_dim=2048,
        decoder_ffn_dim=2048, max_position_embeddings=512)
    config.normalize_before, config.normalize_embedding, config.add_final_layer_norm = False, True, False
    torch.manual_seed(0)
    spec = converters._MODEL_LOADERS["BartConfig"].get_model_spec(
        BartForConditionalGeneration(config).eval())
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = special + [f"t{i}" for i in range(VOCABULARY - len(special))]
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.config.bos_token, spec.config.eos_token = "<s>", "</s>"
    spec.config.unk_token, spec.config.decoder_start_token = "<unk>", "</s>"
    spec.validate()
    spec.optimize(quantization=None if precision == "float32" else precision)
    spec.save(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("precision", choices=("int8", "float32"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        convert(folder, options.precision)
        translator = ctranslate2.Translator(
            folder, device="cpu", intra_threads=options.threads, inter_threads=1,
            compute_type=options.precision)
        for batch in (1, BATCH):
            for _ in range(options.repeats):
                source = [[f"t{random.randint(5, 50_000)}" for _ in range(N_ENCODER)]
                          for _ in range(batch)]
                began, cpu = time.perf_counter(), time.process_time()
                found = translator.translate_batch(
                    source, beam_size=1, min_decoding_length=N_DECODER,
                    max_decoding_length=N_DECODER)
                seconds = time.perf_counter() - began
                assert all(len(one.hypotheses[0]) == N_DECODER for one in found)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(json.dumps({"batch": batch, "seconds": seconds,
                                  "cpu": time.process_time() - cpu, "peak_mb": peak}), flush=True)


if __name__ == "__main__":
    main()
