#!/usr/bin/env bash
# isolate.t: with --isolate a run depends on nothing that another run left behind in the script, at any number of workers.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# A script with a memory between its runs: a counter in a local of the file, a cache in a table, a counter in a module.
cat >part.lua <<'TEXT'
return { calls = 0 }
TEXT
cat >leaky.lua <<'TEXT'
local part = require "part"
local count, cache = 0, {}
return assay.experiment {
  name = "leaky",
  params = { bad = 0 },
  grid = function() return { k = assay.range(5), seed = assay.range(2) } end,
  run = function(run, c, p)
    count = count + 1
    cache[#cache + 1] = c.k
    part.calls = part.calls + 1
    run:log(1, { before = count })
    if p.bad == c.k then os.execute("kill -KILL $PPID") end
    return { count = count, cached = #cache, calls = part.calls }
  end,
}
TEXT
counts="select distinct key, cast(value as integer) from results where key in ('count', 'cached', 'calls', 'before.last') order by 1, 2"

try run leaky.lua --db leak.db --jobs 1 --quiet
exits 0 "a script whose runs count themselves"
is "$(sql leak.db "select cast(max(value) as integer) from results where key = 'count'")" 10 "… in one worker, they reach each other"
for jobs in 1 2 3; do
  try run leaky.lua --db alone$jobs.db --jobs $jobs --isolate --quiet
  exits 0 "$jobs jobs, isolated"
  is "$(sql alone$jobs.db "$counts")" $'before.last|1\ncached|1\ncalls|1\ncount|1' "… each run is the first"
  is "$(sql alone$jobs.db "select count(*) from runs where status = 'done'")" 10 "… and all are done"
  is "$(sql alone$jobs.db "select count(distinct worker_pid) from run")" 10 "… each in a process of its own"
done
try run leaky.lua --db kill.db --jobs 2 --isolate --set bad=3
exits 1 "isolated runs that kill their process"
is "$(sql kill.db 'select status, count(*) from runs group by 1')" $'done|8\nfailed|2' "… cost themselves alone"

# Trainings that would share an engine call give the same bits when they do not.
facts() {
  sqlite3 "$1" "select config, key, quote(value) from runs join result on run_id = runs.id where key not like '%\_s' escape '\\'
    and key not like '%\_s.%' escape '\\' order by 1, 2" | md5sum
}
try run "$here/sweep.lua" --db together.db --jobs 2 --quiet
try run "$here/sweep.lua" --db apart.db --jobs 2 --isolate --quiet
exits 0 "a sweep of trainings, isolated"
is "$(facts apart.db)" "$(facts together.db)" "… gives the same bits as together"
done_testing
