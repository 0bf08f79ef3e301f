"""torch.nn.GRU: states and gradients, with a zero and with a given initial state.

Run from anywhere: python goldens/nn/gru/generate.py. The loss is sum(states * target).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

import common

SEED = 12
BATCH, LENGTH, N_IN, N_HIDDEN = 3, 7, 5, 6


def main():
    torch.manual_seed(SEED)
    gru = torch.nn.GRU(N_IN, N_HIDDEN, batch_first=True)
    tensors = {f"param.{name}": value.clone() for name, value in gru.named_parameters()}
    x = torch.randn(BATCH, LENGTH, N_IN)
    initial = torch.randn(BATCH, N_HIDDEN)
    target = torch.randn(BATCH, LENGTH, N_HIDDEN)
    tensors |= {"input.x": x, "input.initial": initial, "input.target": target}
    for case, state in [("zero", None), ("given", initial.unsqueeze(0))]:
        gru.zero_grad()
        x_leaf = x.clone().requires_grad_()
        states, _ = gru(x_leaf, state)
        (states * target).sum().backward()
        tensors[f"{case}.states"] = states
        tensors[f"{case}.gradient.x"] = x_leaf.grad
        for name, parameter in gru.named_parameters():
            tensors[f"{case}.gradient.{name}"] = parameter.grad.clone()
    common.write("gru", "gru/generate.py", tensors, SEED)


main()
