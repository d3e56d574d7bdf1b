#!/usr/bin/env bash
# signals.t: a sweep stops in order on SIGINT, SIGTERM and SIGHUP, at once on a second SIGINT, and goes on later.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
slow=(run "$here/small.lua" --jobs 2 --set n=4 --set steps=20 --set sleep=0.05)

# start STORE ARG...: in the background; waits until two runs are running
start() {
  local db=$1
  shift
  setsid "$ASSAY" "${slow[@]}" --db "$db" "$@" >"$T/out" 2>"$T/err" </dev/null &
  pid=$!
  for _ in $(seq 200); do
    [ "$(sqlite3 -readonly "$db" "select count(*) from run" 2>/dev/null || echo 0)" -ge 2 ] && break
    sleep 0.05
  done
}

finish() { # wait for it; $code tells
  wait "$pid"
  code=$?
  out=$(cat "$T/out") err=$(cat "$T/err")
  seen="exit $code"$'\n'"out: $out"$'\n'"err: $err"
}

for pair in INT:130 TERM:143 HUP:129; do
  name=${pair%:*}
  start "$name.db"
  kill "-$name" "$pid"
  finish
  exits "${pair#*:}" "SIG$name ends the sweep"
  is "$(sql "$name.db" "select count(*) from runs where status = 'running'")" 0 "… leaves no run running"
  [ "$(sql "$name.db" "select count(*) from runs where status = 'cancelled'")" -ge 1 ]
  ok $? "… what was running is cancelled"
  err_has "goes on from there" "… and says how to go on"
  is "$out" "" "… without a report"
done
[ "$(sql INT.db "select count(*) from metrics m join runs r on r.id = m.run_id where r.status = 'cancelled'")" -ge 1 ]
ok $? "the metrics of a cancelled run are kept"

timeout 120 "$ASSAY" "${slow[@]}" --db INT.db >"$T/out" 2>"$T/err"
is "$?" 0 "the same command goes on"
is "$(sql INT.db "select count(distinct config_hash) from runs where status = 'done'")" 8 "… to the end"

start twice.db --set n=2
before=$(date +%s%N)
kill -INT "$pid"
sleep 0.2
kill -INT "$pid" 2>/dev/null
finish
exits 130 "a second SIGINT"
[ $((($(date +%s%N) - before) / 1000000)) -lt 5000 ]
ok $? "… ends it at once"
is "$(pgrep -s "$pid" | wc -l)" 0 "… with its workers"

start orphan.db
kill -KILL "$pid"
wait "$pid" 2>/dev/null
for _ in $(seq 40); do
  [ -z "$(pgrep -s "$pid" assay)" ] && break
  sleep 0.05
done
is "$(pgrep -s "$pid" assay | wc -l)" 0 "workers die with their parent"
try ls --db orphan.db
is "$(sql orphan.db 'pragma integrity_check')" ok "and the store is sound"
done_testing
