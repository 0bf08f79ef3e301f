#!/bin/sh
# Runs the tests of the unsafe kernels (crates/kernels/src: matrix, storage, gemm) under a checker.
#
#   scripts/check-unsafe.sh address    AddressSanitizer, native instructions: the AVX-512 paths too.
#                                      Needs a nightly toolchain.
#   scripts/check-unsafe.sh valgrind   memcheck: uninitialised memory; it has no AVX-512, so the
#                                      portable paths run.
#   scripts/check-unsafe.sh miri       Miri: aliasing and bounds of the portable paths. Needs a
#                                      nightly toolchain with the component `miri`.
#
# Test operands are exactly as long as their last element needs, so a step too far is seen.
set -eu
cd "$(dirname "$0")/.."

what="${1:-address}"
target="$(rustc -vV | sed -n 's/^host: //p')"
# Dependencies need not be fast here, and unoptimised ones build in a fraction of the time.
quick="--config profile.dev.package.candle-core.opt-level=0"
tests="matrix:: storage:: gemm::"

case "$what" in
address)
    for part in $tests tests::; do
        RUSTFLAGS="-Zsanitizer=address" PROPTEST_CASES=16 CARGO_TARGET_DIR=target/address \
            cargo +nightly test $quick --target "$target" -p smes-kernels --lib "$part"
    done
    ;;
valgrind)
    program="$(cargo test -p smes-kernels --lib --no-run --message-format json |
        sed -n 's/.*"executable":"\([^"]*smes_kernels[^"]*\)".*/\1/p' | tail -n 1)"
    for part in $tests; do
        RUST_BACKTRACE=0 PROPTEST_CASES=4 valgrind --error-exitcode=1 --quiet "$program" "$part"
    done
    ;;
miri)
    for part in $tests; do
        MIRIFLAGS="-Zmiri-disable-isolation" PROPTEST_CASES=4 CARGO_TARGET_DIR=target/miri \
            cargo +nightly miri test $quick -p smes-kernels --lib "$part"
    done
    ;;
*)
    echo "check-unsafe.sh: \`$what\` is none of address, valgrind, miri" >&2
    exit 2
    ;;
esac
