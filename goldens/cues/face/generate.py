"""The networks of expressions and of heads in PyTorch, with small random weights: outputs and gradients.

Run from anywhere: python goldens/cues/face/generate.py. PyTorch's Conv2d has its channels first; its
weight [out, in, 3, 3] is written as [out, 3 * 3 * in], its pictures as [batch, height, width, channels].
The network of expressions takes the mean over the places, that of heads all of them. The loss is
sum(output * target).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "nn"))

import torch

import common

SEED = 31
SIDE, LAYERS, BATCH = 17, [(4, 2), (6, 1), (5, 2)], 3
N_EXPRESSIONS, N_ANGLES, N_PLACES = 6, 3, 25


class Block(torch.nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv = torch.nn.Conv2d(n_in, n_out, 3, stride, padding=1)
        self.norm = torch.nn.LayerNorm(n_out)

    def forward(self, x):
        x = self.norm(self.conv(x).permute(0, 2, 3, 1))
        return torch.nn.functional.gelu(x).permute(0, 3, 1, 2)


class Net(torch.nn.Module):
    def __init__(self, keeps_places, n_out):
        super().__init__()
        widths = [1] + [width for width, _ in LAYERS]
        self.blocks = torch.nn.ModuleList(
            Block(n_in, n_out, stride) for n_in, (n_out, stride) in zip(widths, LAYERS)
        )
        self.keeps_places = keeps_places
        self.head = torch.nn.Linear(widths[-1] * (N_PLACES if keeps_places else 1), n_out)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = x.permute(0, 2, 3, 1)
        return self.head(x.flatten(1) if self.keeps_places else x.mean((1, 2)))


def as_ours(name, value):
    """A parameter or its gradient in our layout."""
    if name.endswith("conv.weight"):
        return value.permute(0, 2, 3, 1).reshape(value.shape[0], -1)
    return value


def write(name, keeps_places, n_out, output):
    torch.manual_seed(SEED)
    net = Net(keeps_places, n_out)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(BATCH, 1, SIDE, SIDE)
    target = torch.randn(BATCH, n_out)
    found = net(x)
    (found * target).sum().backward()
    tensors = {"input.x": x.permute(0, 2, 3, 1), "input.target": target, output: found}
    for parameter_name, parameter in net.named_parameters():
        tensors[f"param.{parameter_name}"] = as_ours(parameter_name, parameter).clone()
        tensors[f"gradient.{parameter_name}"] = as_ours(parameter_name, parameter.grad).clone()
    common.write(name, "face/generate.py", tensors, SEED, crate="cues")


write("face", False, N_EXPRESSIONS, "logits")
write("head", True, N_ANGLES, "angles")
