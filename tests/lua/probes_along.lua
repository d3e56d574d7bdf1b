-- Probes along a training: names, steps, refusals, and that nothing of the training changes.
local tap = require "tap"

local mixture = assay.data("gaussian-mixture", { d = 5, train = 120, valid = 30, test = 30 })
local function settings(more)
  local t = { data = mixture, model = assay.model("mlp", { hidden = { 6 } }), batch = 20, steps = 12, lr = 0.1, keep_weights = true }
  for k, v in pairs(more or {}) do t[k] = v end
  return t
end

local plain = assay.train(settings())
local watched = assay.train(settings { probe = { "sharpness", "trace", "grad_noise" }, probe_every = 5, keep_probes = true, seed = 0 })
tap.ok(watched.weights == plain.weights and watched.val_loss == plain.val_loss and watched.cost == plain.cost,
  "probing changes no bit of the training, and is no part of its cost")
local steps = {}
for i, p in ipairs(watched.probes) do steps[i] = p.step end
tap.is(table.concat(steps, " "), "0 5 10 12", "probes look before the first update, every probe_every, and after the last")
local first, last = watched.probes[1], watched.probes[4]
tap.ok(first.sharpness > 0 and first.trace and first.grad_noise > 0, "each number goes by its probe's name")
tap.ok(first.sharpness_one_step and first.trace_se and first.grad_noise_scale, "and what else they give beside it")

local all = assay.train(settings { probe = { "sharpness", "grad_noise" }, probe_examples = 1000, keep_probes = true })
local probe = assay.probe("sharpness"):measure(plain)
tap.is(all.probes[#all.probes].sharpness, probe.sharpness, "over all training examples the last look is the probe of the result")
tap.is(assay.probe("grad-noise"):measure(plain).noise, all.probes[#all.probes].grad_noise, "for each probe")
tap.ok(last.sharpness ~= nil and #assay.train(settings { probe = "trace", keep_probes = true, steps = 40 }).probes == 11,
  "without probe_every a tenth of the training")

local named = assay.train(settings { keep_probes = true, probe_every = 12,
  probe = { "hessian-trace", edge = assay.probe("hessian-top", { count = 2, steps = 10 }), sharpness = { rho = 0.2 } } }).probes[1]
tap.ok(named.hessian_trace and named.edge_top_1 >= named.edge_top_2 and named.edge_bottom, "names and settings of one's own")
tap.ok(named.sharpness > first.sharpness, "a larger ball, a larger rise")
tap.is(watched.probes[1].trace, named.hessian_trace, "a part of an id means the one probe that ends in it")

local many = settings { replicas = { {}, { lr = 0.3, keep_probes = true } }, probe = "trace", probe_every = 6, plan = "interleaved" }
local pair = assay.train_many(many)
tap.ok(pair[1].probes == nil and #pair[2].probes == 3, "each replica keeps what it is asked to keep")
local alone = assay.train(settings { lr = 0.3, probe = "trace", probe_every = 6, keep_probes = true })
tap.is(pair[2].probes[3].trace, alone.probes[3].trace, "with the bits that it has alone")
local on_rows = assay.train(settings { rows = { 1, 2, 3, 4, 5, 6 }, probe = "grad-noise", keep_probes = true, probe_every = 12 })
tap.is(on_rows.probes[1].grad_noise, assay.train(settings { rows = { 1, 2, 3, 4, 5, 6 }, probe = "grad-noise", probe_examples = 6,
  keep_probes = true, probe_every = 12 }).probes[1].grad_noise, "a training on some rows looks at these")

local function refused(more, part, name) tap.fails(function() assay.train(settings(more)) end, part, name) end
refused({ probe = "sharpnes" }, 'did you mean "sharpness"', "an unknown probe")
refused({ probe = { sharpness = { roh = 1 } } }, 'did you mean "rho"', "an unknown setting of a probe")
refused({ probe = { "trace", trace = "hessian-top" } }, 'two probes are called "trace"', "two probes of one name")
refused({ probe = {} }, "empty table", "no probe")
refused({ probe = assay.schedule("cosine") }, "probe must be a probe", "a schedule for a probe")
refused({ probe = { [7] = "trace" } }, "it has the key 7", "a list with a hole")
refused({ probe_every = 5 }, "probe_every is about the probes", "a rhythm of nothing")
refused({ keep_probes = true }, "keep_probes keeps", "nothing to keep")
refused({ probe = "trace", probe_every = 0 }, "probe_every must be at least 1", "a rhythm of 0")
refused({ probe = "trace", probe_examples = 2.5 }, "probe_examples must be a whole number", "half an example")

tap.done()
