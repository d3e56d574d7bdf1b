# lib.sh: TAP for tests of the command line. Sourced; $ASSAY is the program, $T a folder that is removed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${ASSAY:=$root/build/bin/assay}"
[ -x "$ASSAY" ] || { echo "1..0 # SKIP $ASSAY is not built"; exit 0; }
here=$root/tests/cli
T=$(mktemp -d "${TMPDIR:-/tmp}/assay-test.XXXXXX")
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 2
export HOME=$T XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config LC_ALL=C.UTF-8
unset ASSAY_DB NO_COLOR
count=0
failed=0

ok() { # ok CODE NAME: passed when CODE is 0
  count=$((count + 1))
  if [ "$1" = 0 ]; then
    echo "ok $count - $2"
  else
    failed=1
    echo "not ok $count - $2"
    [ -z "${seen-}" ] || printf '%s\n' "$seen" | head -n 20 | sed 's/^/# /'
  fi
}

is() { # is SEEN EXPECTED NAME
  local same=1
  [ "$1" = "$2" ] && same=0
  seen="seen: $1"$'\n'"expected: $2" ok $same "$3"
}

skip() { # skip N REASON
  for _ in $(seq "$1"); do
    count=$((count + 1))
    echo "ok $count # SKIP $2"
  done
}

# try ARG...: run the program; $code, $out, $err tell. Never waits longer than 60 s.
try() {
  timeout 60 "$ASSAY" "$@" >"$T/out" 2>"$T/err" </dev/null
  code=$?
  out=$(cat "$T/out")
  err=$(cat "$T/err")
  seen="exit $code"$'\n'"out: $out"$'\n'"err: $err"
}

exits() { # exits CODE NAME: the last try left with this code
  [ "$code" = "$1" ]
  ok $? "$2 (exit $1)"
}

err_has() { # err_has TEXT NAME
  [[ $err == *"$1"* ]]
  ok $? "$2"
}

out_has() { # out_has TEXT NAME
  [[ $out == *"$1"* ]]
  ok $? "$2"
}

sql() { sqlite3 -batch "$1" "$2"; } # sql FILE QUERY

done_testing() {
  echo "1..$count"
  exit $failed
}
