#!/usr/bin/env bash
# clock.t: the wall clock is set back by a day, and then forward, while a sweep runs: durations come from the monotonic
# clock, times are stored in UTC whatever the time zone, and nobody takes the store for abandoned.
. "$(dirname "$(readlink -f "$0")")/../cli/lib.sh"
lib=$(find /usr/lib -name 'libfaketime.so.1' 2>/dev/null | head -n 1)
[ -n "$lib" ] || { echo "1..0 # SKIP libfaketime (package faketime) is not here"; exit 0; }
[ -z "${ASSAY_SANITIZED-}" ] || { echo "1..0 # SKIP the sanitizer's runtime must be loaded first"; exit 0; }

echo "+0" >shift
export FAKETIME_TIMESTAMP_FILE=$T/shift FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1
faked() { TZ=America/New_York LD_PRELOAD=$lib "$@"; }
[ "$(echo "-1d" >shift; faked date -u +%F)" = "$(date -u -d yesterday +%F)" ] || { echo "1..0 # SKIP libfaketime does not work here"; exit 0; }
echo "+0" >shift

faked "$ASSAY" run "$here/small.lua" --db c.db --jobs 2 --quiet --set n=4 --set steps=12 --set sleep=0.1 >out 2>err &
pid=$!
for _ in $(seq 200); do
  [ "$(sqlite3 -readonly c.db "select count(*) from run" 2>/dev/null || echo 0)" -ge 2 ] && break
  sleep 0.02
done
echo "-1d" >shift
sleep 0.5
faked timeout 60 "$ASSAY" tag x 1 --db c.db >/dev/null 2>second
seen=$(cat second)
[[ $seen == *"is being written by"* ]]
ok $? "a second writer a day earlier still sees who writes"
echo "+1d" >shift
wait "$pid"
code=$? seen=$(cat err)
is "$code" 0 "the sweep ends as usual"
is "$(sql c.db "select count(*) from runs where status = 'done'")" 8 "… with all its runs"
is "$(sql c.db "select count(*) from runs where wall_s < 0 or wall_s > 300 or cpu_s < 0 or cpu_s > 300")" 0 "durations do not follow the clock"
[ "$(sql c.db "select count(*) from runs where ended_at < started_at or julianday(ended_at) - julianday(started_at) > 0.5")" -gt 0 ]
ok $? "though times do: some runs span the change"
is "$(sql c.db "select count(*) from run where started_at not glob '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]Z'")" 0 "times are written as UTC"
now=$(date -u +%s)
is "$(sql c.db "select count(*) from run where not exists (select 1 from (values (-86400), (0), (86400)) d
  where abs(unixepoch(started_at) - $now - d.column1) < 600)")" 0 "… and are it, in any time zone"
unset FAKETIME_TIMESTAMP_FILE
try run "$here/small.lua" --db c.db --set n=4 --set steps=12 --set sleep=0.1 --dry-run
out_has "8 finished, 0 to do" "after all that nothing is left to do"
try ls --db c.db
exits 0 "and the store is read"
done_testing
