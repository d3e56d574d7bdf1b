-- Bounds of whole nets at the prompt: noise on the weights, an optimised posterior, and the bits of a pruned and quantised net.
local tap = require "tap"

local data = assay.data("gaussian-mixture", { train = 400, valid = 50, test = 50, d = 5, classes = 3 })
local net = assay.model("mlp", { hidden = { 8 } })
local t = assay.train { data = data, model = net, optimizer = "sgd", schedule = assay.schedule("constant", { peak = 0.1 }), steps = 200, batch = 20,
  keep_weights = true }

local posterior = assay.probe("posterior", { sd = { 0.05, 0.2 }, draws = 100, examples = 100 })
local kl = assay.bound("pb-kl", { posterior = posterior }):evaluate { subject = t }
tap.is(kl.statement, "HP", "a bound of a trained net with noise on its weights is HP")
tap.ok(kl.value < 1 and kl.value > kl.terms.risk and kl.terms.risk > kl.terms.sampled, "sampled risk < its limit < bound < 1")
tap.near(kl.terms.risk, assay.math.kl_inv(kl.terms.sampled, math.log(2 * 2 / 0.01) / 100), 1e-12, "the limit pays for draws and two posteriors")
tap.near(kl.value, assay.math.kl_inv(kl.terms.risk, (kl.terms.kl + kl.terms.prior_cost + math.log(2 * math.sqrt(400) / 0.05)) / 400), 1e-12,
  "and the bound is that of its terms")
tap.is(kl.value, assay.bound("pb-kl", { posterior = posterior }):evaluate({ subject = t }).value, "again it is the same")
local opt = assay.bound("pb-kl", { posterior = assay.probe("pb-opt", { steps = 200, rate = 0.01, sd = 0.1, draws = 100 }) }):evaluate { subject = t }
tap.ok(opt.value < kl.value, "the posterior that was optimised has the smaller bound")
tap.is(assay.bound("pb-kl", { posterior = "pb-opt" }):params().posterior.id, "pb-opt", "a posterior may be named")
tap.fails(function() assay.bound("pb-kl", { posterior = "pb-top" }) end, "posterior must be a probe", "and a wrong name is refused")
tap.fails(function() assay.bound("pb-kl", { risk = 0.1 }):evaluate { subject = t } end, "risk comes from the subject",
  "a typed risk beside a subject is refused")

-- A prior made from the first half of the data; the bound counts the other half.
local half = assay.data("gaussian-mixture", { train = 200, valid = 50, test = 50, d = 5, classes = 3 })
local y, first = data:train().y, half:train().y
local same = true
for i = 1, 200 do
  same = same and y[i] == first[i]
end
tap.ok(same, "the first 200 examples of a set of 400 are the set of 200")
local start = assay.train {
  data = half, model = net, optimizer = "sgd", schedule = assay.schedule("constant", { peak = 0.1 }), steps = 200, batch = 20, keep_weights = true
}.weights
local subject = { model = net, weights = t.weights, start = start, data = data }
local function with_prior(more)
  local settings = { sd = 0.2, draws = 400, examples = 50 }
  for k, v in pairs(more) do
    settings[k] = v
  end
  return assay.bound("pb-kl", { posterior = assay.probe("posterior", settings) }):evaluate { subject = subject }
end
local near, far = with_prior { skip = 200, prior = "start" }, with_prior { prior = "zero" }
tap.ok(near.terms.n == 200 and near.terms.kl < far.terms.kl, "a prior from half of the data is nearer, and leaves the other half to count")
tap.is(near.claim, "bound, assumptions not checked", "whoever gives the start must answer for it")

local code = assay.probe("code", { index_bits = 2 })
local occam = assay.bound("occam-bits", { code = code }):evaluate { subject = t }
tap.near(occam.value, assay.math.bin_inv_log(math.tointeger(occam.terms.errors), 400, math.log(0.05) - occam.terms.bits * math.log(2)), 1e-12,
  "occam-bits of a net: its errors and bits")
local pruned = t.weights:copy()
local size = pruned:rows() * pruned:cols()
for i = 1, size do
  pruned[i] = math.abs(pruned[i]) < 0.3 and 0 or pruned[i]
end
local fewer = assay.bound("occam-bits", { code = code }):evaluate { subject = { model = net, weights = pruned, data = data } }
tap.ok(fewer.terms.kept < occam.terms.kept and fewer.terms.bits < occam.terms.bits, "pruning saves bits")
local facts = code:measure { model = net, weights = pruned, data = data }
tap.is(facts.bits, fewer.terms.bits, "the probe tells the same")
tap.is(code:measure({ model = net, weights = facts.coded, data = data }).errors, facts.errors, "the decoded net, coded again, errs as often")

tap.done()
