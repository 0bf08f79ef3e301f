"""torch.nn.LSTM of two layers: the states of each.

Run from anywhere: python goldens/nn/lstm/generate.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

import common

SEED = 14
LENGTH, BATCH, N_IN, N_HIDDEN = 7, 3, 5, 6


def main():
    torch.manual_seed(SEED)
    both = torch.nn.LSTM(N_IN, N_HIDDEN, num_layers=2)
    first = torch.nn.LSTM(N_IN, N_HIDDEN)
    first.load_state_dict({name: value for name, value in both.state_dict().items() if name.endswith("_l0")})
    x = torch.randn(LENGTH, BATCH, N_IN)
    tensors = {f"param.{name}": value.clone() for name, value in both.named_parameters()}
    tensors |= {"x": x, "states.0": first(x)[0], "states.1": both(x)[0]}
    common.write("lstm", "lstm/generate.py", tensors, SEED)


main()
