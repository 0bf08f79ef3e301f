"""The face network in PyTorch, with small random weights: logits and gradients.

Run from anywhere: python goldens/cues/face/generate.py. PyTorch's Conv2d has its channels first; its
weight [out, in, 3, 3] is written as [out, 3 * 3 * in], its pictures as [batch, height, width, channels].
The loss is sum(logits * target).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "nn"))

import torch

import common

SEED = 31
SIDE, LAYERS, N_EXPRESSIONS, BATCH = 17, [(4, 2), (6, 1), (5, 2)], 6, 3


class Block(torch.nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv = torch.nn.Conv2d(n_in, n_out, 3, stride, padding=1)
        self.norm = torch.nn.LayerNorm(n_out)

    def forward(self, x):
        x = self.norm(self.conv(x).permute(0, 2, 3, 1))
        return torch.nn.functional.gelu(x).permute(0, 3, 1, 2)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        widths = [1] + [width for width, _ in LAYERS]
        self.blocks = torch.nn.ModuleList(
            Block(n_in, n_out, stride) for n_in, (n_out, stride) in zip(widths, LAYERS)
        )
        self.head = torch.nn.Linear(widths[-1], N_EXPRESSIONS)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


def as_ours(name, value):
    """A parameter or its gradient in our layout."""
    if name.endswith("conv.weight"):
        return value.permute(0, 2, 3, 1).reshape(value.shape[0], -1)
    return value


def main():
    torch.manual_seed(SEED)
    net = Net()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(BATCH, 1, SIDE, SIDE)
    target = torch.randn(BATCH, N_EXPRESSIONS)
    logits = net(x)
    (logits * target).sum().backward()
    tensors = {"input.x": x.permute(0, 2, 3, 1), "input.target": target, "logits": logits}
    for name, parameter in net.named_parameters():
        tensors[f"param.{name}"] = as_ours(name, parameter).clone()
        tensors[f"gradient.{name}"] = as_ours(name, parameter.grad).clone()
    common.write("face", "face/generate.py", tensors, SEED, crate="cues")


main()
