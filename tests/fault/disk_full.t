#!/usr/bin/env bash
# disk_full.t: a sweep whose disk is full keeps what it computed, says once what is wrong and how much is free, goes on
# when there is space again, and else leaves with 1 and with every finished run intact.
# The disk is full by a file size limit, and, for root, on a file system of 2 MB.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"
sweep=(run "$here/small.lua" --jobs 2 --set n=3 --set steps=4000)
finished="select r.config_hash, x.key, quote(x.value) from run r join result x on x.run_id = r.id where r.status = 'done'
  and x.key not like '%\_s' escape '\' union all
  select r.config_hash, m.key || m.step, quote(m.value) from run r join metrics m on m.run_id = r.id where r.status = 'done' order by 1, 2"
facts() { sql "$1" "$finished" | md5sum; }

"$ASSAY" "${sweep[@]}" --db whole.db >whole.out 2>/dev/null || { echo "Bail out! the undisturbed sweep fails"; exit 2; }
whole=$(facts whole.db)

wait_for() { # wait_for TEXT: until the standard error of the sweep has it
  for _ in $(seq 300); do
    grep -q "$1" err 2>/dev/null && return 0
    sleep 0.05
  done
  return 1
}

# go_on NAME MAKE-ROOM…: the sweep in the background is waiting; make room and see it end.
go_on() {
  local name=$1
  shift
  wait_for "waiting for space"
  ok $? "$name: the sweep waits and says so"
  kill -0 "$pid"
  ok $? "$name: it is still there"
  "$@"
  wait "$pid"
  code=$? err=$(cat err) seen="exit $code"$'\n'$err
  is "$code" 0 "$name: with room again it ends as if nothing had been"
  is "$(grep -c 'no space left' err)" 1 "$name: the message came once"
  err_has "bytes free" "$name: with what is free"
  err_has "$db: no space" "$name: and the file"
  err_has "there is space again" "$name: that it goes on was said, too"
  is "$(facts "$db")" "$whole" "$name: results and curves are those of an undisturbed sweep"
  cmp -s out whole.out
  ok $? "$name: and the report"
}

# gives_up NAME: the last sweep ended without room
gives_up() {
  seen="exit $code"$'\n'$(cat err)
  is "$code" 1 "$1: exit code 1"
  is "$(grep -c 'no space left' err)" 1 "$1: one message"
  grep -qE 'no space left .*bytes free.* of 6 runs are finished' err
  ok $? "$1: with what is free and what is finished"
  is "$(sql "$db" 'pragma integrity_check')" ok "$1: the store is sound"
}

# A file size limit: a third of what the sweep needs.
db=limited.db
limit=$(($(stat -c %s whole.db) / 3))
( ulimit -S -f $((limit / 1024)); exec "$ASSAY" "${sweep[@]}" --db $db >out 2>err </dev/null ) &
pid=$!
if command -v prlimit >/dev/null; then
  go_on "file size limit" prlimit --pid "$pid" --fsize=unlimited:
else
  wait
  skip 9 "prlimit(1) is not here"
fi

db=short.db
( ulimit -S -f $((limit / 1024)); exec timeout 60 "$ASSAY" "${sweep[@]}" --db $db --wait-for-space 0 >out 2>err </dev/null )
code=$?
gives_up "without patience"
is "$(cat out)" "" "without patience: no report of half a sweep"
"$ASSAY" "${sweep[@]}" --db $db >out 2>err
is "$?" 0 "the same command goes on later"
is "$(facts $db)" "$whole" "… to the same results"

db=interrupted.db
( ulimit -S -f $((limit / 1024)); exec "$ASSAY" "${sweep[@]}" --db $db >out 2>err </dev/null ) &
pid=$!
wait_for "waiting for space"
kill -INT "$pid"
wait "$pid"
code=$?
sed -i 1,3d err # the message that it waits
gives_up "an interrupt while it waits"

db=quiet.db
( ulimit -S -f $((limit / 1024)); exec timeout 60 "$ASSAY" "${sweep[@]}" --db $db --wait-for-space 1 --quiet >out 2>err </dev/null )
is "$?" 1 "--quiet with a second of patience"
is "$(grep -c 'waiting for space for 1 s' err)" 1 "… tells it all the same"

if [ "$(id -u)" = 0 ] && mkdir disk && mount -t tmpfs -o size=2m none disk 2>/dev/null; then
  trap 'umount -l "$T/disk"; rm -rf "$T"' EXIT
  dd if=/dev/zero of=disk/filler bs=1024 count=1500 2>/dev/null
  db=disk/full.db
  "$ASSAY" "${sweep[@]}" --db $db >out 2>err </dev/null &
  pid=$!
  go_on "full disk" rm disk/filler
  rm -f disk/*
  dd if=/dev/zero of=disk/filler bs=1024 count=1500 2>/dev/null
  ASSAY_DB=$db try "${sweep[@]}" --wait-for-space 0
  gives_up "full disk without patience"
else
  skip 13 "only root can mount a small file system"
fi
done_testing
