"""BlenderbotSmall 90M with random weights in PyTorch: training steps or greedy decoding.

    python benches/blenderbot/peer_torch.py train|decode f32|bf16 --threads 2 [--repeats 5]

`train` runs with autocast to bf16 where asked (master weights and optimiser in f32), dropout 0.1,
AdamW and clipping; `decode` with weights in that type. Prints one JSON object a measurement.
"""

import argparse
import contextlib
import json
import resource
import time

import torch
from transformers import BlenderbotSmallConfig, BlenderbotSmallForConditionalGeneration

VOCABULARY, N_ENCODER, N_DECODER, BATCH = 54_969, 160, 40, 16


def model() -> BlenderbotSmallForConditionalGeneration:
    torch.manual_seed(0)
    return BlenderbotSmallForConditionalGeneration(BlenderbotSmallConfig(
        vocab_size=VOCABULARY, d_model=512, encoder_layers=8, decoder_layers=8,
        encoder_attention_heads=16, decoder_attention_heads=16, encoder_ffn_dim=2048,
        decoder_ffn_dim=2048, dropout=0.1))


def ids(rows: int, length: int) -> torch.Tensor:
    return torch.randint(5, 50_000, (rows, length))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def train(precision: str, repeats: int) -> None:
    net = model().train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-5)
    cast = (torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bf16"
            else contextlib.nullcontext())
    for _ in range(repeats):
        source, target = ids(BATCH, N_ENCODER), ids(BATCH, N_DECODER)
        began, cpu = time.perf_counter(), time.process_time()
        with cast:
            loss = net(input_ids=source, labels=target).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
                          "peak_mb": peak_mb()}), flush=True)


def decode(precision: str, repeats: int) -> None:
    net = model().eval()
    if precision == "bf16":
        net = net.bfloat16()
    for batch in (1, BATCH):
        for _ in range(repeats):
            source = ids(batch, N_ENCODER)
            began, cpu = time.perf_counter(), time.process_time()
            with torch.no_grad():
                net.generate(input_ids=source, max_new_tokens=N_DECODER,
                             min_new_tokens=N_DECODER, do_sample=False, num_beams=1)
            seconds = time.perf_counter() - began
            print(json.dumps({"batch": batch, "seconds": seconds,
                              "cpu": time.process_time() - cpu, "peak_mb": peak_mb()}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train", "decode"))
    parser.add_argument("precision", choices=("f32", "bf16"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    {"train": train, "decode": decode}[options.what](options.precision, options.repeats)


if __name__ == "__main__":
    main()
