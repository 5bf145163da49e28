#!/usr/bin/env bash
# Times Lathe and its peers on the workload table: tests/bench/peers/run.sh [id...]   (no id: every row)
#
# The last line gives the geometric mean of the ratios, the worst row, and where its time goes.
#
#   JAVA_HOME    a JDK 25; without it one is looked for
#   THREADS=2    cores that each peer may use
#   ROUNDS=2     how often the set-ups are run, in alternation
#   MEASURE_MS=1000   sampling time per row (at least 30 samples, 12 of a step over 300 ms)
#   SETUPS="lathe ob1 ob2 ob1-isa ob2-isa mix-isa ort"   which set-ups
#   OUT=target/results  where raw.jsonl and table.md go (relative to this directory)
#   MVN=mvn      the Maven to build with
#
# Set-ups of PyTorch: ob1 = OMP_NUM_THREADS=N OPENBLAS_NUM_THREADS=1; ob2 = OMP_NUM_THREADS=N OPENBLAS_NUM_THREADS=N
# GOMP_SPINCOUNT=0; -isa = the same, with OPENBLAS_CORETYPE naming the CPU's AVX-512 kernels, which this OpenBLAS does
# not choose by itself on every CPU that has them. mix = both pools at N threads, each spinning only briefly
# (GOMP_SPINCOUNT=2000 OPENBLAS_THREAD_TIMEOUT=14): best where matrix products and other work take turns.
set -euo pipefail
cd "$(dirname "$0")"
. ./setups.bash

read -r load _ < /proc/loadavg
awk -v l="$load" 'BEGIN { exit !(l > 0.7) }' && echo "load is $load: the machine is busy, expect spread" >&2
mkdir -p "$out"
: > "$out/raw.jsonl"
for ((i = 1; i <= rounds; i++)); do
  for s in $setups; do
    echo "round $i of $rounds, $s" >&2
    run "$s" "$@" | tee -a "$out/raw.jsonl"
  done
done
[ -s "$out/raw.jsonl" ] || { echo "no row matches: $*" >&2; exit 2; }
{
  echo "# Peers, $n threads, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ //'), $(nproc) cores, $rounds rounds, $(date -u +%Y-%m-%d), load at the start $load"
  echo
  "$java" -cp "$cp" org.lathe.peers.Table "$out/raw.jsonl"
} | tee "$out/table.md"
