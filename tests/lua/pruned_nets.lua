-- Pruning whole nets: pruner:prune and assay.quality, restoration by masked training, regimes, convnets.
local tap = require "tap"

local data = assay.data("gaussian-mixture", { d = 16, classes = 4, train = 600, valid = 0, test = 300 })
local model = assay.model("mlp", { hidden = { 24, 12 } })
local trained = assay.train { data = data, model = model, epochs = 8, batch = 20, lr = 0.1, keep_weights = true }
local w = trained.weights
local function prune(id, settings, more)
  local t = { model = model, weights = w, data = data, examples = 300 }
  for k, v in pairs(more or {}) do t[k] = v end
  return assay.pruner(id, settings):prune(t)
end
local function quality(pruned, more)
  local t = { model = model, weights = w, pruned = pruned, data = data }
  for k, v in pairs(more or {}) do t[k] = v end
  return assay.quality(t)
end

-- what stands in a result
local p = prune("magnitude", { sparsity = 0.75 })
local total = 16 * 24 + 24 * 12 + 12 * 4
tap.is(p.total, total, "weights are counted")
tap.is(p.kept, total // 4, "exactly a quarter is kept")
tap.is(p.biases, 24 + 12 + 4, "biases are counted apart")
tap.is(p.mask:sum(), p.kept + p.biases, "the mask holds 1 for biases, too")
tap.is(#p.layers, 3, "a report for each layer")
tap.ok(p.weights == w * p.mask, "magnitude only masks")
tap.ok(tostring(p):find("sparsity 0.75", 1, true), "a result prints itself")
tap.ok(p.wall_s >= 0 and p.cpu_s >= 0 and p.calibrate_s >= 0, "times are told")
tap.is(p.dense_bytes, 4 * (total + 40), "bytes of the dense net")
tap.is(p.csr_bytes, 8 * p.kept + 4 * (40 + 3) + 4 * 40, "bytes of its rows compressed")
tap.is(p.pattern_bytes, nil, "no pattern, no bytes of it")

-- layers as matrices: weights and biases stand in turn
local second = p.layers[2]
tap.ok(second.mask:rows() == 12 and second.mask:cols() == 24, "a layer's mask is outputs x inputs")
tap.is(second.mask:sum(), second.kept, "with as many ones as it keeps")
tap.ok(second.weights(3, 5) == p.weights(1, 24 * 16 + 24 + 2 * 24 + 5), "a layer's weights are those of the net")
tap.ok(p.layers[3].mask(4, 12) == p.mask(1, p.mask:cols() - 4), "to the last one before the last biases")

-- quality
local dense = quality(w)
tap.is(dense.kl, 0, "the dense net against itself: no divergence")
tap.is(dense.agreement, 1, "full agreement")
tap.is(dense.error, trained.test_error, "the error is that of training's evaluation, to the bit")
tap.is(dense.loss, dense.dense_loss, "and so is the loss")
local q = quality(p.weights)
tap.ok(q.kl > 0 and q.agreement < 1 and q.n == 300, "a pruned net differs")
tap.ok(q.layers[1].output_error == q.layers[1].drift and q.layers[3].drift > 0, "layer by layer")

-- sparsity 0, and nothing else changes
for _, id in ipairs { "random", "magnitude", "wanda", "ria", "snip", "taylor", "obd", "synflow", "lamp", "sparsegpt", "obc" } do
  for _, inputs in ipairs { "dense", "sequential", "sequential-dense-target" } do
    local same = prune(id, { sparsity = 0, compare = "layer", restore = "lsq-repair" }, { inputs = inputs }).weights == w
    if not same then tap.ok(false, id .. " " .. inputs .. ": sparsity 0 gives the dense net") end
  end
end
tap.ok(true, "sparsity 0 gives the dense net, for eleven methods in three regimes")

-- every method at one sparsity: exact counts, better than random where a layer's error is what it minimizes
local function error_of(id, settings, more)
  local r = prune(id, settings, more)
  local sum = 0
  for _, layer in ipairs(quality(r.weights, { part = "train", examples = 300 }).layers) do sum = sum + layer.output_error end
  return sum, r
end
local magnitude = error_of("magnitude", { compare = "layer" })
local wanda = error_of("wanda", { compare = "layer" })
local solved, s = error_of("sparsegpt")
tap.ok(wanda < magnitude and solved < wanda, string.format("output errors: magnitude %.4f, wanda %.4f, sparsegpt %.4f", magnitude, wanda, solved))
tap.is(s.kept, total // 2, "sparsegpt removes half")
local before
for _, sparsity in ipairs { 0.25, 0.5, 0.75, 0.9 } do
  local mask = prune("wanda", { sparsity = sparsity }).mask
  if before then tap.ok((before - mask):min() >= 0, "wanda's masks are nested: " .. sparsity) end
  before = mask
end
local pattern = prune("wanda", { compare = "n:m", n = 2, m = 4 })
tap.is(pattern.sparsity, 0.5, "2:4 keeps half")
tap.ok(pattern.pattern_bytes < pattern.csr_bytes and pattern.pattern_bytes < pattern.dense_bytes, "and is smaller than CSR")

-- several at once
local walk = prune("sparsegpt", nil, { sparsity = { 0, 0.5, 0.75 } })
tap.ok(#walk == 3 and walk[1].weights == w and walk[2].weights == s.weights and walk[3].sparsity == 0.75, "a list of sparsities gives a list")
local together = quality { walk[1].weights, walk[2].weights }
tap.ok(#together == 2 and together[1].kl == 0 and together[2].kl == quality(s.weights).kl, "a list of weights, too")
tap.is(prune("magnitude", nil, { sparsity = 0.25 }).sparsity, 0.25, "a sparsity takes the place of the pruner's")
tap.fails(function() prune("magnitude", nil, { sparsity = { 2 } }) end, "from 0 to 1", "a sparsity beyond 1")
tap.fails(function() prune("magnitude", nil, { sparsity = { "x" } }) end, "sparsity must be", "a word for a sparsity")
tap.fails(function() prune("wanda", { compare = "n:m" }, { sparsity = 0.75 }) end, "sparsity must be 0.5", "another than the pattern's")

tap.ok(prune("sparsegpt", nil, { cache = false }).weights == s.weights, "without the cache it is the same")

-- scores of whole nets
local control = prune("shuffled", { of = "wanda", sparsity = 0.8, compare = "row" })
local own = prune("wanda", { sparsity = 0.8 })
tap.ok(control.kept == own.kept and control.layers[2].kept == own.layers[2].kept and control.mask ~= own.mask, "a shuffled mask has the densities")
local lists = assay.pruner("synflow", { sparsity = 0.9 }):mask { assay.ones(3, 4), assay.ones(2, 3) }
tap.is(lists[1]:sum() + lists[2]:sum(), 2, "synflow takes a chain of matrices")
tap.fails(function() assay.pruner("synflow"):mask { assay.ones(3, 4), assay.ones(2, 5) } end, "must feed one another", "but no other lists")
tap.ok(not prune("synflow", { sparsity = 0.95 }).layers[3].empty, "synflow leaves no layer empty")

-- allocators: by id with the pruner's sparsity, or as objects
local erk = prune("magnitude", { sparsity = 0.8, compare = "layer" }, { allocator = "erk" })
tap.is(total - erk.kept, math.floor(0.8 * total + 0.5), "erk meets the pruner's sparsity")
tap.ok(erk.layers[3].sparsity < erk.layers[1].sparsity, "and spares the small layer")
local skipped = prune("magnitude", { sparsity = 0.5 }, { skip = { 1, 3 } })
tap.is(skipped.layers[1].kept + skipped.layers[3].kept, 16 * 24 + 12 * 4, "skipped layers stay dense")
tap.ok(prune("magnitude", { sparsity = 1, compare = "layer" }).layers[2].empty, "an empty layer is flagged")

-- restoration: removed weights stay exactly 0, through repair and through training with momentum and decay
local hard = prune("magnitude", { sparsity = 0.9 })
local repaired = prune("magnitude", { sparsity = 0.9, restore = "lsq-repair" })
tap.ok(repaired.mask == hard.mask and (repaired.weights * (1 - hard.mask)):abs():max() == 0, "lsq-repair keeps zeros")
local function first_error(r) return quality(r.weights, { part = "train", examples = 300 }).layers[1].output_error end
tap.ok(first_error(repaired) < first_error(hard), "and lowers a layer's error on the calibration examples")
local tuned = assay.train {
  data = data, model = model, epochs = 2, batch = 20, lr = 0.05, init = hard.weights, mask = hard.mask, keep_weights = true,
  optimizer = assay.optimizer("adamw", { weight_decay = 0.01 }),
}
tap.ok((tuned.weights * (1 - hard.mask)):abs():max() == 0, "fine-tuning keeps zeros")
tap.ok(quality(tuned.weights).loss < quality(hard.weights).loss, "and lowers the loss")
tap.is(quality(tuned.weights).error, tuned.test_error, "its error is the training's own")

-- gradients and curvature
tap.ok(prune("snip", { sparsity = 0.5 }, { batch = 300 }).mask ~= p.mask, "snip takes gradients from the model")
local gn, fisher = prune("obd"), prune("obd", nil, { curvature = "fisher" })
tap.ok(gn.mask ~= fisher.mask and gn.kept == fisher.kept, "obd takes either curvature")

-- convnets
local images = assay.data("gaussian-mixture", { d = 64, classes = 3, train = 200, valid = 0, test = 100 })
local convnet = assay.model("convnet", { channels = { 4, 4 } })
local filters = assay.train { data = images, model = convnet, epochs = 3, batch = 20, lr = 0.05, keep_weights = true }
for _, id in ipairs { "wanda", "sparsegpt", "obd" } do
  local cut = assay.pruner(id, { sparsity = 0.5, compare = "layer" }):prune { model = convnet, weights = filters.weights, data = images }
  local after = assay.quality { model = convnet, weights = filters.weights, pruned = cut.weights, data = images }
  tap.ok(cut.sparsity == 0.5 and after.kl > 0 and cut.layers[2].positions == 16, id .. " prunes a convnet")
end

tap.fails(function() prune("wanda", nil, { input = "dense" }) end, 'did you mean "inputs"?', "a misspelt key")
tap.fails(function() prune("wanda", nil, { inputs = "sequental" }) end, 'did you mean "sequential"?', "a misspelt regime")
tap.fails(function() prune("wanda", { compare = "global" }, { inputs = "sequential" }) end, "inputs must be dense", "a global ranking by inputs")
tap.fails(function() prune("wanda", { compare = "n:m", n = 1, m = 5 }) end, "multiple of 5", "a pattern that does not fit")
tap.fails(function() prune("magnitude", nil, { skip = { 4 } }) end, "skip", "a layer that is not there")
tap.fails(function() prune("magnitude", nil, { skip = { 1, 2, 3 } }) end, "no layer to prune", "nothing left to prune")
tap.fails(function() assay.quality { model = model, weights = w, data = data } end, "pruned is missing", "nothing to compare")
tap.fails(function() prune("magnitude", nil, { allocator = "erkk" }) end, "erk", "a misspelt allocator")

tap.done()
