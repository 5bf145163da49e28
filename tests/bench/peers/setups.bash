# The set-ups of run.sh and memory.sh, which read their settings from the environment: see run.sh. Sourced.
. ../../../.mvn/jdk25.bash
find_jdk
java="$jdk/bin/java"
n="${THREADS:-2}" rounds="${ROUNDS:-2}" measure="${MEASURE_MS:-1000}" setups="${SETUPS:-lathe ob1 ob2 ob1-isa ob2-isa mix-isa ort}" out="${OUT:-target/results}"

if [ ! -f target/classpath.txt ] || [ -n "$(find pom.xml src -newer target/classpath.txt -print -quit)" ]; then
  JAVA_HOME="$jdk" MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow" \
    "${MVN:-mvn}" -q -B -Dstyle.color=never -Dformat.skip=true compile >&2
fi
cp="target/classes:$(cat target/classpath.txt)"

isa=
if grep -qw avx512_bf16 /proc/cpuinfo; then isa=COOPERLAKE; elif grep -qw avx512f /proc/cpuinfo; then isa=SKYLAKEX; fi

# Freed blocks are kept, not given back to the system: else every step pays for fresh pages, which costs up to three times.
keep=(MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=67108864)
vm=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC
    -Dorg.bytedeco.javacpp.nopointergc=true "-Dpeers.threads=$n" "-Dpeers.measureMs=$measure")

run_lathe() { # ids...
  if [ "$#" -eq 0 ]; then set -- --suite workloads; fi
  LATHE_JAVA_OPTS="${LATHE_JAVA_OPTS:-} -Dlathe.cpu.threads=$n" ../../../lathe bench "$@" --devices cpu \
    --seconds "$(awk -v ms="$measure" 'BEGIN { print ms / 1000 }')" --profile --out "$out/lathe" --json | grep -v '"event":"done"'
}

run() { # set-up, ids...
  local s="$1" main=org.lathe.peers.PyTorchPeer vars=()
  shift
  case "$s" in
    lathe) run_lathe "$@"; return ;;
    ort) main=org.lathe.peers.OnnxRuntimePeer ;;
    ob1 | ob1-isa) vars=("OMP_NUM_THREADS=$n" OPENBLAS_NUM_THREADS=1) ;;
    ob2 | ob2-isa) vars=("OMP_NUM_THREADS=$n" "OPENBLAS_NUM_THREADS=$n" GOMP_SPINCOUNT=0) ;;
    mix | mix-isa) vars=("OMP_NUM_THREADS=$n" "OPENBLAS_NUM_THREADS=$n" GOMP_SPINCOUNT=2000 OPENBLAS_THREAD_TIMEOUT=14) ;;
    *) echo "no such set-up: $s" >&2; exit 2 ;;
  esac
  case "$s" in
    *-isa)
      if [ -n "$isa" ]; then vars+=("OPENBLAS_CORETYPE=$isa"); elif [ "$s" != mix-isa ]; then return 0; fi ;;
  esac
  env "${keep[@]}" "${vars[@]}" "$java" "${vm[@]}" "-Dpeers.config=$s" -cp "$cp" "$main" "$@"
}
