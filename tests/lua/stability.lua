-- assay.stability, against the closed form of a quadratic, and what it is made of.
local tap = require "tap"

-- f(w; z) = (a/2)(w - z)^2 with z = 0 or 1 in equal parts, as least squares on one input sqrt(a).
local a, lr, steps, n = 2, 0.1, 40, 20
local x, y = {}, {}
for i = 1, 400 do
  x[i], y[i] = { math.sqrt(a) }, math.sqrt(a) * (i % 2)
end
local coins = assay.data { x = x, y = y, task = "regression", standardize = false }
local line = assay.model("linear", { bias = false })
local s = assay.stability { data = coins, model = line, n = n, neighbours = n, steps = steps, batch = 1, lr = lr, repeats = 150 }
-- The closed form for |z - z'| = 1, which holds for this share of the pairs drawn without replacement.
local share, r = 200 / 399, 1 - lr * a
local function closed(t)
  local s1, s2 = 0, 0
  for k = 0, t - 1 do s1, s2 = s1 + r ^ k, s2 + r ^ (2 * k) end
  return share * lr * a / n * s1, share * (lr * a) ^ 2 * ((1 / n - 1 / n ^ 2) * s2 + s1 ^ 2 / n ^ 2)
end
local d1, d2 = closed(steps)
tap.near(s.delta1.mean, d1, 4 * s.delta1.se, "a quadratic: Delta1 has its closed form, within 4 standard errors")
tap.near(s.delta2.mean, d2, 4 * s.delta2.se, "and Delta2")
tap.ok(s.delta1.se < 0.1 * d1 and s.delta2.se < 0.15 * d2, "which are small")
local inside = true
for _, c in ipairs(s.curve) do
  local e1, e2 = closed(c.step)
  inside = inside and math.abs(c.delta1 - e1) < 0.3 * e1 and math.abs(c.delta2 - e2) < 0.5 * e2
end
tap.ok(inside and s.curve[#s.curve].step == steps, "and so at every checkpoint")
tap.is(s.floor, 0, "an example replaced by itself: exactly 0")
tap.ok(s.z and math.abs(s.z) < 3, "the replace-one identity holds within 3 standard errors: " .. tostring(s.z))
tap.ok(#s.bounds == 2 and s.bounds[1].what == "measured" and s.bounds[2].what == "path", "least squares has no Lipschitz constant: two bounds")
for _, b in ipairs(s.bounds) do
  tap.ok(s.gap.mean <= b.value and s.replaced.mean <= b.value, b.id .. " (" .. b.what .. ") is above the measured gap")
end
tap.ok(s.delta2.mean <= s.bounds[2].delta2, "and the path's Delta2 above the measured one")
tap.near(s.smoothness, 2, 1e-6, "L is the largest squared input, in float32")
tap.ok(s.delta2.boot_low < s.delta2.mean and s.delta2.mean < s.delta2.boot_high and
  math.abs((s.delta2.boot_high - s.delta2.boot_low) / (s.delta2.high - s.delta2.low) - 1) < 0.2,
  "of 150 repeats the bootstrap's interval is about Student's")
tap.near(s.bounds[2].ratio, s.bounds[2].delta2 / s.delta2.mean, 1e-9, "the bound is compared with what was measured")
tap.ok(tostring(s):find("replace-one identity", 1, true), "it prints itself")

local mixture = assay.data("gaussian-mixture", { d = 5, train = 600, valid = 0, test = 200 })
local function measure(more)
  local t = { data = mixture, model = "softmax", n = 100, neighbours = 20, steps = 150, batch = 1, lr = 0.05, repeats = 6 }
  for k, v in pairs(more or {}) do t[k] = v end
  return assay.stability(t)
end
for name, more in pairs {
  sgd = {}, ["heavy ball"] = { optimizer = assay.optimizer("heavy-ball", { momentum = 0.5 }), lr = 0.01 },
  nesterov = { optimizer = assay.optimizer("nesterov", { momentum = 0.5 }), lr = 0.01 }, batches = { batch = 4 },
  cosine = { schedule = "cosine" },
} do
  local m = measure(more)
  local above, paths = true, 0
  for _, b in ipairs(m.bounds) do
    above = above and m.gap.mean <= b.value and m.replaced.mean <= b.value
      and (not b.delta2 or m.delta2.mean <= b.delta2) and (not b.delta1 or m.delta1.mean <= b.delta1)
    paths = paths + (b.what == "path" and b.value < math.huge and 1 or 0)
  end
  tap.ok(above and paths > 0, name .. ": measured stability and gap are below all bounds")
  tap.is(m.floor, 0, name .. ": the floor is 0")
end
local one = measure { repeats = 1 }
tap.ok(one.given_sample and not one.z and one.delta1.low < one.delta1.mean, "one sample: an interval given this sample, no identity")
tap.ok(tostring(one):find("given this one sample", 1, true), "and it says so")
tap.is(measure().delta2.mean, measure().delta2.mean, "the same seed, the same bits")
tap.ok(measure { seed = 1 }.delta2.mean ~= measure().delta2.mean, "another seed others")
local steep = measure { lr = 10 }
tap.ok(steep.bounds[3].value == math.huge and tostring(steep):find("the steps vary or exceed", 1, true),
  "steps too large for a bound are said to be")
local whole = measure { n = 100, neighbours = 100, repeats = 1 }
tap.is(whole.delta1.low, whole.delta1.high, "all neighbours of a sample leave nothing to chance in their mean")
-- The curve, by hand: slope of two points.
local two = measure { checkpoints = { 50, 150 } }
tap.near(two.growth, math.log(two.curve[2].delta2 / two.curve[1].delta2) / math.log(3), 1e-12, "growth is the slope in logarithms")
local fresh = measure { data = function(i)
  return assay.data("gaussian-mixture", { d = 5, train = 100, valid = 0, test = 200, seed = i })
end }
tap.ok(fresh.n == 100 and fresh.z and math.abs(fresh.z) < 3, "data may be made anew for each repeat")
tap.fails(function() measure { n = 600 } end, "each repeat needs a fresh sample", "repeats of one sample")
tap.fails(function() measure { neighbors = 3 } end, 'did you mean "neighbours"', "an unknown setting")
tap.fails(function() measure { n = 500, neighbours = 300 } end, "as many fresh examples", "too few fresh examples")
tap.fails(function() measure { n = 601, repeats = 1 } end, "have 600 training examples", "a sample larger than the data")
tap.fails(function() measure { steps = 0 } end, "steps", "no steps")
tap.ok(assay.stability { data = mixture, model = assay.model("mlp", { hidden = { 8 } }), n = 50, epochs = 1, lr = 0.1 }.delta2.mean > 0,
  "a net has no constants, so no bounds, but a stability")

-- What it is made of.
local train = { data = mixture, model = "softmax", steps = 30, batch = 8, lr = 0.1, seed = 3, keep_weights = true, log_every = 1 }
train.rows, train.keep_losses = assay.sample(40, 600, 1), true
local rows = assay.train(train)
tap.is(rows.losses:cols(), 30, "the losses of mini-batches can be kept")
local copy = mixture:train()
tap.is(copy.x:take(train.rows)[3][2], copy.x[train.rows[3]][2], "m:take picks rows")
train.rows = assay.range(600)
tap.ok(assay.train(train).weights ~= rows.weights, "rows matter")
local all = assay.train(train)
train.rows = nil
tap.ok(assay.train(train).weights == all.weights, "all rows in their order are the training part")
train.rows = { 1, 601 }
tap.fails(function() assay.train(train) end, "rows holds 601", "a row that is not there")
train.rows, train.replace = nil, { at = 1 }
tap.fails(function() assay.train(train) end, "replace needs by", "a replacement needs its example")
train.replace, train.log_every = nil, nil
tap.fails(function() assay.train(train) end, "give log_every = 1", "losses are kept where they are reported")
local order = assay.sample(5, 5, 7)
tap.ok(order:sum() == 15 and order:max() == 5 and order == assay.sample(5, 5, 7) and order ~= assay.sample(5, 5, 7, 1),
  "assay.sample: a permutation, by seed and stream")
tap.is((assay.matrix { { 1, 3, 2 }, { 5, 5, 1 } }:argmax()):list()[2][1], 1, "argmax takes the first of equals")
tap.near(assay.stats.hill({ 8, 4, 2, 1 }, 2), 2 / (math.log(4) + math.log(2)), 1e-12, "Hill's index by hand")
tap.fails(function() assay.stats.hill({ 1, 2 }, 2) end, "1 to 1", "of all values there is none")
tap.done()
