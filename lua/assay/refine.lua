--- Refined schedules: record gradient norms, build the schedule that they ask for, train again.
--
--     local r = assay.refine { data = data, model = model, epochs = 5, lr = 0.1, seed = 1 }
--     print(r)                                   -- both runs, and the shape that was found
--     assay.plot(r.schedule)
--     assay.refine(norms, { peak = 0.1 })        -- only the schedule, from numbers of your own
--
-- Defazio, Cutkosky, Mehta and Mishchenko 2023, When, why and how much? Adaptive learning rate scheduling by
-- refinement.
-- @module assay.refine
local assay = require "assay"

local M = {}

local Refined = { __name = "assay.refine" }
Refined.__index = Refined

local TRAINING = { "data", "model", "loss", "optimizer", "schedule", "lr", "average", "sampler", "batch", "steps",
  "epochs", "seed", "init_seed", "order_seed", "eval_every", "plan", "mask", "init", "rows", "diverged" }
local SHAPE = { "tau", "norm", "peak" }
local KEYS = { "peaks", "log_every", "keep_weights", "keep_losses", "skip_test", table.unpack(SHAPE) }
for _, key in ipairs(TRAINING) do KEYS[#KEYS + 1] = key end

local function fail(format, ...) assay.refuse("refine: " .. format, ...) end

-- Rules that see the gradient itself; what divides by its size, as Adam does, has the bound with the l1 norm.
local PLAIN = { sgd = true, sgdm = true, ["heavy-ball"] = true, nesterov = true }

local function norm_of(settings)
  if settings.norm then return settings.norm end
  local optimizer = settings.optimizer or "sgd"
  return PLAIN[type(optimizer) == "string" and optimizer or optimizer.id] and "l2" or "l1"
end

local function copy(settings, keys)
  local t = {}
  for _, key in ipairs(keys) do t[key] = settings[key] end
  return t
end

-- The first run: linear decay unless another schedule is given. Its metrics are logged as record/….
local function record(settings, norm)
  local t = copy(settings, TRAINING)
  t.schedule = t.schedule or "linear-decay"
  t.log_every, t.norms, t.keep_losses, t.label = 1, true, true, "record"
  local r = assay.train(t)
  local norms = norm == "l1" and r.norms_l1 or r.norms
  if r.diverged then fail("the recording run diverged at step %d: lower its rate", r.diverged_at) end
  return r, norms
end

-- The peak of the recording run: that of its schedule, or lr.
local function recorded_peak(settings)
  local schedule = settings.schedule
  if type(schedule) == "userdata" then return schedule.peak end
  return settings.lr
end

-- The second run; with several peaks one for each, and the one with the least validation error (then loss).
local function train_again(settings, schedule)
  local t = copy(settings, TRAINING)
  for _, key in ipairs { "log_every", "keep_weights", "keep_losses", "skip_test" } do t[key] = settings[key] end
  t.lr, t.schedule = nil, schedule
  if not settings.peaks then return assay.train(t), schedule end
  t.schedule, t.replicas, t.diverged = nil, {}, "ok"
  for i, peak in ipairs(settings.peaks) do t.replicas[i] = { schedule = schedule:with { peak = peak } } end
  local best, tried = nil, assay.train_many(t)
  for i, r in ipairs(tried) do
    r.peak = settings.peaks[i]
    local better = not r.diverged and (not best or r.val_error < tried[best].val_error
      or r.val_error == tried[best].val_error and r.val_loss < tried[best].val_loss)
    if better then best = i end
  end
  if not best then fail("every peak diverged") end
  return tried[best], t.replicas[best].schedule, tried
end

-- Peaks need numbers, and a part of the data to choose on.
local function check_peaks(settings)
  if not settings.peaks then return end
  if settings.peak then fail("give peak or peaks, not both") end
  if type(settings.peaks) ~= "table" or #settings.peaks == 0 then fail("peaks must be a list of rates") end
  local data = settings.data
  if (type(data) == "string" and assay.data(data) or data).n_valid == 0 then
    fail("the data have no validation part to choose among peaks on")
  end
end

--- Record gradient norms along a training, build the refined schedule, train again.
-- @tparam table settings data, model, steps or epochs, lr (or schedule, of the recording run) and what else assay.train
-- takes; tau, norm ("l2" or "l1"), peak (default: that of the recording run) or peaks (a list to choose from)
-- @treturn table record, schedule, result, norms, norm, tried; it prints itself
-- @raise if the recording run diverges
function M.run(settings)
  assay.check_keys(settings, "assay.refine", KEYS)
  check_peaks(settings)
  local norm = norm_of(settings)
  local first, norms = record(settings, norm)
  local shape = { norms = norms, norm = norm, tau = settings.tau, peak = settings.peak or recorded_peak(settings),
    steps = norms:cols() }
  local out = { record = first, norms = norms, norm = norm }
  out.result, out.schedule, out.tried = train_again(settings, assay.schedule("refined", shape))
  return setmetatable(out, Refined)
end

--- The refined schedule of norms of your own.
function M.schedule(norms, settings)
  local keys = { "steps", "warmup", table.unpack(SHAPE) }
  assay.check_keys(settings or {}, "assay.refine", keys)
  local p = copy(settings or {}, keys)
  p.norms = norms
  return assay.schedule("refined", p)
end

--- What the shape says in numbers: where its largest rate stands, with which part of it it starts, and where it has
-- fallen to a half; places as fractions of the training.
function Refined:shape()
  local values = self.schedule:values(#self.norms)
  local n, top = #values, 1
  for t = 2, n do if values[t] > values[top] then top = t end end
  local half = top
  while half < n and values[half] > values[top] / 2 do half = half + 1 end
  return { start = values[1] / values[top], top = (top - 1) / n, half = (half - 1) / n }
end

local function line(name, r)
  local cells = { string.format("  %-9s", name) }
  for _, key in ipairs { "train_loss", "val_error", "test_error" } do
    cells[#cells + 1] = r[key] and string.format("%s %-9.4g", key, r[key]) or ""
  end
  return table.concat(cells, "  ") .. (r.diverged and "  diverged" or "")
end

function Refined:__tostring()
  local s = self:shape()
  local lines = { string.format("refined schedule from %d %s gradient norms, %.3g to %.3g; peak %.4g", #self.norms,
    self.norm, self.norms:min(), self.norms:max(), self.schedule.peak) }
  local text = "  starts at %.0f %% of the peak, is there at %.0f %% of the training, at half of it at %.0f %%"
  lines[2] = string.format(text, 100 * s.start, 100 * s.top, 100 * s.half)
  lines[3], lines[4] = line("recorded", self.record), line("refined", self.result)
  return table.concat(lines, "\n")
end

return setmetatable(M, {
  __help = [[
assay.refine{data =, model =, steps = or epochs =, lr =, …}
assay.refine(norms[, {tau =, norm =, peak =, steps =, warmup =}])
  The schedule that gradient norms ask for (help("refined")), in one call: trains once (linear-decay with peak lr, or
  the schedule given) and records the norm of every mini-batch gradient, builds the refined schedule, trains again from
  the same start. With a list or matrix of norms: only the schedule.
  tau (0.1): width of the running median; norm: "l2" or "l1" (auto: l2 for plain and momentum SGD, else l1); peak: of
  the refined run (that of the recording); peaks: a list to choose from by validation error; and what assay.train
  takes. In a run of an experiment the first training logs as record/loss, record/grad_norm, ….
  Returns record and result (trainings), schedule, norms, norm, tried (with peaks); :shape() gives start, top, half.
  One pair of runs is an anecdote: compare schedules over seeds, each with its own tuned peak (compare/schedules.lua).
  Source: Defazio, Cutkosky, Mehta and Mishchenko 2023.]],
  __call = function(_, first, settings)
    local numbers = type(first) == "userdata" or type(first) == "table" and #first > 0
    if numbers then return M.schedule(first, settings) end
    return M.run(first)
  end,
})
