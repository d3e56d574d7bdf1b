-- Optimizers at the prompt and in a training: matrices are matrices, and averages are what is evaluated.
local tap = require "tap"

-- a matrix w is the matrix
for _, kind in ipairs { "f64", "f32" } do
  local w, turn = assay.zeros(2, 2, kind), assay.matrix({ { 0.6, -0.8 }, { 0.8, 0.6 } }, kind)
  local muon = assay.optimizer("muon", { polar = "exact" })
  muon:step(w, turn, 0.5)
  tap.near(((w + 0.5 * turn) ^ 2):sum(), 0, 1e-12, "muon, " .. kind .. ": an orthogonal gradient is its own step")
  local vector = assay.zeros(1, 4, kind)
  assay.optimizer("muon", { adam_factor = 1 }):step(vector, assay.matrix({ { 3, -1, 0.5, 7 } }, kind), 0.5)
  tap.near(((vector + assay.matrix({ { 0.5, -0.5, 0.5, 0.5 } }, kind)) ^ 2):sum(), 0, 1e-12, "muon, " .. kind .. ": a vector takes Adam's step")
  tap.fails(function() muon:step(assay.zeros(4, 1, kind), assay.zeros(4, 1, kind), 0.5) end, "a matrix of 2 rows, w has 4",
    "a state belongs to a shape, " .. kind)
  muon:reset():step(assay.zeros(4, 1, kind), assay.zeros(4, 1, kind), 0.5)
end

-- the weights to evaluate
local free, z = assay.optimizer("schedule-free-sgd", { beta = 0 }), assay.matrix { { 1, -2 } }
free:step(z, assay.matrix { { 1, 0 } }, 0.5) -- z = 0.5, -2
free:step(z, assay.matrix { { 0, 2 } }, 0.5) -- z = 0.5, -3
tap.ok(z == assay.matrix { { 0.5, -3 } }, "schedule-free-sgd with beta 0 steps as sgd")
tap.near(((free:weights(z) - assay.matrix { { 0.5, -2.5 } }) ^ 2):sum(), 0, 1e-30, "and is evaluated at the mean of its iterates")

-- the same in a training: evaluations are of the average
local data = assay.data("gaussian-mixture", { d = 8, classes = 3, train = 200, valid = 100, test = 100 })
local function train(optimizer, average)
  return assay.train { data = data, model = assay.model("mlp", { hidden = { 8 } }), optimizer = optimizer, average = average,
    lr = 0.1, steps = 120, batch = 20, keep_weights = true }
end
local averaged = train("sgd", assay.average("polyak-average"))
local one = train(assay.optimizer("schedule-free-sgd", { beta = 0 }))
-- float32 weights: 120 roundings of 6e-8 in each route
tap.near(one.val_loss, averaged.avg_val_loss, 1e-5, "schedule-free-sgd with beta 0 is evaluated where sgd's plain average is")
tap.near(one.test_loss, averaged.avg_test_loss, 1e-5, "on the test part, too")
tap.ok(math.abs(averaged.val_loss - averaged.avg_val_loss) > 1e-3, "which is not where sgd ends")
local same = assay.train { data = data, model = assay.model("mlp", { hidden = { 8 } }), init = one.weights, lr = 0, steps = 1,
  batch = 20 }
tap.near(same.val_loss, one.val_loss, 1e-12, "the weights kept are those evaluated")

-- rules that find their own rate learn at rate 1 from d = 1e-6; sgd at a rate of 1e-6 stays at ln 3
for _, id in ipairs { "dadapt-sgd", "prodigy" } do
  local r = assay.train { data = data, model = assay.model("mlp", { hidden = { 8 } }), optimizer = id, lr = 1, steps = 300, batch = 20 }
  tap.ok(r.train_loss < 0.3, id .. " trains a net without a rate")
end
tap.done()
