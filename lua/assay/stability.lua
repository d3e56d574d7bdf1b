--- Measured on-average stability: one training and its neighbours, each with one example replaced.
--
--     local s = assay.stability { data = data, model = "softmax", n = 1000, steps = 2000, batch = 1, lr = 0.05,
--       repeats = 20 }
--     print(s)
--
-- A neighbour shares initial weights, order and batches with the base, so what moves it is the example alone (Bousquet
-- and Elisseeff 2002, Stability and generalization; Lei and Ying 2020, Fine-grained analysis of stability and
-- generalization for SGD). With fresh samples, `repeats` of them, the intervals are Student's over the repeats:
-- the neighbours of one sample are not independent of each other.
-- @module assay.stability
local assay = require "assay"
local stats = assay.stats

local M = {}

local Stability = { __name = "assay.stability" }
Stability.__index = Stability

local TRAINING = { "model", "loss", "optimizer", "schedule", "lr", "sampler", "batch", "steps", "epochs", "plan",
  "average" }
local KEYS = { "data", "n", "neighbours", "repeats", "seed", "checkpoints", "smoothness", "lipschitz", "loss_range",
  "level", table.unpack(TRAINING) }

local function fail(format, ...) assay.refuse("stability: " .. format, ...) end

local function whole(settings, key, default, least)
  local v = settings[key]
  if v == nil then return default end
  if math.type(v) ~= "integer" or v < least then
    fail("%s must be a whole number >= %d, got %s", key, least, tostring(v))
  end
  return v
end

-- --- one repeat -----------------------------------------------------------------------------------------

local HELD_OUT = 5000 -- examples that measure the risk, beside a sample from the training part

-- The sample and what is fresh for it. Drawn from the training part both come out of one random order, so that every
-- expectation is over the same draws; else the test part is what is fresh.
local function draw(settings, data, seed)
  local n = settings.n or data.n
  if n > data.n then fail("n is %d, but the data have %d training examples", n, data.n) end
  local k = math.min(settings.neighbours or (n <= 200 and n or 64), n)
  local s = { n = n, k = k, places = assay.sample(k, n, seed, 1) }
  local fresh = n < data.n and data.n - n or data.n_test
  if fresh < k then fail("%d neighbours need as many fresh examples, there are %d", k, fresh) end
  if n < data.n then
    local order = assay.sample(n + math.min(fresh, HELD_OUT), data.n, seed, 0)
    s.rows, s.fresh = order:view(1, 1, 1, n):copy(), order:view(1, 1, n + 1):copy()
  else
    s.ghosts = assay.sample(k, data.n_test, seed, 0)
  end
  return s
end

local function replicas(s)
  local list = { { keep_weights = true, keep_losses = true, skip_test = s.rows ~= nil } }
  for i = 1, s.k do
    local at = s.rows and s.rows[s.places[i]] or s.places[i]
    local by = s.rows and { at = at, by_train = s.fresh[i] } or { at = at, by = s.ghosts[i] }
    list[i + 1] = { keep_weights = true, skip_test = true, replace = by }
  end
  -- The floor: an example replaced by itself.
  local at = list[2].replace.at
  list[s.k + 2] = { skip_test = true, replace = { at = at, by_train = at } }
  return list
end

local function default_checkpoints(steps)
  local list, last = {}, 0
  for _, t in ipairs(steps > 1 and assay.logspace(math.max(1, steps / 32), steps, 8) or { 1 }) do
    local step = math.floor(t + 0.5)
    if step > last then
      list[#list + 1], last = step, step
    end
  end
  return list
end

local function training(settings, data, s, seed)
  local t = { data = data, seed = seed, rows = s.rows, coupled = true, log_every = 1, replicas = replicas(s) }
  for _, key in ipairs(TRAINING) do t[key] = settings[key] end
  t.sampler = t.sampler or "iid"
  local batch = math.min(settings.batch or 64, s.n)
  t.batch = batch
  if t.epochs and not t.steps then
    t.steps, t.epochs = math.max(1, math.floor(t.epochs * s.n / batch + 0.5)), nil
  end
  if math.type(t.steps) ~= "integer" or t.steps < 1 then fail("give steps or epochs") end
  t.checkpoints = settings.checkpoints or default_checkpoints(t.steps)
  return t
end

local function part(from, rows)
  return { x = from.x:take(rows), y = from.y:take(rows), classes = from.classes }
end

-- The mean of f(A(S^i); z_i) - f(A(S); z_i): what the replace-one identity equates with the gap.
local function replaced_loss(settings, data, s, results)
  local model, train = settings.model, data:train()
  local z = part(train, s.rows and s.rows:t():take(s.places):t() or s.places)
  local base = model:per_example(results[1].weights, z, settings.loss)
  local differences = {}
  for i = 1, s.k do
    local one = part(z, { i })
    differences[i] = model:per_example(results[i + 1].weights, one, settings.loss)[1] - base[i]
  end
  return differences
end

-- What example i adds to a bound: the largest squared norm of an input, with the bias's 1.
local function largest_input(settings, batch)
  return (batch.x * batch.x):sum(2):max() + (settings.model.bias and 1 or 0)
end

local function one_repeat(settings, data, seed)
  local s = draw(settings, data, seed)
  local t = training(settings, data, s, seed)
  local results = assay.train_many(t)
  local sample = s.rows and part(data:train(), s.rows) or data:train()
  local out = { n = s.n, k = s.k, steps = t.steps, batch = t.batch, sampler = t.sampler, checkpoints = t.checkpoints,
    d1 = {}, d2 = {} }
  for c = 1, #t.checkpoints do
    local sum1, sum2 = 0, 0
    for i = 2, s.k + 1 do
      local d = results[i].distances[c]
      sum1, sum2 = sum1 + d, sum2 + d * d
    end
    out.d1[c], out.d2[c] = sum1 / s.k, sum2 / s.k
  end
  out.distances = {}
  for i = 1, s.k do out.distances[i] = results[i + 1].distances[#t.checkpoints] end
  out.floor = math.max(table.unpack(results[s.k + 2].distances))
  out.train_loss = settings.model:loss(results[1].weights, sample, settings.loss)
  out.test_loss = results[1].test_loss
    or settings.model:loss(results[1].weights, part(data:train(), s.fresh), settings.loss)
  out.differences = replaced_loss(settings, data, s, results)
  out.losses = results[1].losses
  out.largest = largest_input(settings, sample)
  return out
end

-- --- statistics -----------------------------------------------------------------------------------------

local function summary(values, level)
  local out = { mean = stats.mean(values), n = #values }
  if #values > 1 then
    out.sd = stats.sd(values)
    out.se = out.sd / math.sqrt(#values)
    out.low, out.high = stats.ci(values, level)
  end
  return out
end

-- Of one sample: the interval over its neighbours, narrowed as they are drawn without replacement from n.
local function conditional(values, n, level)
  local out = summary(values, level)
  local factor = math.sqrt(math.max(0, 1 - #values / n))
  if out.se then
    out.se = out.se * factor
    out.low, out.high = out.mean - (out.mean - out.low) * factor, out.mean + (out.high - out.mean) * factor
  end
  return out
end

-- Squared distances are skewed: beside Student's interval a percentile bootstrap over the repeats.
local function with_bootstrap(out, values, level)
  if #values >= 10 then
    out.boot_low, out.boot_high = stats.bootstrap(values, { kind = "percentile", resamples = 2000, level = level })
  end
  return out
end

local function squares(values)
  local out = {}
  for i, v in ipairs(values) do out[i] = v * v end
  return out
end

local function column(repeats, pick)
  local out = {}
  for r, one in ipairs(repeats) do out[r] = pick(one) end
  return out
end

-- Slope of log Delta2 against log t by least squares, over the checkpoints where anything had moved.
local function growth(curve)
  local n, sx, sy, sxx, sxy = 0, 0, 0, 0, 0
  for _, c in ipairs(curve) do
    if c.delta2 > 0 then
      local x, y = math.log(c.step), math.log(c.delta2)
      n, sx, sy, sxx, sxy = n + 1, sx + x, sy + y, sxx + x * x, sxy + x * y
    end
  end
  if n < 2 then return nil end
  return (n * sxy - sx * sy) / (n * sxx - sx * sx)
end

local function curve_of(repeats)
  local curve, first = {}, repeats[1]
  for c, step in ipairs(first.checkpoints) do
    curve[c] = { step = step, delta1 = stats.mean(column(repeats, function(r) return r.d1[c] end)),
      delta2 = stats.mean(column(repeats, function(r) return r.d2[c] end)) }
  end
  return curve
end

-- --- bounds beside --------------------------------------------------------------------------------------

-- Constants of the loss in the weights, for linear models on inputs of squared norm at most `largest`.
local function constants(model, loss, largest)
  if model.id == "linear" and loss == "squared" then return largest, nil end
  if model.id == "logistic" and loss == "logistic" then return largest / 4, math.sqrt(largest) end
  if model.id == "softmax" and loss == "cross-entropy" then return largest / 2, math.sqrt(2 * largest) end
end

-- E F_S(w_j) before each step, from the mini-batches' losses: unbiased there, averaged over repeats, and over runs of
-- steps that together saw some 256 examples, since a root of a noisy number is too small on average.
local function risks_of(repeats)
  local first = repeats[1]
  local mean = first.losses
  for r = 2, #repeats do mean = mean + repeats[r].losses end
  mean = (mean / #repeats):list()
  local length = math.max(1, math.ceil(256 / (first.batch * #repeats)))
  local risks = {}
  for from = 1, first.steps, length do
    local to, sum = math.min(from + length - 1, first.steps), 0
    for t = from, to do sum = sum + mean[t] end
    for t = from, to do risks[t] = sum / (to - from + 1) end
  end
  return risks
end

local function rates_of(settings, steps)
  local schedule = settings.schedule or "constant"
  if type(schedule) == "string" then schedule = assay.schedule(schedule, { peak = settings.lr }) end
  return schedule:values(steps)
end

local function add(list, id, what, parameters)
  local value = assay.bound(id, parameters):evaluate()
  list[#list + 1] = { id = id, what = what, value = value.value, statement = value.statement,
    claim = value.claim, vacuous = value.vacuous,
    rate_limit = value.terms.rate_limit or value.terms.effective_rate_limit,
    delta1 = value.terms.delta1, delta2 = value.terms.delta2 }
end

local function plain_sgd(list, c)
  local path = { n = c.n, batch = c.batch, smoothness = c.L, rates = c.rates, risks = c.risks,
    loss_range = c.range }
  path.risk = c.risk
  add(list, "stab-onavg-l2", "path", path)
  if c.G then
    path.risk, path.lipschitz = nil, c.G
    add(list, "stab-onavg-l1", "path", path)
    if c.batch == 1 then
      add(list, "stab-uniform-hardt", "path",
        { n = c.n, lipschitz = c.G, smoothness = c.L, rates = c.rates, loss_range = c.range })
    end
  end
end

local function momentum_sgd(list, c, optimizer)
  if c.batch > 1 then return end
  add(list, "stab-sgdm", "path", { n = c.n, smoothness = c.L, rates = c.rates, momentum = optimizer.momentum,
    form = optimizer.id == "nesterov" and "nesterov" or "polyak", risks = c.risks, risk = c.risk,
    loss_range = c.range })
end

local function bounds_of(settings, repeats, out)
  local first, list = repeats[1], {}
  local largest = math.max(table.unpack(column(repeats, function(r) return r.largest end)))
  local L, G = constants(settings.model, settings.loss, largest)
  L, G = settings.smoothness or L, settings.lipschitz or G
  local risk = out.train_loss.mean
  if not L then return list end
  out.smoothness, out.lipschitz = L, G
  local c = { n = first.n, batch = first.batch, L = L, G = G, rates = rates_of(settings, first.steps),
    risks = risks_of(repeats), risk = risk, range = settings.loss_range }
  add(list, "stab-onavg-l2", "measured",
    { smoothness = L, risk = risk, delta2 = out.delta2.mean, loss_range = c.range })
  if G then
    add(list, "stab-onavg-l1", "measured", { lipschitz = G, delta1 = out.delta1.mean, loss_range = c.range })
  end
  local optimizer = settings.optimizer
  if (optimizer.l2 or 0) > 0 or (optimizer.weight_decay or 0) > 0 then return list end
  if optimizer.id == "sgd" then plain_sgd(list, c) end
  if optimizer.id == "heavy-ball" or optimizer.id == "nesterov" then momentum_sgd(list, c, optimizer) end
  return list
end

-- --- the whole ------------------------------------------------------------------------------------------

local function object(kind, value, default)
  if value == nil then value = default end
  return type(value) == "string" and assay[kind](value) or value
end

local function prepare(settings)
  assay.check_keys(settings, "assay.stability", KEYS)
  local s = {}
  for k, v in pairs(settings) do s[k] = v end
  if s.data == nil or s.model == nil then fail("data and model are needed") end
  if s.optimizer == false then fail("optimizer must be an optimizer") end
  s.model, s.optimizer = object("model", s.model), object("optimizer", s.optimizer, "sgd")
  s.repeats, s.seed = whole(s, "repeats", 1, 1), s.seed or 0
  whole(s, "n", nil, 1)
  whole(s, "neighbours", nil, 1)
  return s
end

local function data_of(settings, r)
  local data = settings.data
  if type(data) == "function" then data = data(r) end
  if type(data) == "string" then data = assay.data(data) end
  if settings.repeats > 1 and type(settings.data) ~= "function" and not (settings.n and settings.n < data.n) then
    fail("each repeat needs a fresh sample: give n below the %d training examples, or data = function(repeat) … end",
      data.n)
  end
  local loss = settings.loss or (data.task == "classes" and "cross-entropy" or "squared")
  settings.loss = type(loss) == "string" and loss or loss.id
  return data
end

local function conclude(settings, repeats)
  local first, level = repeats[1], settings.level
  local last = #first.checkpoints
  local out = { n = first.n, neighbours = first.k, repeats = #repeats, steps = first.steps, batch = first.batch,
    given_sample = #repeats == 1, curve = curve_of(repeats) }
  if #repeats == 1 then
    out.delta1 = conditional(first.distances, first.n, level)
    out.delta2 = conditional(squares(first.distances), first.n, level)
    out.replaced = conditional(first.differences, first.n, level)
  else
    out.delta1 = summary(column(repeats, function(r) return r.d1[last] end), level)
    local means = column(repeats, function(r) return r.d2[last] end)
    out.delta2 = with_bootstrap(summary(means, level), means, level)
    out.replaced = summary(column(repeats, function(r) return stats.mean(r.differences) end), level)
  end
  out.growth = growth(out.curve)
  out.floor = math.max(table.unpack(column(repeats, function(r) return r.floor end)))
  out.train_loss = summary(column(repeats, function(r) return r.train_loss end), level)
  out.test_loss = summary(column(repeats, function(r) return r.test_loss end), level)
  out.gap = summary(column(repeats, function(r) return r.test_loss - r.train_loss end), level)
  out.identity = summary(column(repeats, function(r)
    return r.test_loss - r.train_loss - stats.mean(r.differences)
  end), level)
  if out.identity.se and out.identity.se > 0 then out.z = out.identity.mean / out.identity.se end
  out.sampler = type(first.sampler) == "string" and first.sampler or first.sampler.id
  out.bounds = bounds_of(settings, repeats, out)
  for _, b in ipairs(out.bounds) do -- how far above the measured distance
    local bound, seen = b.delta2 or b.delta1, b.delta2 and out.delta2.mean or out.delta1.mean
    if b.what == "path" and bound and seen > 0 then b.ratio = bound / seen end
  end
  return setmetatable(out, Stability)
end

local function interval(s)
  if not s.low then return string.format("%.5g", s.mean) end
  return string.format("%-12.5g [%.5g, %.5g]", s.mean, s.low, s.high)
end

local function number(x) return x and string.format("%.5g", x) or "-" end

function Stability:__tostring()
  local samples = self.repeats == 1 and "given this one sample" or self.repeats .. " samples"
  local lines = { string.format("stability: n = %d, %d neighbours, %s, %d steps of %d (%s)", self.n,
    self.neighbours, samples, self.steps, self.batch, self.sampler) }
  local function line(...) lines[#lines + 1] = string.format(...) end
  line("  Delta1 (mean distance)            %s", interval(self.delta1))
  line("  Delta2 (mean squared distance)    %s", interval(self.delta2))
  if self.delta2.boot_low then
    line("    bootstrap over the samples      %-12s [%.5g, %.5g]", "", self.delta2.boot_low, self.delta2.boot_high)
  end
  if self.growth then line("  growth: Delta2 ~ t^%.2f over %d checkpoints", self.growth, #self.curve) end
  line("  floor (replaced by itself)        %g", self.floor)
  line("  gap: test - training loss         %s", interval(self.gap))
  line("  gap by the replaced examples      %s", interval(self.replaced))
  if self.z then line("  replace-one identity: they differ by %.2f standard errors", self.z) end
  if #self.bounds > 0 then
    line("  constants of the loss: smoothness %.5g%s", self.smoothness,
      self.lipschitz and string.format(", Lipschitz %.5g", self.lipschitz) or "")
    line("  bound on the gap        from       value       Delta2      Delta1      over measured")
  end
  for _, b in ipairs(self.bounds) do
    if b.value == math.huge and b.rate_limit then
      line("  %-20s    %-8s   none: the steps vary or exceed %.5g", b.id, b.what, b.rate_limit)
    else
      line("  %-20s    %-8s   %-11.5g %-11s %-11s %s", b.id, b.what, b.value, number(b.delta2), number(b.delta1),
        number(b.ratio))
    end
  end
  return table.concat(lines, "\n")
end

--- Measure the stability of a training.
-- @tparam table settings data (or a function of the repeat's number that gives data), model, n, neighbours, repeats,
-- seed, checkpoints, smoothness, lipschitz, loss_range, level, and what assay.train takes
-- @treturn table delta1, delta2, gap, replaced, z, growth, floor, curve, bounds, …; it prints itself
-- @raise if a training diverges: a distance then has no meaning
function M.measure(settings)
  local s = prepare(settings)
  local repeats = {}
  for r = 1, s.repeats do repeats[r] = one_repeat(s, data_of(s, r), s.seed + r - 1) end
  return conclude(s, repeats)
end

return setmetatable(M, {
  __help = [[
assay.stability{data =, model =, steps = or epochs =, lr = or schedule =, …}
  Measured on-average stability (kind of statement: E-est). Trains a base and its neighbours: the same initial weights,
  order and batches, one of the n training examples replaced by a test example.
    Delta1 = mean |w - w_i|, Delta2 = mean |w - w_i|^2 over the neighbours, at the end and at checkpoints
    E[F - F_S] = E mean_i [f(w_i; z_i) - f(w; z_i)]  (the replace-one identity, a self-test: |z| <= 3)
  n: sample so many of the training examples, anew in each repeat; neighbours (all up to n = 200, else 64); repeats
  (1: intervals are given this sample only); data may be a function of the repeat's number; seed; checkpoints (8, evenly
  spaced in log t); smoothness and lipschitz of the loss (known for linear, logistic and softmax models); loss_range;
  level (0.95); loss, optimizer (sgd), schedule, sampler (iid), batch (64), plan as for assay.train.
  Returns delta1, delta2, gap, replaced, train_loss, test_loss (each {mean =, se =, low =, high =}), z, growth (slope of
  log Delta2 against log t), floor (an example replaced by itself: exactly 0), curve, bounds (those of the theory
  beside, from the path of the risks and from the measured distances; ratio: over the measured distance). From 10
  repeats on delta2 has boot_low and boot_high, too: squared distances are skewed.
  Source: Bousquet and Elisseeff 2002, Stability and generalization; Lei and Ying 2020.]],
  __call = function(_, settings) return M.measure(settings) end,
})
