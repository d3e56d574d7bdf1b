#!/usr/bin/env bash
# valgrind.t: a tiny sweep and its report without a bad access and without a leak, in the parent and in the
# workers. (Workers leave at once, without releasing what they share with the parent: that is reachable still.)
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"
if [ -n "${ASSAY_SANITIZED-}" ] || ! command -v valgrind >/dev/null; then
  echo "1..0 # SKIP needs valgrind and a program without sanitizers"
  exit 0
fi
valgrind --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
  --log-file="$T/log.%p" "$ASSAY" run "$here/small.lua" --jobs 2 --db v.db >"$T/out" 2>"$T/err"
is "$?" 0 "the sweep is done under valgrind"
is "$(sql v.db "select count(*) from runs where status = 'done'")" 6 "… all of it"
n=$(cat log.* | grep -c 'ERROR SUMMARY')
[ "$n" -ge 3 ]
ok $? "the parent and two workers were watched"
seen=$(grep -hE -A12 'Invalid|uninitialised|definitely lost in|indirectly lost in' log.*)
is "$(cat log.* | grep 'ERROR SUMMARY' | grep -vc 'ERROR SUMMARY: 0 errors')" 0 "none of them erred or leaked"
done_testing
