#!/usr/bin/env bash
# How rows of the workload table gain from threads: tests/bench/scaling.sh [id...]   (no id: every row)
#
# Times each row with one thread and with several, in rounds that alternate, takes the least time of each, and prints
# both side by side. The columns behind them are no measurements but Amdahl's law through the two times, as if memory and
# caches grew with the cores.
#
#   THREADS=2    how many several are (default: all cores)
#   ROUNDS=2     how often both are run
#   MEASURE_MS=700    sampling time per row
set -euo pipefail
cd "$(dirname "$0")/../.."
threads="${THREADS:-$(nproc)}" rounds="${ROUNDS:-2}" measure="${MEASURE_MS:-700}"
[ "$threads" -gt 1 ] || { echo "THREADS is $threads: one thread has nothing to be compared with; set THREADS=2 or more" >&2; exit 2; }
[ "$#" -gt 0 ] || set -- --suite workloads

times() { # threads, what to run
  local n="$1"
  shift
  LATHE_JAVA_OPTS="${LATHE_JAVA_OPTS:-} -Dlathe.cpu.threads=$n" ./lathe bench "$@" --devices cpu --json \
    --seconds "$(awk -v ms="$measure" 'BEGIN { print ms / 1000 }')" --out "$out" \
    | sed -n "s/.*\"event\":\"row\".*\"id\":\"\([^\"]*\)\".*\"min_ms\":\([0-9.eE+-]*\),.*/$n \1 \2/p"
}

out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
for ((i = 1; i <= rounds; i++)); do
  for n in 1 "$threads"; do
    echo "round $i of $rounds, threads: $n" >&2
    times "$n" "$@" >> "$out/times"
  done
done
[ -s "$out/times" ] || { echo "no row matches: $*" >&2; exit 2; }
awk -v n="$threads" '
  !(($1, $2) in least) || $3 < least[$1, $2] { least[$1, $2] = $3 }
  !($2 in seen) { seen[$2] = 1; ids[++count] = $2 }
  function projected(one, several, m,    alone) {
    alone = (several - one / n) / (1 - 1 / n)
    alone = alone < 0 ? 0 : alone > one ? one : alone
    return one / (alone + (one - alone) / m)
  }
  END {
    print "| id | 1 thread, ms | " n " threads, ms | times as fast | projected: 4 threads | 8 | 16 |"
    print "|---|--:|--:|--:|--:|--:|--:|"
    for (i = 1; i <= count; i++) {
      one = least[1, ids[i]]; several = least[n, ids[i]]
      printf "| %s | %.4g | %.4g | %.2f | %.1f | %.1f | %.1f |\n", ids[i], one, several, one / several, \
        projected(one, several, 4), projected(one, several, 8), projected(one, several, 16)
    }
  }' "$out/times"
