#!/usr/bin/env bash
# compare_pruning.t: the comparison of pruning methods in a small form: its runs check counts, zeros, nested masks and sparsity 0
# themselves and fail otherwise; here the stored figures are compared with each other.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
script=$root/experiments/compare/pruning.lua
if [ ! -d /usr/share/datasets/fashion-mnist ]; then
  skip 19 "dataset-fashion-mnist is not installed"
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

# 5 methods and a pattern on 2 layers of the mlp, 2 methods and a pattern on 4 of the convnet, at two sparsities (a pattern has one)
check='local masks, bad = 0, 0
for _, a in ipairs(assay.db [[SELECT a.run_id id, a.name, r.value kept FROM artifact a JOIN result r ON r.run_id = a.run_id
    AND r.key = replace(a.name, " mask ", " kept ") JOIN runs ON runs.id = r.run_id AND seed = 1 WHERE a.kind = "mask"]]) do
  local mask, bins = assay.artifact(a.id, a.name), assay.artifact(a.id, (a.name:gsub(" mask ", " histogram ")))
  local removed = mask:rows() * mask:cols() - a.kept
  masks = masks + 1
  if mask:sum() ~= a.kept or bins:view(2, 2):sum() ~= a.kept or bins:view(3, 3):sum() ~= removed then bad = bad + 1 end
end
print(masks, bad)'
is "$("$ASSAY" --db t.db repl -e "${check//\"/\'}")" "$(printf '42\t0')" "masks of the first seed hold as many ones as the results say, and so do the histograms"
is "$(sql t.db "select count(*) from artifact where kind = 'mask'")" 42 "no other masks are kept"
try run "$script" --db none.db --quiet "${small[@]}" --set models=mlp --set methods=magnitude --set patterns= --set ablation= --set masks=0 --set seeds=1
is "$(sql none.db "select (select count(*) from artifact), (select count(*) > 0 from result where key = 'layer 2 kept @0.5')")" "0|1" "masks=0 keeps counts alone"

try run "$script" --db t.db --quiet "${small[@]}" --set methods=magnitudo
exits 2 "a method that is not there"
err_has 'no method "magnitudo"' "… is named"
try run "$script" --db t.db --quiet "${small[@]}" --set methods=wanda --set sparsities=0.5
err_has "must begin with 0" "sparsities without 0 are refused"
done_testing
