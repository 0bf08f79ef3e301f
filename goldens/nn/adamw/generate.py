"""AdamW of torch and of transformers with two groups, a schedule and clipping: parameters after each step.

Run from anywhere: python goldens/nn/adamw/generate.py [torch|transformers]; the second needs transformers<5, the last to
have it. Clipping acts on some steps, not on all.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

import common

SEED = 13
FACTORS = [0.5, 1.0, 1.0, 0.75, 0.25]
MAX_NORM = 2.0
SCALES = {"torch": (3.0, 0.2), "transformers": (1e-4, 1e-5)}


def optimiser_of(form, groups):
    settings = {"betas": (0.9, 0.98), "eps": 1e-6}
    if form == "torch":
        return torch.optim.AdamW(groups, **settings)
    from transformers import AdamW

    return AdamW(groups, no_deprecation_warning=True, **settings)


def main(form="torch"):
    torch.manual_seed(SEED)
    a = torch.nn.Parameter(torch.randn(4, 3))
    b = torch.nn.Parameter(torch.randn(5))
    tensors = {"start.a": a.detach().clone(), "start.b": b.detach().clone()}
    rates = [1e-2, 1e-3]
    groups = [
        {"params": [a], "lr": rates[0], "weight_decay": 0.1},
        {"params": [b], "lr": rates[1], "weight_decay": 0.0},
    ]
    optimiser = optimiser_of(form, groups)
    for step, factor in enumerate(FACTORS):
        # So small in one form that epsilon counts.
        scale = SCALES[form][step % 2]
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
    name = "adamw" if form == "torch" else f"adamw_{form}"
    common.write(name, "adamw/generate.py", tensors, SEED)


main(*sys.argv[1:])
