#!/usr/bin/env bash
# Installs the system packages that `make run` and `make test` need, with apt, and only those missing.
#
# Usage: scripts/install-system.sh run|test
#   run   a C linker to build with, ffmpeg to decode clips, prlimit to keep it in bounds
#   test  the same, and espeak-ng (speech for the fixtures), Chromium and its driver (the page)
#
# Nothing is installed, and no password asked for, when everything is there.
set -euo pipefail

purpose="${1:-}"
case "$purpose" in
  run | test) ;;
  *)
    echo "usage: $0 run|test" >&2
    exit 2
    ;;
esac

missing=()

# need PACKAGE PROGRAM: the package is missing when the program is.
need() {
  if ! command -v "$2" >/dev/null 2>&1; then
    missing+=("$1")
  fi
}

need gcc cc
if [ ! -e /usr/include/stdio.h ]; then
  missing+=(libc6-dev)
fi
need ffmpeg ffmpeg
need util-linux prlimit
if [ "$purpose" = test ]; then
  need espeak-ng espeak-ng
  need chromium chromium
  need chromium-driver chromedriver
fi

if ! command -v cargo >/dev/null 2>&1; then
  echo "error: cargo is not there; install Rust 1.95 or later from https://rustup.rs" >&2
  exit 1
fi

if [ "${#missing[@]}" -eq 0 ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "error: please install with your system's package manager: ${missing[*]}" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "error: not root and no sudo; please have installed: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "installing with apt: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
