#!/bin/sh
# Makes models/voice/encoder.safetensors: the recurrent part of Resemblyzer's voice encoder
# (Apache-2.0), out of the PyPI package that carries its weights, matrices in 8 bits with a scale a row
# (crates/nn/src/checkpoint.rs), the rest in half precision. The projection to an identity is left out. The file is part of the repository; this is how it was made.
#
# Usage: scripts/fetch-voice-encoder.sh [FILE]      needs python3 with pip, torch and safetensors
set -eu

package='Resemblyzer==0.1.4'
sum='39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e  pretrained.pt'
file=${1:-"$(dirname "$0")/../models/voice/encoder.safetensors"}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package"
python3 - "$work" <<'PYTHON'
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
    (work / "pretrained.pt").write_bytes(wheel.read("resemblyzer/pretrained.pt"))
PYTHON
if ! (cd "$work" && printf '%s\n' "$sum" | sha256sum --check --quiet --status); then
    echo "fetch-voice-encoder: what was downloaded has not the expected checksum; nothing was written" >&2
    exit 1
fi
python3 - "$work" "$file" <<'PYTHON'
import pathlib, sys

import torch
from safetensors.torch import save_file

state = torch.load(pathlib.Path(sys.argv[1]) / "pretrained.pt", map_location="cpu", weights_only=True)["model_state"]
kept = {}
for name, tensor in state.items():
    if not name.startswith("lstm."):
        continue
    if tensor.ndim < 2:
        kept[name] = tensor.half().contiguous()
        continue
    scale = tensor.abs().amax(1) / 127
    scale[scale == 0] = 1
    kept[name] = (tensor / scale[:, None]).round().to(torch.int8).contiguous()
    kept[f"{name}.scale"] = scale.contiguous()
save_file(kept, sys.argv[2])
print(f"{sys.argv[2]}: {len(kept)} tensors")
PYTHON
