--- Supersample (conditional mutual information) bounds, from your own losses or from models trained for them.
--
--     local s = assay.supersample { data = data, model = "softmax", n = 200, supersamples = 10, masks = 30,
--       epochs = 20, lr = 0.1 }
--     print(s)
--
-- A supersample is n rows of two examples; a mask picks the one of each row that trains, the other tests. What the
-- losses of many such models tell about the masks bounds the expected gap (Steinke and Zakynthinou 2020, Reasoning
-- about generalization via conditional mutual information; Wang and Mao 2023, Tighter information-theoretic
-- generalization bounds from supersamples).
-- @module assay.supersample
local assay = require "assay"
local stats = assay.stats

local M = {}

local Supersample = { __name = "assay.supersample" }
Supersample.__index = Supersample

local BOUNDS = { "fcmi", "ecmi", "ld-cmi", "ld-mi", "single-mi", "fast-weighted", "fast-relaxed", "fast-variance",
  "fast-sharpness", "hd-linear", "binary-kl", "interp-ld", "interp-single" }
local TRAINING = { "model", "loss", "optimizer", "schedule", "lr", "sampler", "batch", "steps", "epochs", "plan",
  "average" }
local ESTIMATE = { "shuffles", "resamples", "seed" }
local GIVEN = { "losses", "predictions", "masks", "supersamples", "bounds", table.unpack(ESTIMATE) }
local TRAINED = { "data", "n", "supersamples", "masks", "bounds", table.unpack(ESTIMATE) }
for _, key in ipairs(TRAINING) do TRAINED[#TRAINED + 1] = key end

local function fail(format, ...) assay.refuse("supersample: " .. format, ...) end

-- --- estimates ------------------------------------------------------------------------------------------

-- One bound on these numbers, with what stands beside it; its statement on the gap whatever it bounds.
local function one_bound(id, numbers)
  local b = assay.bound(id, numbers):evaluate()
  local t = b.terms
  return { id = id, of = b.of, value = b.value, low = b.low, high = b.high, vacuous = b.vacuous, claim = b.claim,
    statement = b.statement, miller_madow = t.miller_madow, null = t.null, null_high = t.null_high }, t
end

-- Mean test minus training loss, with Student's interval over supersamples, or over models where there is but one.
local function gap_of(numbers, k1)
  local losses, masks = numbers.losses, numbers.masks
  local models, n = masks:rows(), masks:cols()
  local first, second = losses:view(1, models, 1, n), losses:view(1, models, n + 1, 2 * n)
  local gaps = ((first - second) * (masks * 2 - 1)):mean(2)
  local k2, blocks = models // k1, {}
  for z = 1, k1 do blocks[z] = stats.mean(gaps:view((z - 1) * k2 + 1, z * k2):copy()) end
  local values = k1 > 1 and blocks or gaps
  local out = { mean = stats.mean(blocks), n = k1 > 1 and k1 or models, over = k1 > 1 and "supersamples" or "models" }
  if out.n > 1 then
    out.low, out.high = stats.ci(values)
    out.se = stats.sd(values) / math.sqrt(out.n)
  end
  return out
end

local function matrix(value, what)
  if value == nil then fail("%s are missing", what) end
  return type(value) == "table" and assay.matrix(value) or value
end

local function parameters(settings, numbers, id)
  local p = { masks = numbers.masks, supersamples = numbers.supersamples }
  for _, key in ipairs(ESTIMATE) do p[key] = settings[key] end
  if id == "fcmi" then p.predictions, p.resamples = numbers.predictions, nil else p.losses = numbers.losses end
  return p
end

local function evaluate(settings, numbers)
  local masks = numbers.masks
  local out = { supersamples = numbers.supersamples, models = masks:rows(), n = masks:cols(), list = {} }
  for _, id in ipairs(settings.bounds or BOUNDS) do
    if id ~= "fcmi" or numbers.predictions then
      local b, terms = one_bound(id, parameters(settings, numbers, id))
      if terms.train then out.train, out.test = terms.train, terms.test end
      out.list[#out.list + 1], out[id] = b, b
    end
  end
  out.gap = gap_of(numbers, numbers.supersamples)
  for _, b in ipairs(out.list) do -- a bound on the test error is one on the gap, less the training error
    b.on_gap = b.of == "risk" and b.value - (out.train or 0) or b.value
  end
  out.losses, out.masks, out.predictions = numbers.losses, masks, numbers.predictions
  return setmetatable(out, Supersample)
end

-- --- training -------------------------------------------------------------------------------------------

local function whole(settings, key, default, least)
  local v = settings[key]
  if v == nil then v = default end
  if math.type(v) ~= "integer" or v < least then
    fail("%s must be a whole number >= %d, got %s", key, least, tostring(v))
  end
  return v
end

-- Streams of assay.sample: 0 the supersamples (z + 1 where the data do not last for disjoint ones), then orders.
local function draw_examples(data, n, k1, seed)
  if 2 * n > data.n then fail("a supersample of %d rows needs %d examples, the data have %d", n, 2 * n, data.n) end
  local all = 2 * n * k1 <= data.n and assay.sample(2 * n * k1, data.n, seed)
  local list = {}
  for z = 1, k1 do
    list[z] = all and all:view(1, 1, 2 * n * (z - 1) + 1, 2 * n * z):copy() or assay.sample(2 * n, data.n, seed, z)
  end
  return list, all and true or false
end

-- Fair bits: models x n.
local function draw_masks(models, n, seed)
  return ((assay.random("uniform", models, n, seed) - 0.5):sign() + 1) / 2
end

-- The rows that each model of supersample z trains on, in an order of its own, so that no row has a place of its own
-- in training.
local function replicas(pair, z, masks, k2, seed)
  local list, n = {}, masks:cols()
  local first, second = pair:view(1, 1, 1, n), pair:view(1, 1, n + 1, 2 * n)
  for k = 1, k2 do
    local r = (z - 1) * k2 + k
    local rows = first + (second - first) * masks:view(r, r)
    local order = assay.sample(n, n, seed, 1000000 + r)
    list[k] = { rows = rows:t():take(order), init_seed = seed * 1000003 + r, keep_weights = true, skip_test = true }
  end
  return list
end

-- Predicted labels, from 0: the largest output, or the sign of a single one.
local function labels(outputs)
  if outputs:cols() > 1 then return outputs:argmax() - 1 end
  return (outputs:sign() + 1) / 2
end

-- Losses and predictions of the models of supersample z on both its columns, into their rows.
local function test(settings, pair, results, numbers, first)
  local train = settings.data:train()
  local batch = { x = train.x:take(pair), y = train.y:take(pair), classes = train.classes }
  for k, result in ipairs(results) do
    local seen = labels(settings.model:outputs(result.weights, batch, settings.loss))
    numbers.predictions[first + k] = seen
    numbers.losses[first + k] = (seen - batch.y):abs():sign()
  end
end

local function object(kind, value)
  return type(value) == "string" and assay[kind](value) or value
end

local function trained(settings)
  local s = {}
  for k, v in pairs(settings) do s[k] = v end
  if s.data == nil or s.model == nil then fail("give data and model, or losses and masks") end
  s.data, s.model = object("data", s.data), object("model", s.model)
  if s.data.task ~= "classes" then fail("the data must have classes: the losses are 0 or 1") end
  local k1, k2 = whole(s, "supersamples", 10, 1), whole(s, "masks", 32, 2)
  local n, seed = whole(s, "n", 100, 1), whole(s, "seed", 0, math.mininteger)
  local examples, disjoint = draw_examples(s.data, n, k1, seed)
  local numbers = { masks = draw_masks(k1 * k2, n, seed), supersamples = k1,
    losses = assay.zeros(k1 * k2, 2 * n), predictions = assay.zeros(k1 * k2, 2 * n) }
  local t = { data = s.data, seed = seed }
  for _, key in ipairs(TRAINING) do t[key] = s[key] end
  for z, pair in ipairs(examples) do -- one after the other: weights of one supersample are held at a time
    t.replicas = replicas(pair, z, numbers.masks, k2, seed)
    test(s, pair, assay.train_many(t), numbers, (z - 1) * k2)
  end
  local out = evaluate(s, numbers)
  out.disjoint = disjoint
  return out
end

-- --- the whole ------------------------------------------------------------------------------------------

local function given(settings)
  local numbers = { masks = matrix(settings.masks, "masks"), losses = matrix(settings.losses, "losses"),
    supersamples = settings.supersamples or 1 }
  if settings.predictions then numbers.predictions = matrix(settings.predictions, "predictions") end
  return evaluate(settings, numbers)
end

--- All supersample bounds, on given numbers or on models trained here.
-- @tparam table settings losses, masks and supersamples (predictions for fcmi), or data, model, n, supersamples,
-- masks and what assay.train takes
-- @treturn table gap, train, test, list (one entry per bound: value, low, high, miller_madow, null, null_high,
-- on_gap), the same entries by id, losses, masks, predictions; it prints itself
function M.measure(settings)
  local numbers = type(settings) == "table" and settings.losses ~= nil
  assay.check_keys(settings, "assay.supersample", numbers and GIVEN or TRAINED)
  return numbers and given(settings) or trained(settings)
end

local function cell(x) return x and string.format("%.4f", x) or "-" end

function Supersample:__tostring()
  local lines = { string.format("supersample: %d of %d rows, %d models; training error %.4f, test error %.4f",
    self.supersamples, self.n, self.models, self.train or 0 / 0, self.test or 0 / 0) }
  local g = self.gap
  lines[2] = string.format("  gap %.4f  [%s, %s] over %d %s", g.mean, cell(g.low), cell(g.high), g.n, g.over)
  lines[3] = "  bound            of     value    interval            corrected  null    (95 %)   on the gap"
  for _, b in ipairs(self.list) do
    local interval = string.format("[%s, %s]", cell(b.low), cell(b.high))
    lines[#lines + 1] = string.format("  %-15s  %-5s  %-7s  %-18s  %-9s  %-6s  %-7s  %s", b.id, b.of, cell(b.value),
      interval, cell(b.miller_madow), cell(b.null), cell(b.null_high), cell(b.on_gap))
  end
  return table.concat(lines, "\n")
end

return setmetatable(M, {
  __help = [[
assay.supersample{losses =, masks =, supersamples =} or assay.supersample{data =, model =, n =, masks =, …}
  Supersample bounds on the expected gap (kind of statement: E-est). n rows of two examples; a mask picks the one of
  each row that trains, the other tests.
  On your own numbers: a row per model; losses (0 or 1; the first column of all rows, then the second), masks (0:
  trained on the first column, 1: the second), the models of a supersample together; predictions (labels) for fcmi.
  On models trained here: data, model, n (100), supersamples (10), masks (32 on each), and loss, optimizer, schedule,
  lr, sampler, batch, steps or epochs, average as for assay.train. Examples come from the training part, supersamples
  disjoint where it lasts; each model has its own start and order.
  Also: bounds (a list of ids), shuffles (200), resamples (1000), seed.
  Returns gap {mean =, low =, high =}, train, test, list and by id {value =, low =, high =, miller_madow =, null =,
  null_high =, on_gap =}: the null level is the same estimate with the masks shuffled; a value near it says nothing.
  help("ld-cmi") and the like explain each bound.]],
  __call = function(_, settings) return M.measure(settings) end,
})
