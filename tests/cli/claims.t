#!/usr/bin/env bash
# claims.t: our papers' scripts in small: they run, they judge, and figures that have another road agree with it.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
export ASSAY_DB=t.db

# run ID SET...: run a paper with these settings; a claim may fail at this size, a run must not.
run() {
  local id=$1 sets=()
  shift
  for set in "$@"; do sets+=(--set "$set"); done
  try papers "$id" --run --quiet "${sets[@]}"
  exits 0 "$id in small"
  out_has "Verdict of $id:" "… has a verdict"
}
# value SQL: of the last paper's runs
number() { sql t.db "select coalesce(($1), 'NULL')"; }

run sgd-dynamical-stability seeds=2 n=12 hidden=20 steps=8000 valid=20 test=20 rates=0.01,0.05,0.3 zero=1e-5
wide="(select run_id, max(iif(key = 'trace', value, 0)) as trace, max(iif(key = 'top', value, 0)) as top,
  max(iif(key = 'frobenius', value, 0)) as frobenius from results group by run_id having trace > 0)"
[ "$(number "select count(*) from $wide")" -ge 6 ]
ok $? "… some runs come to a minimum"
# H is a mean of 12 squares g g': its rank is at most 12, so top <= trace <= 12 top, and by Cauchy |H|_F <= trace <=
# sqrt(12) |H|_F. |H|_F is a mean over 100 draws of |Hv|^2 with relative deviation at most sqrt(2 / 100): 3 of them.
# The probes see the Hessian itself, whose other part is of the size of the residuals, sqrt(2e-5 * 12) at most.
is "$(number "select sum(trace < 0.98 * top or trace > 12 * 1.02 * top) from $wide")" 0 "… trace and largest eigenvalue agree"
is "$(number "select sum(frobenius > 1.25 * trace or sqrt(12) * frobenius < 0.75 * trace) from $wide")" 0 "… and the Frobenius norm"
is "$(number "select sum(abs(results.value - 1) > 1e-9) from results join params p using (run_id) where results.key = 'critical_ratio'
  and p.key = 'rows' and p.value = 'equal' and run_id in (select run_id from params where key = 'batch' and value = 1)")" 0 \
  "… rows of equal norm reproduce 2/tr(H)"

run sparse-hidden-structures seeds=3 data=digits train=500 valid=100 test=300 hidden=16,12 epochs=4 retrain=2 levels=0.5,0.9 level=0.9
# 64 x 16 + 16 x 12 + 12 x 10 weights, of which a tenth stays. Within layers exactly a tenth of each; over all layers one keeps less.
is "$(number "select count(*) from results join params p using (run_id) where results.key = 'least_90' and p.key = 'scheme' and p.value = 'uniform'
  and abs(results.value - 0.1) < 0.01")" 3 "… class-uniform keeps the same of each layer"
is "$(number "select count(*) from results join params p using (run_id) where results.key = 'least_90' and p.key = 'scheme' and p.value = 'blind'
  and results.value < 0.099")" 3 "… class-blind does not"
is "$(number "select count(distinct value) from results where key = 'start' and seed = 1")" 1 "… all schemes begin with the same net"
is "$(number "select count(*) from results o join results c using (run_id) where o.key = 'once_50' and c.key = 'cut_50' and o.value = c.value")" 12 \
  "… the first level is cut from it"
is "$(number "select count(*) from results b join results c on b.run_id = c.run_id and b.key = 'once_90' and c.key = 'error_90' and b.value > c.value
  and b.run_id not in (select run_id from params where key = 'scheme' and value = 'random')")" 9 "… and retraining repairs"
out_has "fails         The net without 90 % is better than a dense net trained as long." "… a claim that cannot hold at this size fails"

run wina seeds=2 hidden=16,12 epochs=5 sparsities=0.25,0.75 brute=8 examples=10
out_has "holds         Orthogonal columns: WINA's choice is the best of all." "… is exact at any size"
# Two roads to the test loss: training's own evaluation in float32, and the script's layers in float64.
is "$(number "select sum(abs(a.value - b.value) > 1e-5 * b.value) from results a join results b using (run_id) where a.key = 'dense_loss' and b.key = 'own_loss'")" 0 \
  "… the script computes the net that was trained"
is "$(number "select sum(r.value < 2 * t.value) from results r join results t using (run_id) where r.key = 'error_random_75' and t.key = 'error_teal_75'")" 0 \
  "… a random choice errs much more"
done_testing
