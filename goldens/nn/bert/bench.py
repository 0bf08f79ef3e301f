"""The PyTorch side of crates/nn/examples/bench_bert.rs: same shapes, frozen embeddings, 2 threads.

python goldens/nn/bert/bench.py [BATCH] [TOKENS]
"""

import statistics
import sys
import time

import torch
from transformers import BertConfig, BertModel

torch.set_num_threads(2)
batch, length = (int(size) for size in (sys.argv[1:] + ["32", "16"][len(sys.argv) - 1 :]))
config = BertConfig(
    hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
    layer_norm_eps=1e-12,
)
model = BertModel(config, add_pooling_layer=False)
for parameter in model.embeddings.parameters():
    parameter.requires_grad_(False)
ids = (torch.arange(batch * length) * 7919 % 30_000).reshape(batch, length)
mask = torch.ones_like(ids)


def forward():
    return model(input_ids=ids, attention_mask=mask).last_hidden_state.mean(1)


def evaluate():
    model.eval()
    with torch.inference_mode():
        forward()


def train():
    model.train()
    model.zero_grad()
    forward().square().sum().backward()


for what, run in [("forward, evaluation", evaluate), ("forward + backward, training", train)]:
    run()
    seconds = []
    for _ in range(15):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"{what:<28} median {median * 1e3:7.1f} ms {batch * length / median:9.0f} tokens/s")
