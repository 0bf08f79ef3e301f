"""Small files of `torch.save`, both forms, with views, tied weights and every number type.

Run from anywhere: python goldens/nn/pytorch/generate.py (needs torch, safetensors). `golden.safetensors`
holds the same tensors as PyTorch sees them; `foreign.bin` asks for code when Python loads it.
"""

import sys
from collections import OrderedDict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch import nn

import common

SEED = 23


class Foreign:
    """What an attack looks like; never loaded, here or in the test."""

    def __reduce__(self):
        return print, ("this must not run",)


def tensors():
    generator = torch.Generator().manual_seed(SEED)
    table = torch.randn(7, 4, generator=generator)
    packed = torch.randn(3, 4, 5, generator=generator)
    return OrderedDict({
        "table": table,
        "tied": table,
        "transposed": table.t(),
        "rows": packed[1],
        "column": packed[:, 2, 3],
        "permuted": packed.permute(2, 0, 1),
        "parameter": nn.Parameter(torch.randn(3, generator=generator)),
        "half": torch.randn(5, generator=generator).half(),
        "brain": torch.randn(2, 3, generator=generator).bfloat16(),
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 3),
    })


def main():
    state = tensors()
    expected = {name: tensor.detach().float().clone() for name, tensor in state.items()}
    folder = common.write("pytorch", "pytorch/generate.py", expected, SEED)
    torch.save(state, folder / "zip.bin")
    torch.save(state, folder / "stream.bin", _use_new_zipfile_serialization=False)
    model = nn.Sequential(nn.Embedding(4, 2), nn.LayerNorm(2))
    torch.save(model.state_dict(), folder / "module.bin")
    torch.save({"positions": torch.arange(3), "w": torch.ones(1)}, folder / "whole-numbers.bin")
    torch.save({"w": torch.ones(1), "code": Foreign()}, folder / "foreign.bin")
    torch.save({"epoch": 3, "state_dict": state}, folder / "nested.bin")


main()
