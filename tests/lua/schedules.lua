-- Schedules made of schedules, of functions and of numbers.
local tap = require "tap"

local warmup, cosine = assay.schedule("warmup", { steps = 5, peak = 0.1 }), assay.schedule("cosine", { peak = 0.1 })

-- sequence and product
local both = warmup + cosine
tap.is(both.id, "piecewise", "a + b is a sequence")
tap.is(#both.parts, 2, "of two parts")
tap.ok(both.parts[2] == cosine, "which are the schedules themselves")
tap.is(both:at(14, 40), assay.schedule("cosine", { peak = 0.1, warmup = 5 }):at(14, 40), "warm-up + body is a body with warm-up")
tap.ok(both:with { peak = 2 }:at(14, 40) == 2 * both:at(14, 40), "peak scales it")
tap.is((warmup + warmup + warmup).steps, 15, "lengths add up")
tap.ok(assay.schedule("piecewise", { parts = { "warmup", cosine }, lengths = { 5 } }):at(9, 20) == both:at(9, 20), "parts may be ids and objects")
tap.ok(assay.schedule("piecewise", { parts = "warmup,cosine" }):json():find('"parts":[{"id":"warmup"', 1, true), "or a text of ids")
tap.ok(tostring(both):find("parts warmup(steps 5),cosine", 1, true), "a sequence prints its parts")
local damped = assay.schedule("untuned-linear", { beta2 = 0.9 }) * cosine
tap.near(damped:at(3, 50), 0.05 * 4 * cosine:at(3, 50), 1e-15, "a * b is the product")
tap.is((2 * cosine).peak, 0.2, "number * schedule scales the peak")
tap.is((cosine * 3).id, "cosine", "and is the same schedule")
tap.fails(function() return cosine + 1 end, "schedule expected", "a sum with a number")
tap.fails(function() return cosine * assay.optimizer "sgd" end, "schedule expected", "a product with an optimizer")
tap.fails(function() return assay.schedule("piecewise", { parts = { cosine, assay.optimizer "sgd" } }) end, "item 2", "a part of another kind")
tap.fails(function() return assay.schedule("piecewise", { parts = { "cosin" } }) end, 'did you mean "cosine"', "a part misspelt")
tap.fails(function() return assay.schedule("piecewise", { parts = {} }) end, "at least one", "no parts")
tap.fails(function() return assay.schedule("piecewise", { parts = { 1, 2 } }) end, "item 1", "numbers for parts")

-- a function, asked once
local asked = 0
local half = assay.schedule(function(t, T)
  asked = asked + 1
  return t < T // 2 and 0.5 or 0.25
end, { steps = 8 })
tap.is(half.id, "table", "a function becomes a table")
tap.is(asked, 8, "asked once for each update")
tap.is(half:at(3) + half:at(4), 0.75, "with its values")
tap.is(asked, 8, "and never again")
tap.ok(half.source:find("t < T // 2 and 0.5 or 0.25", 1, true), "the text of the function is kept")
local same = assay.schedule(function(t, T) return t < T // 2 and 0.5 or 0.25 end, { steps = 8 })
tap.is(#half.rates, #same.rates, "another function with the same values")
tap.ok(half ~= same, "is another config: its text differs")
local seen
local warm = assay.schedule(function(_, T) seen = T return 1 end, { steps = 10, warmup = 4 })
tap.is(seen, 6, "T is what the warm-up leaves")
tap.is(warm:at(1), 0.5, "and the warm-up comes first")
tap.fails(function() assay.schedule(function() return 1 end) end, "give their number", "a function without steps")
tap.fails(function() assay.schedule(function() return 1 end, { steps = 2.5 }) end, "whole number", "half an update")
tap.fails(function() assay.schedule(function() return -1 end, { steps = 3 }) end, "t = 0 of T = 3 it returned -1", "a negative rate")
tap.fails(function() assay.schedule(function() end, { steps = 3 }) end, "returned nil", "no rate")
tap.fails(function() assay.schedule(function() return 0 / 0 end, { steps = 3 }) end, "finite number", "a rate that is no number")
tap.fails(function() assay.schedule(function() error "boom" end, { steps = 3 }) end, "boom", "a function that fails")
tap.fails(function() assay.schedule(function() return 1 end, { steps = 3, pek = 1 }) end, 'did you mean "peak"', "a wrong parameter")

-- training with each: the same rates, the same bits
local function train(schedule)
  return assay.train { data = assay.data("gaussian-mixture", { train = 200 }), model = assay.model "softmax", steps = 30, batch = 20,
    schedule = schedule, seed = 1, keep_weights = true }.weights
end
local plain = train(assay.schedule("linear-decay", { peak = 0.5 }))
tap.ok(train(function(t, T) return 0.5 * ((T - t) / T) end) == plain, "a function trains as the schedule it computes")
tap.ok(train(assay.schedule("table", { rates = assay.schedule("linear-decay", { peak = 0.5 }):values(30) })) == plain, "so does a table")
tap.ok(train(assay.schedule("linear-decay", { peak = 0.25 }) * assay.schedule("constant", { peak = 2 })) == plain, "and a product")
tap.ok(train(assay.schedule("constant", { peak = 0.5 })) ~= plain, "another schedule does not")

-- a cycled momentum: heavy ball on least squares, full batches, against the recursion written out
local line = assay.data("linear-teacher", { train = 40, valid = 0, test = 0, d = 3 })
local model, T = assay.model("linear", { bias = false }), 25
local cycle = assay.schedule("one-cycle", { peak = 0.2, steps = T, cycle_momentum = true })
local function run(optimizer, schedule)
  return assay.train { data = line, model = model, steps = T, batch = 40, optimizer = optimizer, schedule = schedule,
    init = { { 1, -1, 0.5 } }, keep_weights = true }.weights
end
local examples, w, v = line:train(), assay.matrix { { 1, -1, 0.5 } }, nil
for t = 0, T - 1 do
  local g = model:grad(w, examples)
  -- cosine phases: up to 0.3 T - 1, down to T - 1
  local up = 0.3 * T - 1
  local from, to, x = 0.95, 0.85, t / up
  if t > up then from, to, x = 0.85, 0.95, (t - up) / (T - 1 - up) end
  local mu = to + (from - to) * (1 + math.cos(math.pi * x)) / 2
  v = v and v * mu + g or g
  w = w - v * cycle:at(t)
end
local ball = assay.optimizer("heavy-ball", { momentum = 0.5 })
local spun = run(ball, cycle)
for i = 1, 3 do tap.near(spun[i], w[i], 1e-5, "weight " .. i .. " after a cycled momentum (float32)") end
tap.ok(run(ball, assay.schedule("warmup", { steps = 5 }) + cycle:with { steps = T - 5 }) ~= run(ball,
  assay.schedule("warmup", { steps = 5 }) + cycle:with { steps = T - 5, cycle_momentum = false }), "also as a part of a sequence")
tap.fails(function() run("sgd", cycle) end, "has none to set", "an optimizer without momentum")
tap.fails(function() run("adam", cycle) end, "has none to set", "or with another kind")
local odd = assay.minimizer("stochastic", { schedule = cycle:with { steps = "auto" } })
tap.fails(function() odd:minimize(assay.objective("rosenbrock"), { passes = 10 }) end, "has none to set", "also in a minimizer")
local one_cycle = assay.schedule("one-cycle", { peak = 1e-4, cycle_momentum = true })
local follows = assay.minimizer("stochastic", { optimizer = "heavy-ball", schedule = one_cycle })
tap.ok(follows:minimize(assay.objective("rosenbrock"), { passes = 10 }).value > 0, "which follows it where it can")
