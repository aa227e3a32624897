#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0

# CC, CFLAGS and LIB_FUZZING_ENGINE are OSS-Fuzz's, and Meson takes them from the environment.
set -eu
meson setup "$WORK/trio" "$SRC/trio" --buildtype=plain -Dbench=disabled -Dlint=disabled -Dc_link_args="-Wl,-rpath,\$ORIGIN/lib"
ninja -C "$WORK/trio" fuzz/fuzz-ledger-repaired

cp "$WORK/trio/fuzz/fuzz-ledger-repaired" "$OUT/fuzz-ledger"
(cd "$SRC/trio/fuzz/corpus/ledger" && python3 -m zipfile -c "$OUT/fuzz-ledger_seed_corpus.zip" *)
# The machine that runs it has no GLib.
mkdir -p "$OUT/lib"
ldd "$OUT/fuzz-ledger" | awk '$3 ~ /^\// && $1 !~ /^(libc|libm|ld-linux.*|libstdc\+\+)\.so/ { print $3 }' | xargs -I{} cp {} "$OUT/lib"
