#!/usr/bin/env bash
# shard.t: the shards of a sweep are disjoint and complete, and merged they are the sweep, to the bit.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
unset "${!SLURM_@}"

# Every number but times, by config.
facts() {
  sqlite3 "$1" "select config, key, coalesce(case typeof(value) when 'real' then format('%!.17g', value) else value end, 'NaN') from runs
      join result on run_id = runs.id where key not like '%\_s' escape '\\' and key not like '%\_s.%' escape '\\'
    union all
    select config, k.name || ' ' || step, coalesce(format('%!.17g', value), 'NaN') from runs join metric m on m.run_id = runs.id
      join metric_key k on k.id = m.key_id
    union all select config, status || script_hash || config_hash, '' from runs
    order by 1, 2" >"$T/facts"
  md5sum <"$T/facts"
}

# A sweep of trainings, where runs share calls of the engine: the shards cut through them.
try run "$here/sweep.lua" --jobs 2 --quiet --db whole.db
exits 0 "the sweep in one piece"
whole=$(facts whole.db)
rows=$(wc -l <"$T/facts")
[ "$rows" -gt 1000 ]
ok $? "there is something to compare ($rows numbers)"
total=$(sql whole.db 'select count(*) from run')
for i in 1 2 3; do
  try run "$here/sweep.lua" --shard $i/3 --quiet --db part-$i.db
  exits 0 "shard $i of 3"
  is "$out" "" "… has no report"
done
is "$(for i in 1 2 3; do sql part-$i.db 'select config_hash from run'; done | sort | uniq | wc -l)" "$total" "together they are complete"
is "$(for i in 1 2 3; do sql part-$i.db 'select config_hash from run'; done | wc -l)" "$total" "and disjoint"
for i in 1 2 3; do
  n=$(sql part-$i.db 'select count(*) from run')
  [ $((n * 3)) -ge $((total - 2)) ] && [ $((n * 3)) -le $((total + 2)) ]
  ok $? "shard $i has its part ($n of $total)"
done
try merge all.db part-3.db part-1.db part-2.db part-1.db
exits 0 "they are merged"
is "$(facts all.db)" "$whole" "and are the sweep in one piece, to the bit"
try run "$here/sweep.lua" --dry-run --db all.db
out_has "$total finished, 0 to do" "nothing is left to do"

script=$here/small.lua
try run "$script" --db one.db --quiet
report=$out
try run "$script" --shard 1/2 --db a.db --json --quiet
is "$(sqlite3 :memory: "select json_extract(value, '\$.shard'), json_array_length(value, '\$.runs'), json_extract(value, '\$.counts.total')
  from (select cast(readfile('$T/out') as text) as value)")" "[1,2]|3|3" "--json tells of the shard alone"
try run "$script" --shard 1/2 --db a.db
err_has "all 3 runs of this shard are finished already" "a finished shard is not done again"
err_has "assay merge" "what to do next is said"
try run "$script" --shard 2/2 --db a.db --quiet
try run "$script" --db a.db --quiet
is "$out" "$report" "two shards into one store give the report of the whole"
is "$(sql a.db 'select count(*) from run')" 6 "… without a run done twice"
try run "$script" --shard 9/9 --db empty.db
exits 0 "a shard without runs"
try merge a.db empty.db
exits 0 "… merges like any other"

dry() { "$ASSAY" run "$script" --dry-run --db none.db --shard "$1" 2>&1 | sed '$d' | sort; }
is "$(SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=4 dry slurm)" "$(dry 3/4)" "slurm: --array=1-4"
is "$(SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=4 dry slurm)" "$(dry 1/4)" "slurm: --array=0-3"
is "$(SLURM_ARRAY_TASK_ID=14 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=14 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=3 dry slurm)" \
  "$(dry 3/3)" "slurm: --array=10-14:2"
SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=3 try run "$script" --shard slurm
exits 2 "slurm: --array=1,2,9"
err_has "evenly spaced" "… is refused"
try run "$script" --shard slurm
exits 2 "slurm without an array"
err_has "SLURM_ARRAY_TASK_ID" "… says what is missing"
for bad in 0/3 4/3 1 1/ /3 -1/3 1/3/5 1/2x " 1/2" 1/99999999999999999999 x; do
  try run "$script" --dry-run --shard "$bad"
  exits 2 "--shard '$bad' is refused"
done
done_testing
