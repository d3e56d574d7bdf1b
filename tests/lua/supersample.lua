-- assay.supersample: on given numbers, and on models that it trains.
local tap = require "tap"

local losses = { { 0, 0, 1, 0 }, { 1, 0, 0, 0 }, { 0, 0, 0, 1 }, { 0, 1, 0, 0 } }
local masks = { { 0, 1 }, { 1, 0 }, { 0, 0 }, { 1, 1 } }
local own = assay.supersample { losses = losses, masks = masks, supersamples = 2 }
tap.is(own["ld-mi"].value, assay.bound("ld-mi", { losses = losses, masks = masks, supersamples = 2 }):evaluate().value,
  "given numbers: each bound is that of bound:evaluate")
-- Training and test losses by hand: model 1 trained on (first, second), and so on.
tap.near(own.gap.mean, own.test - own.train, 1e-12, "the gap is the test error less the training error")
tap.near(own.train, 0, 1e-12, "the training error")
tap.near(own.test, 1 / 2, 1e-12, "the test error")
tap.is(own.fcmi, nil, "without predictions there is no fcmi")
tap.ok(tostring(own):find("ld-cmi", 1, true), "it prints itself")
local some = assay.supersample { losses = assay.matrix(losses), masks = assay.matrix(masks), bounds = { "ecmi" }, shuffles = 0 }
tap.ok(#some.list == 1 and some.ecmi.null == nil, "a list of bounds, matrices, and no shuffles")
tap.ok(own["ld-cmi"].value <= own.ecmi.value, "ld-cmi is at most ecmi")

local data = assay.data("gaussian-mixture", { d = 10, train = 800, valid = 0, test = 0 })
local settings = { data = data, model = "softmax", n = 30, supersamples = 10, masks = 20, epochs = 30, lr = 0.2, batch = 10 }
local s = assay.supersample(settings)
tap.ok(s.models == 200 and s.n == 30 and s.masks:rows() == 200 and s.losses:cols() == 60, "200 models on 10 supersamples")
tap.ok(math.abs(s.masks:mean() - 0.5) < 4 * 0.5 / math.sqrt(6000), "masks are fair")
tap.ok(s.gap.mean > 0 and s.gap.low < s.gap.mean, "they overfit: gap " .. s.gap.mean)
local above = true
for _, b in ipairs(s.list) do above = above and b.on_gap >= s.gap.mean end
tap.ok(above, "every bound is above the gap")
tap.ok(s["fast-weighted"].value <= s["fast-relaxed"].value and s["fast-weighted"].value <= s["fast-variance"].value * (1 + 1e-9),
  "fast-weighted is the least of its family")
tap.ok(s["ld-cmi"].null > 3 * s["ld-mi"].null and s["ld-mi"].value > s["ld-mi"].null_high,
  "20 masks leave by row a high null level, pooled a low one")
tap.ok(s.losses == assay.supersample(settings).losses, "the same seed, the same bits")

-- One model by hand, in the order of its own that assay.sample deals.
local z, k = 3, 7
local r = (z - 1) * 20 + k
local all = assay.sample(600, 800, 0)
local rows = {}
for i = 1, 30 do rows[i] = all[(z - 1) * 60 + i + 30 * (s.masks[r][i])] end
local order, mine = assay.sample(30, 30, 0, 1000000 + r), {}
for i = 1, 30 do mine[i] = rows[order[i]] end
local one = assay.train { data = data, model = "softmax", rows = mine, epochs = 30, lr = 0.2, batch = 10, seed = 0, init_seed = r,
  keep_weights = true }
local train, wrong, model = data:train(), true, assay.model("softmax")
for i = 1, 60 do
  local at = all[(z - 1) * 60 + i]
  local outputs = model:outputs(one.weights, { x = train.x:view(at, at), y = train.y:view(at, at), classes = train.classes })
  wrong = wrong and (s.losses[r][i] == ((outputs:argmax()[1] - 1) == train.y[at] and 0 or 1))
end
tap.ok(wrong, "a model trained by hand on its rows has the losses of its row")

-- Interpolation: more inputs than examples, so every model fits its half.
local wide = assay.supersample { data = assay.data("gaussian-mixture", { d = 60, train = 700, valid = 0, test = 0 }),
  model = "logistic", loss = "logistic", n = 15, supersamples = 10, masks = 24, steps = 400, lr = 0.5, batch = 15 }
tap.is(wide.train, 0, "more inputs than examples: no training errors")
-- An equality in population. I(Delta; U) = P(Delta differs from 0) ln 2 less what chance in the counts of U takes: about
-- the square of 1/sqrt(cells), far below 5 %.
tap.near(wide["interp-ld"].value, wide.test, 0.05 * wide.test, "interp-ld is the test error " .. wide.test)
tap.ok(wide["interp-single"].value >= wide.test, "interp-single is above it")
tap.ok(wide["interp-ld"].value <= wide["fast-weighted"].value * (1 + 1e-9) + wide.train, "and the fast bound meets it")

tap.fails(function() assay.supersample { losses = losses, mask = masks } end, 'did you mean "masks"', "an unknown setting")
tap.fails(function() assay.supersample { losses = losses } end, "masks are missing", "masks are needed")
tap.fails(function() assay.supersample { data = data, model = "softmax", n = 401, lr = 1, steps = 1 } end, "needs 802 examples",
  "too few examples")
tap.fails(function() assay.supersample { data = "linear-teacher", model = "linear", lr = 1, steps = 1 } end, "must have classes",
  "no classes")
tap.done()
