"""torch.optim.AdamW with two groups, a schedule and clipping: parameters after each step.

Run from anywhere: python goldens/nn/adamw/generate.py. Clipping acts on some steps, not on all.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

import common

SEED = 13
FACTORS = [0.5, 1.0, 1.0, 0.75, 0.25]
MAX_NORM = 2.0


def main():
    torch.manual_seed(SEED)
    a = torch.nn.Parameter(torch.randn(4, 3))
    b = torch.nn.Parameter(torch.randn(5))
    tensors = {"start.a": a.detach().clone(), "start.b": b.detach().clone()}
    rates = [1e-2, 1e-3]
    groups = [
        {"params": [a], "lr": rates[0], "weight_decay": 0.1},
        {"params": [b], "lr": rates[1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6)
    for step, factor in enumerate(FACTORS):
        scale = 0.2 if step % 2 else 3.0
        for name, parameter in [("a", a), ("b", b)]:
            parameter.grad = torch.randn_like(parameter) * scale
            tensors[f"gradient.{step}.{name}"] = parameter.grad.clone()
        norm = torch.nn.utils.clip_grad_norm_([a, b], MAX_NORM)
        tensors[f"norm.{step}"] = norm.reshape(1)
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * factor
        optimiser.step()
        tensors[f"after.{step}.a"] = a.detach().clone()
        tensors[f"after.{step}.b"] = b.detach().clone()
    common.write("adamw", "adamw/generate.py", tensors, SEED)


main()
