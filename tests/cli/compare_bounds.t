#!/usr/bin/env bash
# compare_bounds.t: the comparison of bounds in miniature: what stands in the store agrees with itself and with the report.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
script=$(dirname "$here")/../experiments/compare/bounds.lua
if [ ! -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ]; then
  echo "1..0 # SKIP the package dataset-fashion-mnist is not installed"
  exit 0
fi
small="--set width=16 --set depth=1 --set train=100,200 --set noise=0,0.2 --set seeds=2 --set heldout=500 --set test=200 --set draws=20 --set ess=0"

try run "$script" $small --db b.db --jobs 2
exits 0 "the comparison of bounds, very small"
out_has "All 8 nets reached the training loss and are compared." "every net is trained to the same loss"
out_has "rad-golowich   HP " "bounds stand with their kind"
out_has "test-binomial  guaranteed if chosen without these examples" "and with what the program claims"
out_has "sharpness-adaptive" "measures are ranked"
is "$(sql b.db 'select status, count(*) from runs group by 1')" "done|8" "every run is done"

# name.x of every bound and run; the values as numbers
view="with r(run, name, value, of, vacuous, violated, kind, log10) as (
  select a.run_id, a.key, a.value, t.value, v.value, w.value, k.value, l.value from result a
  join result t on t.run_id = a.run_id and t.key = a.key || '.truth' join result v on v.run_id = a.run_id and v.key = a.key || '.vacuous'
  join result w on w.run_id = a.run_id and w.key = a.key || '.violated' join result k on k.run_id = a.run_id and k.key = a.key || '.kind'
  join result l on l.run_id = a.run_id and l.key = a.key || '.log10')"
is "$(sql b.db "$view select count(*), count(distinct name) from r")" "40|5" "five bounds for each of eight nets"
is "$(sql b.db "$view select count(*) from r where (value >= 1) <> vacuous")" 0 "a bound is vacuous where it is at least 1"
is "$(sql b.db "$view select count(*) from r where violated and value >= of")" 0 "and violated only below the held-out error"
# each fails with probability 0.05 (0.06) at most, and a violation is one beyond the 99 % limit of 500 images besides
is "$(sql b.db "$view select count(*) from r where violated and name <> 'test-binomial'")" 0 "no bound over the training sample is violated"
is "$(sql b.db "$view select group_concat(distinct kind) from (select * from r order by kind)")" "HP,HP-fixed" "kinds stand in the store"
is "$(sql b.db "$view select count(*) from r where abs(log10 - log10(value)) > 1e-9 and value < 1e300")" 0 "log10 is that of the value"
is "$(sql b.db "select count(*) from result g join result h on h.run_id = g.run_id and h.key = 'heldout_error'
  join result t on t.run_id = g.run_id and t.key = 'train_error' where g.key = 'gap' and abs(g.value - (h.value - t.value)) > 1e-12")" 0 \
  "the gap is held-out less training error"

try run "$script" $small --db b.db --set epochs=1 --set prior=false --set until_loss=0.001
exits 0 "nets that do not reach the loss"
out_has "8 of 8 nets did not reach the training loss" "are named and not compared"
done_testing
