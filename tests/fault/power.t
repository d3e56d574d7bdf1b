#!/usr/bin/env bash
# power.t: a run that is called done is on disk. Every system call that writes or syncs is watched: before the display
# counts k finished runs, the store's log has been synced k times; before the end is told, nothing of it waits.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"
strace -f -y -o probe -e trace=none true 2>/dev/null || { echo "1..0 # SKIP strace(1) is not here, or may not trace"; exit 0; }
if [ -n "${ASSAY_SANITIZED-}" ]; then
  echo "1..0 # SKIP LeakSanitizer does not work under strace"
  exit 0
fi
calls=fsync,fdatasync,write,pwrite64,ftruncate,rename,renameat

# watched COMMAND…: run it under strace with a terminal where script(1) is here, so that it shows its progress
watched() {
  if command -v script >/dev/null; then
    TERM=xterm timeout 60 script -qec "strace -f -y -s 200 -e trace=$calls -o log $*" /dev/null >screen 2>&1 </dev/null
  else
    timeout 60 strace -f -y -s 200 -e trace=$calls -o log "$@" >screen 2>&1 </dev/null
  fi
}

watched "$ASSAY" run "$here/small.lua" --jobs 1 --db "$T/s.db" --set n=4 --set steps=20 --set sleep=0.005
seen=$(cat -v screen)
is "$(sql s.db "select count(*) from run where status = 'done'")" 8 "a sweep is watched"

# The log of system calls, read by its rule: counts of syncs since the sweep began, and what was shown.
read -r shown early dirty syncs dir < <(awk '
  /fdatasync\([0-9]+<[^>]*s\.db-wal>|fsync\([0-9]+<[^>]*s\.db-wal>/ { syncs++; dirty = 0 }
  /pwrite64\([0-9]+<[^>]*s\.db-wal>/ { dirty = 1; if (!made) made = NR }
  /f(data)?sync\([0-9]+<[^>]*>\)/ && !/s\.db/ && made { dir = 1 }
  /write\([0-9]+<.*runs? into / { syncs = 0 }
  /write\(/ && match($0, /[0-9]+\/8 runs/) {
    k = substr($0, RSTART, RLENGTH) + 0
    if (k > shown) shown = k
    if (k > syncs) early++
  }
  /write\([0-9]+<.*8 done/ { if (8 > syncs) early++; left = dirty; told = 1 }
  END { print shown + 0, early + 0, told ? left + 0 : "never", syncs + 0, dir + 0 }' log)
echo "# $syncs syncs of the log, $shown runs shown before the end"
[ "$syncs" -ge 8 ]
ok $? "each of 8 runs ends with a sync of the log"
seen=$(grep -nE '8 runs|done in|sync' log | cut -c1-150)
is "$early" 0 "no run is shown as finished before its sync"
is "$dirty" 0 "when the end is told, all that was written to the log is synced"
is "$dir" 1 "the directory that the log is made in is synced"
if command -v script >/dev/null; then
  [ "$shown" -ge 1 ]
  ok $? "the display did count while the sweep ran"
else
  skip 1 "script(1) is not here"
fi

# A copy for others, and a store brought forward, are whole before they get their name or are told.
timeout 60 strace -f -y -s 200 -e trace=$calls -o log "$ASSAY" export --publish copy.db --db s.db >out 2>&1
is "$?" 0 "a copy is published"
awk '/pwrite64\([0-9]+<[^>]*copy\.db\.part>/ { dirty = 1 }
  /f(data)?sync\([0-9]+<[^>]*copy\.db\.part>/ { dirty = 0 }
  /rename.*copy\.db\.part/ { exit dirty }' log
ok $? "it is synced before it gets its name"
done_testing
