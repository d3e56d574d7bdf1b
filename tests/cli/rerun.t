#!/usr/bin/env bash
# rerun.t: one run of the store again: the same bits from the script as it was, and changes of one run alone.
. "$(dirname "$(readlink -f "$0")")/lib.sh"

mkdir -p work/parts elsewhere
cat >work/parts/sum.lua <<'LUA'
return function(a, b) return a + b end
LUA
cat >work/nets.lua <<'LUA'
local sum = require "parts.sum"
return assay.experiment {
  name = "nets",
  params = { seeds = 2, steps = 3, scale = 1.0, widths = { 2, 4 } },
  grid_params = { "seeds" },
  grid = function(p)
    return {
      rate = { 0.5, 1 }, seed = assay.range(p.seeds),
      schedule = { assay.schedule("cosine", { peak = 0.1, steps = 10 }) },
      net = { { hidden = { width = 8, bias = true } } },
    }
  end,
  run = function(run, c, p)
    for step = 1, p.steps do run:log(step, { loss = c.rate / step }) end
    return { total = sum(c.rate * p.scale, c.schedule:at(3)), kind = math.type(p.scale) .. " " .. math.type(c.rate),
             width = c.net.hidden.width, noise = math.random(), widths = #p.widths }
  end,
  report = function() error("a report on one run") end,
}
LUA
cd work && timeout 60 "$ASSAY" run nets.lua --jobs 1 --quiet --db "$T/t.db" >/dev/null 2>&1
cd "$T/elsewhere" || exit
is "$(sql "$T/t.db" 'select count(*) from runs')" 4 "four runs to begin with"
rm -r ../work
id=$(sql "$T/t.db" "select r.id from run r join param p on p.run_id = r.id where p.key = 'rate' and p.value = 1 and r.seed = 2")

try rerun "$id" --db "$T/t.db"
exits 0 "a run again, its files gone"
out_has "run $id again is run 5" "the new run is named"
out_has "all 8 results of run $id came out the same to the bit" "with the bits of the first"
is "$(sql "$T/t.db" "select count(distinct config_hash), count(distinct experiment_id) from run where id in ($id, 5)")" "1|1" "it has the same identity and experiment"
is "$(sql "$T/t.db" "select value from result where run_id = 5 and key = 'kind'")" "float integer" "numbers are of the script's own kinds"
is "$(sql "$T/t.db" "select group_concat(distinct m.value = n.value) from metric m join metric n using (key_id, step) where m.run_id = $id and n.run_id = 5")" 1 "the curve is the same"

try rerun "$id" --db "$T/t.db" --set rate=0.25 --set net.hidden.width=16 --set steps=5
exits 0 "changes of one run"
out_has "params.steps" "what differs is printed"
is "$(sql "$T/t.db" "select count(*) from run")" 6 "one run was made"
is "$(sql "$T/t.db" "select group_concat(value, ' ') from (select value from param where run_id = 6 and key in ('rate', 'net.hidden.width', 'params.steps', 'seed') order by key)")" \
  "16 5 0.25 2" "with the changes and the rest as it was"
is "$(sql "$T/t.db" "select value = 16 from result where run_id = 6 and key = 'width'")" 1 "the script sees them"
try rerun 6 --db "$T/t.db"
out_has "all 8 results of run 6 came out the same to the bit" "a run that no grid holds can be done again, too"
try rerun "$id" --db "$T/t.db" --set params.widths=1,2,3 --quiet
is "$(sql "$T/t.db" "select value = 3 from result where run_id = 8 and key = 'widths'")" 1 "a list of the parameters is set"
is "$err" "" "--quiet says nothing"

try rerun "$id" --db "$T/t.db" --set rat=1
exits 2 "an unknown name"
err_has 'the run has no "rat" in its config; did you mean "rate"?' "with the nearest one"
try rerun "$id" --db "$T/t.db" --set rate=fast
err_has 'rate must be a number, got "fast"' "a wrong kind"
try rerun "$id" --db "$T/t.db" --set seed=1.5
err_has "seed must be a whole number" "a fraction where the grid has none"
try rerun "$id" --db "$T/t.db" --set seeds=7
err_has 'only shapes the grid' "a parameter that no run sees"
try rerun "$id" --db "$T/t.db" --set schedule=wsd
err_has "schedule is no single value: set what it holds, as in schedule." "an object of the script's as a whole"
try rerun "$id" --db "$T/t.db" --set schedule.params.peak=-1
err_has "peak" "a value that its method refuses"
try rerun "$id" --db "$T/t.db" --set schedule.params.peak=0.2 --quiet
exits 0 "a parameter of an object"
is "$(sql "$T/t.db" "select abs(b.value - 1 - 2 * (a.value - 1)) < 1e-12 from result a join result b using (key) where key = 'total' and a.run_id = $id and b.run_id = 9")" 1 \
  "is set: twice the peak is twice the rate"
try rerun "$id" --db "$T/t.db" --set net.hidden.depth=2
err_has 'the run has no "net.hidden.depth"' "an unknown name inside a table"
try rerun 99 --db "$T/t.db"
exits 2 "an unknown run"
try rerun
exits 2 "no run"
try rerun "$id" --db "$T/t.db" --dry-run --json
is "$(sqlite3 :memory: "select json_extract(readfile('$T/out'), '\$.counts.total', '\$.runs[0].config.seed')")" "[1,2]" "a dry run shows the one config"
is "$(sql "$T/t.db" "select count(*) from run")" 9 "none of these made a run"
printf 'run,loss\na,1\n' >runs.csv
timeout 60 "$ASSAY" import runs.csv --db "$T/i.db" >/dev/null 2>"$T/err"
try rerun 1 --db "$T/i.db"
exits 2 "an imported run"
err_has "has no script in the store" "has nothing to run"

cp "$here/small.lua" .
mean() { "$ASSAY" ls --db "$T/m.db" --format csv | sqlite3 -csv :memory: '.import /dev/stdin t' 'select n, "total.n", "total.low", "total.high" from t'; }
timeout 60 "$ASSAY" run small.lua --set n=1 --set seeds=3 --quiet --db "$T/m.db" >/dev/null 2>&1
before=$(mean)
try rerun 2 --db "$T/m.db" --quiet
is "$(mean)" "4${before#3}" "a run done again is no new measurement: it narrows no interval"

timeout 60 "$ASSAY" run small.lua --set bad=error --set n=1 --set seeds=1 --quiet --db "$T/bad.db" >/dev/null 2>&1
try rerun 1 --db "$T/bad.db"
exits 1 "a run that fails again"
err_has "a planned failure" "says why"
done_testing
