#!/usr/bin/env bash
# compare_schedules.t: the comparison of schedules on few images: tuned on some seeds, scored on others, and a report of it.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
script=$root/experiments/compare/schedules.lua
[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || { skip 19 "dataset-fashion-mnist is not installed"; done_testing; exit; }

small=(--set train=400 --set valid=200 --set test=200 --set epochs=2 --set hidden=16 --set peaks=3 --set seeds=3)
names=(--set schedules=constant,cosine,linear-decay,sls-armijo --set optimizers=sgd,adamw)
try run "$script" "${small[@]}" "${names[@]}" --jobs 2 --quiet --db a.db
exits 0 "two optimizers, three schedules and a rule"
report=$out
is "$(sql a.db "select count(*) from runs where status != 'done'")" 0 "every run has a result"
is "$(sql a.db "select count(*) from results r join runs on runs.id = run_id where runs.seed > 1000 and key like 'val\_%' escape '\\' and instr(key, '.') = 0")" 0 \
  "fresh seeds return nothing by which a rate is chosen"
is "$(sql a.db "select count(*) from results r join runs on runs.id = run_id where runs.seed <= 1000 and key like '%test%'")" 0 \
  "tuning seeds never look at the test data"
is "$(sql a.db "select count(distinct seed) from runs where seed > 1000 and json_extract(config, '\$.horizon') is null")" 3 "three fresh seeds"
is "$(sql a.db "select count(*) from runs where seed > 1000 and json_extract(config, '\$.horizon') = 2")" 24 "and twice the updates for each"
# The rate of each fresh run is the best of its arm, and no best stands at an edge.
is "$(sql a.db "
  with t as (select json_extract(config, '\$.optimizer') o, json_extract(config, '\$.schedule') s, json_extract(config, '\$.peak') p, seed,
      (select value from results where run_id = runs.id and key = 'val_error') v from runs),
    m as (select o, s, p, avg(v) v from t where seed <= 1000 and p is not null group by o, s, p),
    b as (select o, s, min(p) p, min(v) from m join (select o oo, s ss, min(v) least from m group by o, s) on o = oo and s = ss and v = least group by o, s)
  select count(*), sum((select count(distinct f.p) from t f where f.o = b.o and f.s = b.s and f.seed > 1000) = 1
      and exists (select 1 from t f where f.o = b.o and f.s = b.s and f.seed > 1000 and f.p = b.p)
      and exists (select 1 from m where m.o = b.o and m.s = b.s and m.p < b.p) and exists (select 1 from m where m.o = b.o and m.s = b.s and m.p > b.p))
  from b")" "6|6" "each arm is scored at the best of its rates, which lies between others"
out_has "fashion-mlp, sgd" "the report has a part for each optimizer"
out_has "fashion-mlp, adamw" "…"
out_has "Over all 2 problems and optimizers" "and one over all"
out_has "to target" "with the time to target"
out_has "2T-T" "what twice the updates change"
out_has "Paired differences in test error" "paired differences"
try run "$script" "${small[@]}" "${names[@]}" --db a.db
err_has "runs are finished already" "the same command finds all of it done"
is "$out" "$report" "and reports the same"
try run "$script" --set schedules=cosin --db b.db
exits 2 "an unknown schedule"
err_has 'no schedule or rule "cosin"' "is named before any run"
try run "$script" --set study=all --db b.db
err_has 'no study "all" in this comparison; it knows full, preset' "and so is an unknown study"
try run compare/schedules.lua --dry-run --db c.db
out_has "0 finished" "an installed script is found by its short name from any folder"
done_testing
