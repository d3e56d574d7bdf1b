-- Data sets and assay.train outside experiments.
local tap = require "tap"

local data = assay.data { x = { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }, y = { 0, 0, 0, 1 }, standardize = false }
tap.is(data.id, "table", "a table of numbers is data")
tap.is(data.n, 4, "with its examples")
tap.is(data.d, 2, "inputs")
tap.is(data.classes, 2, "and classes")
local part = data:train()
tap.is(part.n, 4, "the training part")
tap.is(part.x:rows() .. "x" .. part.x:cols() .. part.x:type(), "4x2f32", "its inputs are a matrix")
tap.is(part.x:sum(), 4, "of the numbers given")
tap.is(part.y:sum(), 1, "its labels a column")
tap.fails(function() part.x[1][1] = 5 end, "cannot be changed", "data cannot be changed")
tap.fails(function() data:valid() end, "no valid part", "a part that is not there")
local x = assay.data("gaussian-mixture", { d = 3, train = 10, valid = 5, test = 5 }):train().x
collectgarbage()
collectgarbage()
tap.is(x:rows(), 10, "inputs keep their data alive")
tap.fails(function() return assay.data("csv", { file = "/nonexistent.csv" }).n end, "/nonexistent.csv", "a file that is not there")

local mixture = assay.data("gaussian-mixture", { d = 8, train = 300, valid = 100, test = 100 })
local model = assay.model("mlp", { hidden = { 16 } })
local function settings(more)
  local t = { data = mixture, model = model, batch = 20, epochs = 3, lr = 0.1 }
  for k, v in pairs(more or {}) do t[k] = v end
  return t
end

local r = assay.train(settings())
tap.is(r.steps, 45, "epochs are counted in mini-batches")
tap.ok(r.val_error < 0.4, "training learns: validation error " .. r.val_error)
tap.is(r.diverged, false, "and says that it did not diverge")
tap.is(r.cost, 45, "each step costs one gradient")
tap.ok(r.wall_s >= 0 and r.test_loss > 0 and r.best_val_error <= r.val_error, "with the other fields")
tap.is(r.weights, nil, "weights are not kept unless asked for")
tap.is(r.avg_val_error, nil, "there is no average unless asked for")
tap.ok(tostring(r):find("test_error", 1, true), "a training prints itself")
tap.is(assay.train(settings()).val_loss, r.val_loss, "the same settings give the same bits")
tap.ok(assay.train(settings { seed = 1 }).val_loss ~= r.val_loss, "another seed others")
tap.ok(assay.train(settings { init_seed = 1 }).val_loss ~= assay.train(settings { order_seed = 1 }).val_loss,
  "the seeds of weights and order are separate")
for _, plan in ipairs { "replica", "block", "interleaved" } do
  tap.is(assay.train(settings { plan = plan }).val_loss, r.val_loss, "plan " .. plan .. " gives the same bits")
end

local kept = assay.train(settings { keep_weights = true, average = "polyak-average", schedule = "cosine", lr = 0.2 })
tap.ok(kept.avg_val_error < 0.5, "an average is evaluated")
tap.near(model:loss(kept.weights, mixture:valid()), kept.val_loss, 1e-6, "the weights give the loss that was reported")
local mask = assay.ones(1, kept.weights:cols())
mask[1] = 0
local masked = assay.train(settings { keep_weights = true, mask = mask })
tap.is(masked.weights[1], 0, "a masked weight stays zero")
local none = assay.train(settings { lr = 0, init = kept.weights, keep_weights = true, epochs = 0.1 })
tap.ok(none.weights == kept.weights, "training can start from given weights")

local linear = { data = assay.data("linear-teacher", { d = 6 }), model = "linear", steps = 100, batch = 10 }
linear.lr = 0.01
local tame = assay.train(linear)
linear.lr = nil
linear.replicas = { { lr = 0.01 }, { lr = 0.01, optimizer = "nesterov" }, { lr = 1e6 } }
local many = assay.train_many(linear)
tap.is(#many, 3, "many replicas")
tap.is(many[1].val_loss, tame.val_loss, "each with the bits it has alone")
tap.ok(many[2].val_loss ~= tame.val_loss, "and its own optimizer")
tap.ok(many[3].diverged and many[3].val_loss ~= many[3].val_loss, "one that diverges leaves the others alone")
tap.ok(many[3].message:find("diverged at step", 1, true) and many[3].diverged_at < 100, "and says when")

local two = settings { replicas = { {}, { init_seed = 1 } } }
local pair = assay.train_many(two)
tap.is(pair[1].val_loss, r.val_loss, "what a replica does not say holds for all")
tap.ok(pair[2].val_loss ~= r.val_loss, "each may have its own initial weights")
two.replicas[2] = { seed = 1 }
tap.fails(function() assay.train_many(two) end, 'a replica has no key "seed"', "the order of examples is shared")

local controlled = settings { controller = "sls-armijo" }
controlled.lr = nil
tap.ok(assay.train(controlled).cost > 45, "a line search costs more gradients")

tap.fails(function() assay.train(settings { schedul = "cosine" }) end, 'did you mean "schedule"', "an unknown key")
tap.fails(function() assay.train(settings { schedule = "cosin" }) end, 'did you mean "cosine"', "an unknown schedule")
tap.fails(function() assay.train { data = mixture, model = model, steps = 1, schedule = model } end, "must be a schedule", "a model for a schedule")
tap.fails(function() assay.train(settings { steps = 10 }) end, "either steps or epochs", "both steps and epochs")
tap.fails(function() assay.train(settings { batch = 0 }) end, "batch must be at least 1", "an empty batch")
tap.fails(function() assay.train(settings { batch = "big" }) end, "batch must be a whole number", "a word for a size")
tap.fails(function() assay.train(settings { plan = "blok" }) end, 'did you mean "block"', "an unknown plan")
tap.fails(function() assay.train(settings { mask = { 1, 2 } }) end, "mask needs", "a mask of another size")
tap.fails(function() assay.train(settings { controller = "sls-armijo" }) end, "leave out schedule and lr", "a controller and a rate")
tap.fails(function() assay.train { data = mixture, lr = 1, steps = 1 } end, "model is missing", "no model")
tap.fails(function() assay.train(settings { data = 5 }) end, "data must be a data", "a number for data")
tap.fails(function() assay.train(settings { loss = "squared" }) end, "", "a loss that does not fit the data")
tap.fails(function() assay.train(settings { diverged = "yes" }) end, 'may be "ok"', "an unknown wish")
tap.fails(function() assay.train(settings { schedule = assay.schedule("cosine") }) end, "own peak", "a rate beside a schedule")
local message = tap.fails(function() assay.train_many(settings { replicas = {} }) end, "replicas must be", "no replicas")
tap.ok(message:match("training%.lua:%d+: "), "errors name the line of the script")

local watched = assay.train(settings { eval_every = 20, keep_evaluations = true })
tap.ok(#watched.evaluations == 3 and watched.evaluations[2].step == 40 and watched.evaluations[3].step == 45, "evaluations are kept")
tap.is(watched.evaluations[3].val_error, watched.val_error, "the last is the result's")
tap.is(watched.evaluations[1].cost, 20.0, "with what they have cost")
tap.is(assay.train(settings()).evaluations, nil, "where that is asked for")

local stopped = assay.train(settings { epochs = 200, until_loss = 0.1 })
tap.ok(stopped.reached and stopped.steps < 3000 and stopped.train_loss <= 0.1, "until_loss stops a training that is down to it")
tap.is(assay.train(settings { until_loss = 1e-9 }).reached, false, "and says where it was not reached")
tap.is(assay.train(settings()).reached, nil, "and nothing where it was not asked for")
tap.fails(function() assay.train(settings { until_loss = -1 }) end, "until_loss must be a number >= 0", "a negative loss")

tap.done()
