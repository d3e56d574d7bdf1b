-- Gradient norms of a training, and assay.refine.
local tap = require "tap"

local data = assay.data("gaussian-mixture", { train = 240, valid = 200, classes = 3, d = 6 })
local model = assay.model("mlp", { hidden = { 8 } })
local base = { data = data, model = model, lr = 0.3, steps = 60, batch = 16, seed = 2, log_every = 1, keep_losses = true,
  keep_weights = true }
local function with(more)
  local t = {}
  for k, v in pairs(base) do t[k] = v end
  for k, v in pairs(more) do t[k] = v end
  return t
end

-- norms
local plain, seen = assay.train(base), assay.train(with { norms = true })
tap.is(seen.norms:cols(), 60, "one norm for each update")
tap.ok(plain.norms == nil, "and none unless asked for")
tap.ok(plain.weights == seen.weights and plain.losses == seen.losses, "looking changes no bit")
local full = assay.train(with { batch = 240, steps = 1, norms = true, init = plain.weights, optimizer = assay.optimizer("sgd") })
local train = data:train()
local g = model:grad(plain.weights, { x = train.x, y = train.y, classes = train.classes })
tap.near(full.norms[1], g:norm(), 1e-6 * g:norm(), "the norm is that of the gradient (float32)")
tap.near(full.norms_l1[1], g:abs():sum(), 1e-6 * g:abs():sum(), "and so is the l1 norm")
local odd = {}
for i = 1, #g do odd[i] = i % 2 end
local mask = assay.matrix({ odd }, "f32")
local half = assay.train(with { batch = 240, steps = 1, norms = true, init = plain.weights, mask = mask })
local masked = model:grad(plain.weights * mask, { x = train.x, y = train.y, classes = train.classes })
tap.near(half.norms[1], (masked * mask):norm(), 1e-6 * g:norm(), "under a mask, of the weights that may move")
tap.is(assay.train(with { norms = true, log_every = 7 }).norms:cols(), 9, "every log_every updates")
local both = assay.train_many(with { norms = true, replicas = { {}, { lr = 0.1 } } })
tap.ok(both[1].norms == seen.norms and both[2].norms[1] == seen.norms[1] and both[2].norms ~= seen.norms, "each replica has its own")
tap.fails(function() assay.train(with { norms = true, log_every = 0, keep_losses = false }) end, "log_every = 1", "norms that nobody asks for")
tap.fails(function() assay.train(with { norms = 1 }) end, "true or false", "norms that are a number")

-- the schedule of given norms
local s = assay.refine({ 4, 2, 2, 1, 1 }, { peak = 0.5, tau = 0 })
tap.is(s.id, "refined", "norms give a schedule")
-- weights 1/16, 1/4, 1/4, 1, 1; with the sums of the later ones 2.5, 2.25, 2, 1, 0
for i, v in ipairs { 0.15625, 0.5625, 0.5, 1, 0 } do tap.near(s:at(i - 1, 5), 0.5 * v, 1e-15, "rate " .. i .. " by hand") end
tap.ok(assay.refine(assay.matrix { { 4, 2, 2, 1, 1 } }, { peak = 0.5, tau = 0 }) == s, "a matrix of norms is the same")
tap.fails(function() assay.refine({ 1, 0 / 0 }) end, "nan at position 2", "a norm that is no number")
tap.fails(function() assay.refine({ 1, 2 }, { pek = 1 }) end, 'did you mean "peak"', "a wrong key")

-- in one call
local settings = { data = data, model = model, lr = 0.3, steps = 60, batch = 16, seed = 2, keep_weights = true }
local r = assay.refine(settings)
local by_hand = assay.train(with { schedule = "linear-decay", norms = true })
tap.ok(r.norms == by_hand.norms, "the first run records linear decay")
local schedule = assay.schedule("refined", { norms = by_hand.norms, peak = 0.3, steps = 60 })
tap.ok(r.schedule == schedule, "the schedule is that of the norms, with the same peak")
local again = with { schedule = schedule }
again.lr = nil
tap.ok(r.result.weights == assay.train(again).weights, "is a training with it")
tap.ok(tostring(r):find("recorded", 1, true) and tostring(r):find("refined schedule from 60 l2", 1, true), "it prints itself")
local shape = r:shape()
tap.ok(shape.start > 0 and shape.start <= 1 and shape.top < shape.half and shape.half < 1, "with its shape in numbers")
settings.peaks = { 1e-6, 0.3 }
local swept = assay.refine(settings)
tap.is(swept.schedule.peak, 0.3, "the best of some peaks is taken")
tap.ok(swept.result.weights == r.result.weights and #swept.tried == 2 and swept.tried[1].peak == 1e-6, "and all are returned")
settings.peaks, settings.optimizer, settings.lr = nil, "adam", 0.01
tap.is(assay.refine(settings).schedule.norm, "l1", "Adam asks for l1 norms")
settings.norm = "l2"
tap.is(assay.refine(settings).schedule.norm, "l2", "unless told otherwise")
tap.fails(function() assay.refine { data = data, model = model, lr = 0.1, steps = 5, peek = 1 } end, 'did you mean "peak"', "a wrong setting")
local few = { data = data, model = model, lr = 0.1, steps = 5, peak = 1, peaks = { 1 } }
tap.fails(function() assay.refine(few) end, "not both", "peak and peaks")
local blind = assay.data("gaussian-mixture", { train = 50, valid = 0, classes = 3, d = 6 })
few.peak, few.data = nil, blind
tap.fails(function() assay.refine(few) end, "no validation part", "peaks without validation")
local line = assay.data("linear-teacher", { train = 50 })
local wild = { data = line, model = "linear", lr = 1e4, steps = 200, diverged = "ok" }
tap.fails(function() assay.refine(wild) end, "recording run diverged", "a record that diverged")

-- bounds
tap.near(assay.math.refined_bound({ 3, 3, 3, 3 }, 2), 3, 1e-15, "constant norms: D G/sqrt(T)")
tap.near(select(2, assay.math.refined_bound({ 3, 3, 3, 3 }, 2)), 3, 1e-15, "the scale of the weights")
tap.near(assay.math.last_iterate_bound({ 0.5 }, { 2 }, 3), (9 + 1) / 1, 1e-15, "one update: (D^2 + eta^2 G^2)/(2 eta)")
tap.fails(function() assay.math.last_iterate_bound({ 0.5, 0 }, { 2, 2 }, 3) end, "rates must be finite numbers > 0, got 0 at place 2", "a rate of 0")
tap.fails(function() assay.math.last_iterate_bound({ 0.5 }, { 2, 2 }, 3) end, "1 rates, but 2 norms", "lists that do not match")
