#!/usr/bin/env bash
# probes.t: what probes give along a training is logged with the run, and shown like any metric.
. "$(dirname "$0")/lib.sh"
cat > probed.lua <<'L'
local data = assay.data("gaussian-mixture", {d = 4, train = 60, valid = 20, test = 20})
return assay.experiment {
  name = "probed", grid = {seed = {1, 2}},
  run = function(_, c)
    local how = {data = data, model = "softmax", steps = 12, lr = 0.1, seed = c.seed, probe = {"sharpness", "trace"}, probe_every = 6}
    assay.train(how)
    how.label = "second"
    return {val_error = assay.train(how).val_error}
  end,
}
L
try run probed.lua --quiet
exits 0 "an experiment with probes runs"
metrics="from metric join metric_key on metric_key.id = key_id"
seen=$(sql assay.db "select name, group_concat(step, ' ') $metrics where run_id = 1 and name in ('sharpness', 'second/trace') group by name order by name")
is "$seen" "second/trace|0 6 12
sharpness|0 6 12" "its numbers stand in the store, by step, under the label of the training"
is "$(sql assay.db "select count(distinct value) $metrics where name = 'trace' and step = 0")" 2 "each run has its own"
try plot trace
out_has trace "and they can be plotted"
cat > broken.lua <<'L'
return assay.experiment {name = "broken", grid = {seed = {1}}, run = function()
  assay.train {data = "gaussian-mixture", model = "softmax", steps = 5, lr = 0.1, probe = "sharpnes"}
end}
L
try run broken.lua
exits 1 "an unknown probe fails the run"
err_has 'did you mean "sharpness"' "by name"
done_testing
