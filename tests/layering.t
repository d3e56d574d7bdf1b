#!/usr/bin/env bash
# layering.t: folders depend on each other one way only, and each outside library has one place.
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2
count=0
failed=0

# result NAME BAD-LINES: ok when there are none.
result() {
  count=$((count + 1))
  if [ -z "$2" ]; then
    echo "ok $count - $1"
  else
    failed=1
    echo "not ok $count - $1"
    printf '%s\n' "$2" | sed 's/^/# /'
  fi
}

# The place of a file in the one-way order; store stands apart.
rank() {
  case $1 in
  experiments/kernel/*) echo 0 ;;
  experiments/method.h | experiments/params*) echo 1 ;;
  experiments/data/* | experiments/models/*) echo 2 ;;
  experiments/optim/* | experiments/schedules/* | experiments/objective/*) echo 3 ;;
  experiments/train/* | experiments/minimize/*) echo 4 ;;
  experiments/probe/*) echo 5 ;;
  experiments/bounds/* | experiments/pruning/*) echo 6 ;;
  experiments/registry* | experiments/methods.def) echo 7 ;;
  lua/*) echo 8 ;;
  app/*) echo 9 ;;
  *) echo none ;;
  esac
}

sources() { find app lua store experiments -name '*.[ch]' | sort; }

bad_arrows() {
  local file to from target
  grep -HoE '^ *# *include "[^"]+"' $(sources) | sed -E 's/: *# *include "/ /; s/"$//' | while read -r file to; do
    [[ $to == */* ]] || continue # a generated file of the same folder
    [ -e "$to" ] || { echo "$file includes $to, which is not there"; continue; }
    case $file in store/*) [[ $to == store/* ]] || echo "$file includes $to; store depends on nothing here"; continue ;; esac
    case $to in
    store/*) [[ $file == lua/* || $file == app/* ]] || echo "$file includes $to; only lua and app know the store"; continue ;;
    esac
    from=$(rank "$file") target=$(rank "$to")
    [ "$from" != none ] && [ "$target" != none ] || { echo "$file includes $to: one of them has no place in the order"; continue; }
    [ "$target" -le "$from" ] || echo "$file includes $to, which is to the right of it"
  done
}

# outside HEADERS ALLOWED: files that include one of the headers (a regex) outside the allowed paths (a regex).
outside() {
  grep -lE "^ *# *include [<\"]($1)[>\"]" $(sources) | grep -vE "^($2)"
}

result "no include points to the right in the order of the design" "$(bad_arrows)"
result "Lua's headers are included in lua/bind only" "$(outside 'lua\.h|lauxlib\.h|lualib\.h|lua5\.4/.*' 'lua/bind/')"
result "sqlite3.h is included in store only" "$(outside 'sqlite3\.h' 'store/')"
result "BLAS's and LAPACK's headers are included in experiments/kernel/blas.c only" \
  "$(outside 'cblas.*\.h|lapack.*\.h|openblas.*\.h' 'experiments/kernel/blas\.c$')"
result "curses headers are included in app/ui/screen.c only" "$(outside 'n?cursesw?(/.*)?\.h|ncursesw?/.*|panel\.h|menu\.h|form\.h' 'app/ui/screen\.c$')"
result "the only C files that others include are bodies named x.inc.c" \
  "$(grep -nE '^ *# *include ".*\.c"' $(sources) | grep -v '\.inc\.c"')"
result "readline's headers are included by the prompt only" "$(outside 'readline/.*' 'app/(prompt|prompt_complete|prompt_echo|above)\.c$')"
if git rev-parse --git-dir >/dev/null 2>&1; then
  top=$(git ls-files --cached --others --exclude-standard | cut -d/ -f1 | sort -u)
else
  top=$(ls)
fi
result "the top level holds what the design allows and nothing else" \
  "$(printf '%s\n' "$top" | grep -vE '^(app|lua|store|experiments|tests|CMakeLists\.txt|README\.md|LICENSE|\..*|build.*)$')"
result "no library folder ends the process or prints" \
  "$(grep -nE '(^|[^a-z_])(exit|printf|puts|perror) ?\(' $(find experiments store -name '*.c') | grep -vE '^[^:]*:[0-9]+: (\*|/\*)|//.*(exit|printf|puts)')"
echo "1..$count"
exit $failed
