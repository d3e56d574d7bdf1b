-- Bounds at the prompt, and the inverses in assay.math.
local tap = require "tap"
local m = assay.math

local b = assay.bound("test-binomial", { n = 1000, delta = 0.05 })
local r = b:evaluate { errors = 30 }
tap.near(r.value, m.bin_inv(30, 1000, 0.05), 0, "evaluate takes the inputs that are missing")
tap.is(r.statement, "HP-fixed", "the kind of statement goes with it")
tap.is(r.claim, "bound, assumptions not checked", "and what may be claimed")
tap.is(r.of, "risk", "it bounds the risk")
tap.is(r.vacuous, false, "below 1 it is not vacuous")
tap.is(r.terms.risk, 0.03, "terms by name")
tap.near(r.log10, math.log(r.value, 10), 1e-14, "log10")
tap.is(b:evaluate({ errors = 30, n = 500 }).terms.risk, 0.06, "a value given again replaces the bound's own")
tap.is(b:param "n", 1000, "which stays as it was")
tap.fails(function() b:evaluate() end, "errors must be given", "missing inputs are asked for")
tap.fails(function() b:evaluate { erors = 3 } end, 'did you mean "errors"', "misspelt ones are suggested")
tap.fails(function() b:evaluate { errors = 1001 } end, "errors must be at most n", "impossible ones are refused")
tap.fails(function() b:evaluate(3) end, "table expected", "a number is no table of inputs")
tap.fails(function() b.evaluate(assay.schedule "cosine") end, "bound", "a schedule is no bound")

tap.near(m.kl(0.25, 0.75), 0.5 * math.log(3), 1e-15, "kl")
tap.near(m.kl(0.1, m.kl_inv(0.1, 0.02)), 0.02, 1e-9, "kl_inv")
tap.near(m.kl(0.1, m.kl_inv_lower(0.1, 0.02)), 0.02, 1e-9, "kl_inv_lower")
tap.near(m.bin_inv(0, 100, 0.05), 1 - 0.05 ^ 0.01, 1e-13, "bin_inv")
tap.near(m.bin_inv_log(3, 100, math.log(0.05)), m.bin_inv(3, 100, 0.05), 1e-15, "bin_inv_log")
tap.near(m.bin_inv_lower(100, 100, 0.05), 0.05 ^ 0.01, 1e-13, "bin_inv_lower")
tap.near(m.bin_log_cdf(3, 100, m.bin_inv(3, 100, 0.05)), math.log(0.05), 1e-12, "bin_log_cdf")
tap.near(math.exp(m.log_choose(10, 3)), 120, 1e-10, "log_choose")
tap.near(m.kl_gaussian(1, 1, 0, 1), 0.5, 1e-15, "kl_gaussian")
tap.fails(function() m.kl_inv(1.5, 1) end, "q must be a number in [0, 1], got 1.5", "a risk above 1")
tap.fails(function() m.kl_inv(0.5, -1) end, "c must be a number >= 0, got -1", "a negative budget")
tap.fails(function() m.bin_inv(5, 4, 0.1) end, "k must be a whole number in [0, 4], got 5", "more errors than points")
tap.fails(function() m.bin_inv(1, 4, 0) end, "delta must be a number in (0, 1], got 0", "delta 0")
tap.fails(function() m.kl_gaussian(0, 0, 0, 1) end, "standard deviations", "a deviation of 0")

-- From a subject: trained weights and a part of a data set.
local data = assay.data("gaussian-mixture", { d = 5, separation = 3, classes = 2, train = 200, valid = 50, test = 300 })
local net = assay.model("mlp", { hidden = { 16 } })
local function trained(more)
  local request = { data = data, model = net, lr = 0.1, epochs = 3, keep_weights = true, seed = 1 }
  for k, v in pairs(more or {}) do
    request[k] = v
  end
  return assay.train(request)
end
local t = trained()
local test = assay.bound "test-binomial"
local seen = test:evaluate { subject = t }
tap.near(seen.terms.risk, t.test_error, 1e-12, "a result of assay.train is a subject; a fixed hypothesis is tested on the test part")
tap.near(assay.probe("margins"):measure({ weights = t, part = "test" }).error, t.test_error, 1e-12, "the probe of margins counts the same errors")
tap.near(seen.value, m.bin_inv(math.floor(300 * t.test_error + 0.5), 300, 0.05), 1e-14, "errors and n are counted there")
tap.is(seen.claim, "guaranteed if chosen without these examples", "what was trained on the train part is guaranteed on the test part")
tap.is(test:evaluate({ subject = { weights = t, part = "valid" } }).claim, "bound, assumptions not checked", "not on the validation part")
tap.fails(function() test:evaluate { subject = { weights = t, part = "train" } } end, "take part", "and the train part cannot test")
tap.is(test:evaluate({ subject = t, errors = 3 }).claim, "bound, assumptions not checked", "what is typed is not checked")
tap.near(test:evaluate({ subject = { weights = t.weights } }).value, seen.value, 0, "the weights alone know their model and data")
local copied = { weights = t.weights:copy(), model = net, data = data }
tap.is(test:evaluate({ subject = copied }).claim, "bound, assumptions not checked",
  "of a copy nothing is known")
for name, more in pairs { init = { init = t.weights }, mask = { mask = t.weights * 0 + 1 }, replace = { replace = { at = 1, by = 1 } } } do
  tap.is(test:evaluate({ subject = trained(more) }).claim, "bound, assumptions not checked", "nor of a training with " .. name)
end
local w = trained().weights
w[1] = 0
tap.fails(function() test:evaluate { subject = { weights = w } } end, "model is missing", "weights that were written to forget their origin")
tap.fails(function() test:evaluate { subject = trained { keep_weights = false } } end, "keep_weights = true", "without weights it is no subject")
tap.fails(function() test:evaluate { subject = { weights = t, prt = "test" } } end, 'did you mean "part"', "misspelt keys are suggested")
tap.fails(function() test:evaluate { subject = 3 } end, "expected, got number", "a number is no subject")
tap.is(assay.bound("rad-golowich"):evaluate({ subject = t }).claim, "guaranteed", "a uniform bound of what the program took itself is guaranteed")
local pb = assay.bound("pb-kl", { posterior = assay.probe("posterior", { sd = 0.1, draws = 20, examples = 50 }) })
tap.is(pb:evaluate({ subject = t }).claim, "guaranteed", "a prior centred on a start that the program drew is one without data")
tap.is(pb:evaluate({ subject = { weights = t, start = t.weights } }).claim, "bound, assumptions not checked", "not one on examples that count")
local half = trained { rows = assay.range(100) }
local whole = trained { init = half.weights }
local function prior(skip, start)
  local posterior = assay.probe("posterior", { sd = 0.1, draws = 20, examples = 50, skip = skip, prior = "start" })
  return assay.bound("pb-kl", { posterior = posterior }):evaluate({ subject = { weights = whole, start = start } }).claim
end
tap.is(prior(100, half.weights), "guaranteed", "a prior from the first half, counted on the second")
tap.is(prior(99, half), "bound, assumptions not checked", "not when one of its examples is counted")
tap.is(prior(100), "bound, assumptions not checked", "nor when the start is not said to be that one")
local norms = assay.probe("layer-norms"):measure(t)
local fro = assay.bound("fro-product"):evaluate { subject = t }
tap.near(fro.value, norms.frobenius[1] * norms.frobenius[2], 1e-12, "measures take the probes' numbers")
tap.is(fro.claim, "measure", "and stay measures")
local start = net:init(1, data:train())
tap.near(norms.frobenius_start[1], assay.probe("layer-norms"):measure({ weights = t.weights, start = start }).frobenius_start[1], 1e-12,
  "trained weights know their start")

tap.done()
