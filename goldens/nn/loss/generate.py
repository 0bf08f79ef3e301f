"""torch.nn.functional.cross_entropy: value and gradient for each combination of options, and the
in-batch ranking loss written out.

Run from anywhere: python goldens/nn/loss/generate.py. Ignored targets are -1.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch.nn import functional

import common

SEED = 14


def main():
    torch.manual_seed(SEED)
    logits = torch.randn(6, 4) * 3
    targets = torch.tensor([0, 3, -1, 2, 1, 3])
    weights = torch.tensor([0.5, 2.0, 1.0, 3.0])
    tensors = {"logits": logits, "targets": targets.float(), "weights": weights}
    for case, weight, smoothing in [
        ("plain", None, 0.0),
        ("smoothed", None, 0.2),
        ("weighted", weights, 0.0),
        ("both", weights, 0.2),
    ]:
        leaf = logits.clone().requires_grad_()
        loss = functional.cross_entropy(
            leaf, targets, weight=weight, label_smoothing=smoothing, ignore_index=-1
        )
        loss.backward()
        tensors[f"{case}.loss"] = loss.reshape(1)
        tensors[f"{case}.gradient"] = leaf.grad

    contexts = torch.randn(4, 5, requires_grad=True)
    responses = torch.randn(4, 5, requires_grad=True)
    # Rows 1 and 3 hold the same response.
    same = torch.zeros(4, 4, dtype=torch.bool)
    same[1, 3] = same[3, 1] = True
    cosines = functional.normalize(contexts, dim=-1) @ functional.normalize(responses, dim=-1).T
    loss = functional.cross_entropy((cosines * 7.0).masked_fill(same, -1e9), torch.arange(4))
    loss.backward()
    tensors |= {
        "ranking.contexts": contexts,
        "ranking.responses": responses,
        "ranking.loss": loss.reshape(1),
        "ranking.gradient.contexts": contexts.grad,
        "ranking.gradient.responses": responses.grad,
    }
    common.write("loss", "loss/generate.py", tensors, SEED)


main()
