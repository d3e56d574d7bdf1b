-- Step-size rules in a training: what they need is there, the rates are logged, costs are counted.
local tap = require "tap"

local data = assay.data("gaussian-mixture", { train = 300, valid = 100, classes = 3, d = 5, separation = 6 })
local base = { data = data, model = "softmax", steps = 40, batch = 30, seed = 3, log_every = 1, keep_losses = true }
local function train(controller, more)
  local t = { controller = controller }
  for k, v in pairs(base) do t[k] = v end
  for k, v in pairs(more or {}) do t[k] = v end
  return assay.train(t)
end

for _, id in ipairs { "bb1", "bb2", "hypergradient", "polyak", "sps-max" } do
  local r = train(assay.controller(id))
  tap.ok(not r.diverged and r.train_loss < 0.7 * r.losses[1], id .. " lowers the loss")
  tap.is(r.cost, 40, id .. " costs a gradient for each update")
  tap.ok(train(assay.controller(id), { average = "poly-average" }).avg_val_loss > 0, "and goes with an average")
end
local same = train(assay.controller("bb1", { gradients = "same-batch" }))
tap.is(same.cost, 79, "bb1 on the same batch costs one more from the second update on")
-- full batches: the earlier gradient is that of the last update, computed anew
local full = { batch = 300, steps = 15, keep_weights = true }
local last, again = train(assay.controller "bb1", full), train(assay.controller("bb1", { gradients = "same-batch" }), full)
tap.near((last.weights - again.weights):norm(), 0, 1e-4 * last.weights:norm(), "with full batches both are one")
local fixed = train(assay.controller("hypergradient", { beta = 0, eta0 = 0.1 }), { keep_weights = true })
local t = { lr = 0.1, keep_weights = true }
for k, v in pairs(base) do t[k] = v end
tap.ok(fixed.weights == assay.train(t).weights, "beta = 0 is a constant rate, to the bit")
local adam = train(assay.controller("hypergradient", { beta = 1e-7, eta0 = 0.01 }), { optimizer = "adam" })
tap.ok(adam.train_loss < 0.7 * adam.losses[1], "hypergradient drives Adam, too")

-- orders made from gradients: only where there are gradients of single examples
local cancer = assay.data("breast-cancer", { standardize = true })
local lr = assay.objective("logistic-regression", { data = cancer, l2 = 0.1 })
local least = assay.minimizer("lbfgs"):minimize(lr, { passes = 200, grad_norm = 1e-10 }).value
local function gap(sampler, seed)
  local m = assay.minimizer("stochastic", { sampler = sampler, schedule = assay.schedule("constant", { peak = 0.002 }) })
  return m:minimize(lr, { passes = 40, seed = seed }).value - least
end
for _, id in ipairs { "grab", "grab-pair" } do
  local ratio = 1
  for seed = 1, 5 do ratio = ratio * gap(id, seed) / gap("random-reshuffling", seed) end
  -- part of the gap is the bias of the constant rate, which no order takes away
  tap.ok(ratio ^ (1 / 5) < 0.85, id .. " leaves a smaller gap than random reshuffling")
  tap.fails(function() train(assay.controller "polyak", { sampler = id }) end, "batch = 1", id .. " in a training of nets")
  local batches = assay.minimizer("stochastic", { sampler = id, batch = 4 })
  tap.fails(function() batches:minimize(lr, { passes = 1 }) end, "batch = 1", id .. " with batches of 4")
  tap.fails(function() assay.minimizer("saga", { sampler = id }):minimize(lr, { passes = 1 }) end, "stochastic", id .. " with SAGA")
end

-- the largest rates
tap.near(assay.math.stability_limit("gd", 4), 0.5, 1e-15, "2/lambda")
tap.near(assay.math.stability_limit("heavy-ball", 4, 0.5), 0.75, 1e-15, "2(1 + beta)/lambda")
tap.fails(function() assay.math.stability_limit("adam", 4) end, "adam", "a rule without a limit")
tap.fails(function() assay.math.stability_limit("gd", -1) end, "curvature must be", "a curvature below 0")
tap.near(assay.math.rmt_max_lr(5, 1, 500, 100), 2 / 6, 1e-15, "5 + 5/5")
tap.near(assay.math.rmt_max_lr(5, 1, 500, 100, 100), 0.4, 1e-15, "the whole sample has no noise")
tap.fails(function() assay.math.rmt_max_lr(5, 1, 500, 0) end, "batch", "a batch of nothing")
-- full-batch gradient descent on least squares obeys its limit
local line = assay.data("linear-teacher", { train = 60, valid = 0, test = 0, d = 4, noise = 0.1 })
local first = assay.train { data = line, model = "linear", lr = 1e-9, steps = 1, batch = 60, keep_weights = true }
local limit = assay.probe("stability-limit"):measure(first).limit
local function descend(rate)
  return assay.train { data = line, model = "linear", lr = rate, steps = 400, batch = 60, diverged = "ok", log_every = 1, keep_losses = true }
end
tap.ok(descend(0.97 * limit).train_loss < 10, "3 % below the limit of the probe it settles")
local above = descend(1.03 * limit)
tap.ok(above.diverged or above.train_loss > 1e4, "3 % above it does not")
local rates = assay.probe("rmt-max-lr", { batch = { 1, 8, 60 } }):measure(first)
tap.ok(rates.limit[1] < rates.limit[2] and rates.limit[2] < rates.limit[3], "larger batches allow larger rates")
tap.near(rates.limit[3], limit, 1e-3 * limit, "up to that of the whole")
