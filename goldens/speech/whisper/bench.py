"""The PyTorch side of crates/nn/examples/bench_whisper.rs: transformers' Whisper of base size, random weights.

Run: python goldens/speech/whisper/bench.py [TOKENS] (needs torch, transformers)
"""

import sys
import time

import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

ROUNDS = 5


def main():
    n_tokens = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    config = WhisperConfig(
        vocab_size=51865, num_mel_bins=80, d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
        decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048,
    )
    model = WhisperForConditionalGeneration(config).eval()
    mel = torch.zeros(1, 80, 3000)
    encoding, decoding = [], []
    with torch.inference_mode():
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            heard = model.model.encoder(mel)
            encoding.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            out = model(encoder_outputs=heard, decoder_input_ids=torch.tensor([[50258, 50259, 50359, 50363]]), use_cache=True)
            for token in range(n_tokens):
                out = model(
                    encoder_outputs=heard, decoder_input_ids=torch.tensor([[token]]),
                    past_key_values=out.past_key_values, use_cache=True,
                )
            decoding.append(time.perf_counter() - begun)
    print(f"encoder {min(encoding) * 1e3:.0f} ms, {n_tokens} tokens {min(decoding) * 1e3:.0f} ms (best of {ROUNDS})")


main()
