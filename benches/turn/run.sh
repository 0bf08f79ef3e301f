#!/bin/sh
# Latency of a live turn with a 10 s clip of 640x480, as a page sees it.
#
#   benches/turn/run.sh [N_TURNS] [REASONER]
#
# Builds the release program, makes the clip (a test picture of ffmpeg with a voice of espeak-ng),
# starts `smes serve` on a free port of loopback, measures, and stops it. Prints one JSON document for
# clips that come whole and one for clips that are followed while they are recorded;
# `first_words_ms` is the figure of docs/benchmarks.md. Run it on an otherwise idle machine.
set -eu

n_turns=${1:-60}
reasoner=${2:-starter}
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

cargo build --release --quiet --package smes
cargo build --profile bench --quiet --package smes-server --bench turn

espeak-ng -w "$folder/voice.wav" -s 140 "I have been thinking about it all week, and I do not know \
what to say to her when she calls. It is not that I am angry. I am just very tired of it all."
ffmpeg -loglevel error -y -f lavfi -i testsrc2=size=640x480:rate=30 -i "$folder/voice.wav" \
  -af apad -t 10 -c:v libvpx -deadline realtime -b:v 1M -c:a libopus "$folder/clip.webm"

target/release/smes serve --port 0 --reasoner "$reasoner" --json > "$folder/address" &
server=$!
tries=0
until grep -q address "$folder/address"; do
  tries=$((tries + 1))
  test "$tries" -lt 100 || { echo "the server did not start" >&2; exit 1; }
  sleep 0.1
done
host=$(sed -n 's|.*"http://\([^/]*\)/".*|\1|p' "$folder/address")

for how in "" followed; do
  # shellcheck disable=SC2086 # nothing, or one word
  cargo bench --quiet --package smes-server --bench turn -- \
    "ws://$host/api/v1/live" "$folder/clip.webm" "$n_turns" $how
done
