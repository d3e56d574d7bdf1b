#!/usr/bin/env bash
# A result depends on the config and the seed, not on the number of workers, on how the engine nests its loops, on
# what ran beside it.
. "$(dirname "$0")/lib.sh"

# Everything that was logged and every result but timings, by config without the plan.
facts() {
  sqlite3 "$T/$1" "select json_remove(config, '\$.params.plan') as c, r.key, r.value from runs join results r on r.run_id = runs.id
      where r.key not like '%\_s' escape '\\' and r.key not like '%\_s.%' escape '\\'
    union all
    select json_remove(config, '\$.params.plan'), m.key || ' ' || m.step, m.value from runs join metrics m on m.run_id = runs.id
    order by 1, 2" | tee "$T/facts" | md5sum
}

try --db one.db run "$here/sweep.lua" --jobs 1 --quiet
exits 0 "the sweep runs with one worker"
reference=$(facts one.db)
rows=$(wc -l <"$T/facts")
[ "$rows" -gt 1000 ]
ok $? "there is something to compare ($rows numbers)"
is "$(sqlite3 one.db "select count(*) > 0 from results where key = 'diverged' and value = 1")" 1 "some of the runs diverge"

try --db two.db run "$here/sweep.lua" --jobs 2 --quiet
is "$(facts two.db)" "$reference" "two workers: the same bits"

for plan in replica block interleaved; do
  try --db $plan.db run "$here/sweep.lua" --jobs 2 --set plan=$plan --quiet
  exits 0 "the plan $plan runs"
  is "$(facts $plan.db)" "$reference" "… and gives the same bits"
done

# every run by itself: nothing runs beside it
timeout 60 "$ASSAY" --db alone.db run "$here/sweep.lua" --jobs 7 --quiet >"$T/out" 2>"$T/err"
is "$(facts alone.db)" "$reference" "seven workers: the same bits"

done_testing
