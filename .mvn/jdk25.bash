# To be sourced. find_jdk sets jdk to the directory of a JDK 25: JAVA_HOME, the java on the PATH, or one in the places
# where systems, SDKMAN, Homebrew and IDEs put them. Where there is none, it says so and ends with exit code 2.

is_jdk25() { # directory
  local line
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r line; do
    case "$line" in 'JAVA_VERSION="25"' | 'JAVA_VERSION="25.'*) return 0 ;; esac
  done < "$1/release"
  return 1
}

find_jdk() {
  local d link user="${HOME:-/}"
  d="$(command -v java || true)"
  while [ -L "$d" ]; do
    link="$(readlink "$d")"
    case "$link" in /*) d="$link" ;; *) d="${d%/*}/$link" ;; esac
  done
  for d in "${JAVA_HOME:-}" "${d%/bin/java}" /usr/lib/jvm/* /opt/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home \
      "$user"/.sdkman/candidates/java/* "$user"/.jdks/* "$user"/Library/Java/JavaVirtualMachines/*/Contents/Home \
      {/opt/homebrew,/usr/local}/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home; do
    if [ -n "$d" ] && is_jdk25 "$d"; then
      jdk="$d"
      return 0
    fi
  done
  echo "Lathe needs a JDK 25: install one (for example Debian: apt install openjdk-25-jdk; macOS: brew install openjdk@25; anywhere: sdk install java 25-tem), or set JAVA_HOME to it" >&2
  exit 2
}
