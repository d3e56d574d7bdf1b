-- batching: updates of several mini-batches, at the prompt.
local tap = require "tap"

local mixture = assay.data("gaussian-mixture", { d = 5, train = 200, valid = 30, test = 30 })
local function settings(more)
  local t = { data = mixture, model = "softmax", batch = 5, steps = 80, lr = 0.2, keep_weights = true }
  for k, v in pairs(more or {}) do t[k] = v end
  return t
end

local step = { schedule = assay.schedule("step", { step_size = 40, gamma = 0.5, peak = 0.2 }) }
local function grown(batching) return assay.train { data = mixture, model = "softmax", batch = 5, steps = 80, batching = batching,
  schedule = step.schedule, keep_weights = true } end
tap.is(grown("batch-grow").updates, 60, "an id is enough: 40 updates, then 20 of twice the batch")
tap.is(grown(nil).updates, nil, "without batching there is nothing to count")
tap.is(assay.train(settings { batching = "batch-grow" }).weights == assay.train(settings()).weights, true, "a constant rate grows no batch")
local test = assay.batching("batch-norm-test", { theta = 0.5, most = 40 })
local r = assay.train(settings { batching = test })
tap.ok(r.updates < 40 and r.updates >= 10 and r.cost == 80, "the norm test grows its batch at the same cost: " .. r.updates .. " updates")
local pair = assay.train_many(settings { replicas = { {}, { batching = test } } })
tap.is(pair[2].weights == r.weights, true, "each replica has its own")
tap.ok(tostring(test):find("batch%-norm%-test") ~= nil, "a batching prints itself")

local function refused(more, part, name) tap.fails(function() assay.train(settings(more)) end, part, name) end
refused({ batching = "batch-gro" }, 'did you mean "batch-grow"', "an unknown batching")
refused({ batching = "batch-grow", optimizer = "sam" }, "asks for gradients of one mini-batch", "a rule that asks")
tap.fails(function() assay.batching("batch-norm-test", { start = 1 }) end, "start", "one mini-batch shows no noise")

tap.done()
