"""What the golden generators share: where files go, and what made them."""

from pathlib import Path
import platform
import sys

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "crates" / "nn" / "tests" / "golden"


def write(case, script, tensors, seed, crate="nn"):
    """Writes the tensors of a case and its provenance."""
    folder = ROOT / "crates" / crate / "tests" / "golden" / case
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "golden.safetensors")
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    if "transformers" in sys.modules:
        import transformers

        versions["transformers"] = transformers.__version__
    lines = [f'script = "goldens/{crate}/{script}"', f'case = "{case}"', f"seed = {seed}", "", "[versions]"]
    lines += [f'{name} = "{version}"' for name, version in sorted(versions.items())]
    (folder / "provenance.toml").write_text("\n".join(lines) + "\n")
    return folder
