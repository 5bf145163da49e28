#!/usr/bin/env bash
# Peak resident memory of training rows, each alone in a process: tests/bench/peers/memory.sh [id...]   (no id: all)
#
# Both sides are processes of a JVM, which counts in both; Lathe's measures no peaks, which takes 128 MiB of copies.
# Settings as those of run.sh; MEASURE_MS=300.
set -euo pipefail
cd "$(dirname "$0")"
MEASURE_MS="${MEASURE_MS:-300}"
. ./setups.bash

[ "$#" -gt 0 ] || set -- train-xor train-mlp train-lenet5 train-resnet18 train-lstm-lm train-transformer train-vae train-dcgan
mkdir -p "$out"

# The most memory, in MiB, that the process of one row had resident at a time. It is asked for until it ends: what it
# had at most only grows.
peak() { # set-up, id
  run "$@" > "$out/memory.jsonl" 2> /dev/null &
  local shell=$! most=0 pid now
  while kill -0 "$shell" 2> /dev/null; do
    for pid in $(pgrep -P "$shell" -x java); do
      now="$(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status" 2> /dev/null || true)"
      [ "${now:-0}" -gt "$most" ] && most="$now"
    done
    sleep 0.1
  done
  wait "$shell" || return 1
  [ "$most" -gt 0 ] || { echo "$1 has no row $2" >&2; return 1; }
  echo $((most / 1024))
}

echo "| id | Lathe, MiB | PyTorch, MiB | Lathe / PyTorch |"
echo "|---|--:|--:|--:|"
for id in "$@"; do
  ours="$(peak lathe "$id" --no-peaks)"
  theirs="$(peak ob1-isa "$id")"
  echo "| $id | $ours | $theirs | $(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }') |"
done
