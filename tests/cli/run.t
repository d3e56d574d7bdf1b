#!/usr/bin/env bash
# run.t: a sweep from script to report: counts, resuming, failures, crashes, machine-readable output.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
script=$here/small.lua
results="select p.value, r.seed, x.key, x.value from run r join param p on p.run_id = r.id and p.key = 'k'
  join result x on x.run_id = r.id where r.status = 'done' and x.key not like '%\_s' escape '\' order by 1, 2, 3"

try run "$script" --dry-run --db t.db
exits 0 "a dry run without a store"
out_has "6 runs: 0 finished, 6 to do" "… says what it would do"
[ ! -e t.db ]
ok $? "… and makes no store"

try run "$script" --jobs 2 --db t.db
exits 0 "a small sweep"
is "$out" "report of 6 runs, n = 3" "stdout is the report and nothing else"
is "$(sql t.db 'select status, count(*) from runs group by 1')" "done|6" "every run is done"
is "$(sql t.db 'select count(*) from metrics')" 60 "every metric value is there"
is "$(sql t.db "select count(*) from results where key = 'label' and value like 'k_'")" 6 "texts are results, too"
[[ $err != *$'\r'* ]]
ok $? "no progress bar without a terminal"

try run "$script" --jobs 2 --db t.db
exits 0 "the same again"
is "$out" "report of 6 runs, n = 3" "… prints the report"
err_has "finished already" "… says that nothing was to be done"
is "$(sql t.db 'select count(*) from run')" 6 "… and does nothing new"
try run "$script" --db t.db --dry-run
out_has "6 runs: 6 finished, 0 to do" "a dry run sees that all is finished"
try run "$script" --db t.db --rerun --quiet
is "$(sql t.db 'select count(*) from run')" 12 "--rerun does them again"
is "$err" "" "--quiet says nothing"
try run "$script" --db t.db --set n=4
is "$(sql t.db "select count(distinct config_hash) from run where status = 'done'")" 14 "other parameters are other runs"
cp "$script" changed.lua
echo "-- changed" >>changed.lua
try run changed.lua --db t.db --dry-run
out_has "6 to do" "runs of another script text do not count"

try run "$script" --jobs 1 --db one.db
try run "$script" --jobs 3 --db three.db
is "$(sql one.db "$results" | md5sum)" "$(sql three.db "$results" | md5sum)" "jobs 1 and 3 give the same results"

try run "$script" --db json.db --json --quiet
is "$(sqlite3 :memory: "select json_extract(value, '\$.counts.done'), json_array_length(value, '\$.runs'),
  json_extract(value, '\$.runs[5].results.total') is not null from (select cast(readfile('$T/out') as text) as value)")" "6|6|1" "--json prints one object with the results"

try run "$script" --db error.db --set bad=error --set n=2
exits 1 "a run with an error"
err_has "a planned failure" "… shows the message"
err_has "small.lua:" "… and the line"
is "$(sql error.db 'select status, count(*) from runs group by 1')" $'done|3\nfailed|1' "… costs one run"
out_has "report of" "… and the report follows"
is "$(sql error.db "select error like '%a planned failure%' from runs where status = 'failed'")" 1 "the store keeps the message"
try run "$script" --db error.db --set bad=error --set n=2
is "$(sql error.db 'select count(*) from run')" 5 "only the failed run is tried again"

for jobs in 1 2; do
  try run "$script" --db kill$jobs.db --set bad=kill --jobs $jobs
  exits 1 "a worker that is killed, $jobs jobs"
  is "$(sql kill$jobs.db 'select status, count(*) from runs group by 1')" $'done|5\nfailed|1' "… costs one run"
  is "$(sql kill$jobs.db "select error from runs where status = 'failed'")" "worker killed by signal 9 (SIGKILL)" "… with the signal"
done
try run "$script" --db exit.db --set bad=exit
exits 1 "a script that ends its worker"
is "$(sql exit.db 'select status, count(*) from runs group by 1')" $'done|5\nfailed|1' "… costs one run"

try run "$script" --db fast.db --set bad=error --set n=40 --fail-fast --jobs 1
exits 1 "--fail-fast"
[ "$(sql fast.db 'select count(*) from run')" -lt 80 ]
ok $? "… stops early"

is "$(sql t.db "select json_extract(json, '\$.blas') is not null, json_extract(json, '\$.cpu') is not null from environment limit 1")" "1|1" \
  "the environment is recorded"
is "$(sql t.db "select count(*) from script where text like '%planned failure%'")" 1 "the script's text is stored once"

NO_COLOR=1 try run "$script" --db nc.db
[[ $out$err != *$'\e'* ]]
ok $? "NO_COLOR: no escape sequences"
"$ASSAY" run "$script" --db pipe.db 2>"$T/err" | true
is "${PIPESTATUS[0]}" 0 "a reader that left does not fail the sweep"
is "$(sql pipe.db 'select count(*) from runs where status = '"'done'")" 6 "… nor stop it"

cat >wrong.lua <<'TEXT'
return assay.experiment {
  name = "wrong", grid = function() return { k = assay.range(20) } end,
  run = function() error("always the same") end,
}
TEXT
try run wrong.lua --db wrong.db
exits 1 "a script whose every run fails"
is "$(grep -c 'always the same' "$T/err")" 3 "… says so three times, not twenty"
err_has "20 failed" "… and how many failed"
done_testing
