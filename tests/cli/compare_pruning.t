#!/usr/bin/env bash
# compare_pruning.t: the comparison of pruning methods in a small form: its runs check counts, zeros, nested masks and sparsity 0
# themselves and fail otherwise; here the stored figures are compared with each other.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
script=$root/experiments/compare/pruning.lua
if [ ! -d /usr/share/datasets/fashion-mnist ]; then
  skip 16 "dataset-fashion-mnist is not installed"
  done_testing
  exit 0
fi
small=(--set train=600 --set test=300 --set epochs=2 --set examples=128 --set hidden=16 --set channels=2,3 --set conv_hidden=8
  --set sparsities=0,0.5,0.8 --set seeds=2 --set ablation=sparsegpt:dense-target --set patterns=magnitude@2:4)
# of METHOD KEY: the values of a result for the mlp, by seed
of() { sql t.db "select group_concat(value, ' ') from (select r.value from results r join params m using (run_id) join params o using (run_id)
  join run using (seed) where run.id = r.run_id and m.key = 'method' and m.value = '$1' and o.key = 'model' and o.value = 'mlp'
  and r.key = '$2' order by run.seed)"; }

try run "$script" --db t.db --jobs 2 --quiet "${small[@]}" --set models=convnet --set methods=magnitude,obd --set ablation=
exits 0 "every run is consistent on a convnet"
out_has "=== convnet" "… which has a section of its own"
try run "$script" --db t.db --jobs 2 --quiet "${small[@]}" --set models=mlp --set methods=magnitude,magnitude-layer,wanda,sparsegpt
exits 0 "every run is consistent on an mlp"
is "$(sql t.db "select status, count(*) from runs group by 1")" "done|18" "three and six methods, two seeds"
out_has "=== mlp" "a section for the mlp"
out_has "Test error in % against sparsity, after least-squares repair" "… with repair"
out_has "Paired differences in the area under accuracy, after fine-tuning" "… paired tests"
out_has "magnitude@2:4" "… patterns"
is "$(of magnitude 'plain error @0')" "$(of sparsegpt 'plain error @0')" "sparsity 0 is the same net for all"
is "$(of magnitude 'plain error @0')" "$(of magnitude dense_error)" "… the dense one"
is "$(of magnitude 'plain kl @0')" "0.0 0.0" "… without divergence"
less() { # less A B: pairwise, A <= B
  local -a a=($1) b=($2)
  [ "${#a[@]}" -eq 2 ] && [ "${#b[@]}" -eq 2 ] && awk "BEGIN { exit !(${a[0]} <= ${b[0]} && ${a[1]} <= ${b[1]}) }"
}
less "$(of sparsegpt 'plain layer_error_calibration @0.5')" "$(of magnitude-layer 'plain layer_error_calibration @0.5')"
ok $? "SparseGPT's output error is at most that of magnitude by layers, on every seed"
less "$(of magnitude@2:4 'plain size @0.5')" "0.6 0.6"
ok $? "2:4 takes half the bytes and two bits a weight, biases and the odd layer aside"

try run "$script" --db t.db --quiet "${small[@]}" --set methods=magnitudo
exits 2 "a method that is not there"
err_has 'no method "magnitudo"' "… is named"
try run "$script" --db t.db --quiet "${small[@]}" --set methods=wanda --set sparsities=0.5
err_has "must begin with 0" "sparsities without 0 are refused"
done_testing
