--- Which learning-rate schedule or step-size rule wins once each is tuned?
--
-- The protocol is the fair one (schedules, optimizers and problems are the names of lists below):
--   * the same model, data, order of examples and number of updates T for all, paired by seed;
--   * the peak rate of each schedule is tuned by validation error, each on as many rates of its own grid and the same
--     seeds; a grid whose best rate stands at its edge grows until it does not;
--   * the score is the error on test data at that rate, over seeds that the choice has not seen;
--   * the same rate is then used for 2T updates: what a schedule costs those who did not know T;
--   * divergence is a result, and cost is counted in gradient evaluations.
--
--     assay run compare/schedules.lua                     the preset, under a minute on two cores
--     assay run compare/schedules.lua --set study=full    all of them, within the hour (the command resumes)
local assay = require "assay"
local plot = require "assay.plot"
local pretty = require "assay.pretty"
local report = require "assay.report"
local tuning = require "assay.tuning"

-- --- what is compared -------------------------------------------------------------------------------

-- Schedules by name: their parameters where they are not the defaults, or a function of T. The knee of inverse-sqrt
-- stands where its warm-up ends; its published 4,000 updates and more would outlast a short training.
local SCHEDULES = {
  ["constant"] = {},
  ["step"] = {},
  ["linear-decay"] = {},
  ["polynomial"] = { power = 2 },
  ["cosine"] = {},
  ["exponential"] = {},
  ["inverse-sqrt"] = function(T) return { warmup = T // 10 } end,
  ["inverse-time"] = function(T) return { k = 10 / T } end,
  ["last-iterate"] = {},
  ["rex"] = {},
  ["wsd"] = {},
  ["one-cycle"] = {},
  ["sgdr"] = {},
  ["cyclical"] = function(T) return { half = math.max(1, T // 10) } end,
  ["halving"] = {},
}

local ADAPTIVE = { adam = true, adamw = true, lion = true }

-- What is meant for plain SGD takes it whatever the optimizer beside it.
local function plain() return "sgd" end

-- Rules that are no function of t. A controller or an optimizer of their own, with a rate to tune (`tuned`: the name of
-- the controller's parameter, or true for the peak) or without. Those that find their rate take a shape with peak 1.
local RULES = {
  ["sls-armijo"] = { controller = "sls-armijo", optimizer = plain },
  ["sps-max"] = { controller = "sps-max", settings = { cap = "fixed", eta_max = 1 }, optimizer = plain },
  ["hypergradient"] = {
    controller = "hypergradient", settings = { form = "multiplicative", beta = 0.02 }, tuned = "eta0",
  },
  ["schedule-free"] = {
    optimizer = function(base) return ADAPTIVE[base] and "schedule-free-adamw" or "schedule-free-sgd" end,
    schedule = "constant", warmup = 0.05, tuned = true,
  },
  ["d-adaptation"] = {
    optimizer = function(base) return ADAPTIVE[base] and "dadapt-adam" or "dadapt-sgd" end, schedule = "cosine",
  },
  ["prodigy"] = { optimizer = function() return "prodigy" end, schedule = "cosine" },
  ["smb"] = { optimizer = function() return "smb" end, schedule = "constant" },
  ["oasis"] = { optimizer = function() return "oasis" end, schedule = "constant" },
  ["refined"] = { tuned = true, refine = true },
}

-- The centre of each optimizer's grid of rates.
local OPTIMIZERS = {
  ["sgd"] = { centre = 0.2 },
  ["heavy-ball"] = { centre = 0.02, settings = { momentum = 0.9 } },
  ["nesterov"] = { centre = 0.02, settings = { momentum = 0.9 } },
  ["adam"] = { centre = 0.002 },
  ["adamw"] = { centre = 0.002 },
  ["lion"] = { centre = 0.0002 },
}

local PROBLEMS = {
  ["fashion-mlp"] = {
    data = "fashion-mnist", model = function(p) return assay.model("mlp", { hidden = p.hidden }) end,
  },
  ["fashion-convnet"] = {
    data = "fashion-mnist", part = 4,
    model = function() return assay.model("convnet", { image = { 1, 28, 28 }, channels = { 8, 16 } }) end,
  },
  ["fashion-softmax"] = { data = "fashion-mnist", model = function() return assay.model("softmax") end },
}

local STUDIES = {
  preset = {
    schedules = "constant,step,linear-decay,cosine,inverse-sqrt,wsd,one-cycle,sgdr", optimizers = "heavy-ball",
    problems = "fashion-mlp",
  },
  full = {
    schedules = "constant,step,linear-decay,polynomial,cosine,exponential,inverse-sqrt,inverse-time,last-iterate,"
      .. "rex,wsd,one-cycle,sgdr,cyclical,halving,refined,schedule-free,hypergradient,sls-armijo,sps-max,d-adaptation,"
      .. "prodigy,smb,oasis",
    optimizers = "sgd,heavy-ball,adamw", problems = "fashion-softmax,fashion-mlp,fashion-convnet",
  },
}

local function known_names(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

local function lookup(what, name, ...)
  for _, t in ipairs { ... } do
    if t[name] then return t[name] end
  end
  local all = {}
  for i, t in ipairs { ... } do all[i] = known_names(t) end
  error(string.format('no %s "%s" in this comparison; it knows %s', what, name, table.concat(all, ", ")), 0)
end

local function words(text)
  local out = {}
  for word in text:gmatch("[^,%s]+") do out[#out + 1] = word end
  return out
end

-- The lists of names that the parameters ask for.
local function chosen(p)
  local study = lookup("study", p.study, STUDIES)
  local function list(given, name) return words(given ~= "" and given or study[name]) end
  return list(p.schedules, "schedules"), list(p.optimizers, "optimizers"), list(p.problems, "problems")
end

-- --- one training -----------------------------------------------------------------------------------

local function train_size(problem, p) return p.train // (PROBLEMS[problem].part or 1) end
local function updates(problem, p) return math.max(1, p.epochs * train_size(problem, p) // p.batch) end

local function schedule_of(name, peak, T, p)
  local own = SCHEDULES[name]
  local settings = { peak = peak, steps = T }
  for key, value in pairs(type(own) == "function" and own(T) or own) do settings[key] = value end
  local brings_its_own = name == "one-cycle" or name == "inverse-sqrt"
  if p.warmup > 0 and not brings_its_own then settings.warmup = math.floor(p.warmup * T) end
  return assay.schedule(name, settings)
end

local CURVE = 10 -- points of the anytime curve

-- What a rule changes in the settings of a training.
local function apply_rule(settings, rule, c, T)
  if rule.optimizer then settings.optimizer = assay.optimizer(rule.optimizer(c.optimizer)) end
  if rule.controller then
    local own = {}
    for key, value in pairs(rule.settings or {}) do own[key] = value end
    if rule.tuned then own[rule.tuned] = c.peak end
    settings.controller = assay.controller(rule.controller, own)
    return
  end
  settings.schedule = assay.schedule(rule.schedule, {
    peak = rule.tuned and c.peak or 1, steps = T, warmup = math.floor((rule.warmup or 0) * T),
  })
end

-- A first training with linear decay at the same peak records the gradient norms from which the schedule is refined.
local function refined(settings, c, T)
  local norm = ADAPTIVE[c.optimizer] and "l1" or "l2"
  local first = assay.train {
    run = settings.run, data = settings.data, seed = settings.seed, model = settings.model, batch = settings.batch,
    steps = T, optimizer = settings.optimizer, schedule = assay.schedule("linear-decay", { peak = c.peak, steps = T }),
    log_every = 1, norms = true, keep_losses = true, label = "record", skip_test = true,
  }
  local norms = norm == "l1" and first.norms_l1 or first.norms
  return assay.schedule("refined", { peak = c.peak, steps = T, norms = norms:list(), norm = norm }), first.cost
end

local function train(run, c, p, data)
  local T = updates(c.problem, p) * (c.horizon or 1)
  local problem, optimizer, rule = PROBLEMS[c.problem], OPTIMIZERS[c.optimizer], RULES[c.schedule]
  local fresh, before = tuning.is_fresh(c.seed), 0
  local settings = {
    run = run, data = data[c.problem], seed = c.seed, model = problem.model(p), batch = p.batch, steps = T,
    optimizer = assay.optimizer(c.optimizer, optimizer.settings), log_every = math.max(1, T // 100),
    skip_test = not fresh,
  }
  if fresh and not c.horizon then
    settings.average = assay.average("polyak-average", { t0 = 0.5 })
    settings.eval_every = math.ceil(T / CURVE)
  end
  if not rule then
    settings.schedule = schedule_of(c.schedule, c.peak, T, p)
  elseif rule.refine then
    settings.schedule, before = refined(settings, c, T)
  else
    apply_rule(settings, rule, c, T)
  end
  local r = assay.train(settings)
  return r, (r.cost + before) / T
end

-- Tuning runs return what is chosen by, fresh ones what is scored by: neither can be taken for the other.
local function run_one(run, c, p, data)
  local r, cost = train(run, c, p, data)
  if not tuning.is_fresh(c.seed) then
    return { val_error = r.val_error, val_loss = r.val_loss, train_loss = r.train_loss }
  end
  if c.horizon then return { twice_test_error = r.test_error } end
  return {
    test_error = r.test_error, best_test_error = r.best_test_error, avg_test_error = r.avg_test_error,
    test_loss = r.test_loss, last_epoch_loss = r.train_loss, cost = cost,
  }
end

-- --- report -----------------------------------------------------------------------------------------

local BY = { "problem", "optimizer", "schedule" }

local function tuning_of(p)
  return {
    by = BY, rate = "peak", score = "val_error", seeds = p.tuning_seeds, fresh = p.seeds,
    also = p.twice and function(config)
      local other = {}
      for key, value in pairs(config) do other[key] = value end
      other.horizon = 2
      return { other }
    end or nil,
  }
end

-- Schedules whose paired difference to the first is not significant (Holm) share its rank.
local function ranks(groups)
  local rank = { 1 }
  if #groups < 2 then return rank end
  local p_of = {}
  for _, d in ipairs(groups:paired("test_error", { baseline = groups[1].keys, on = "seed" }).differences) do
    p_of[d.group] = d.p_holm
  end
  for i = 2, #groups do rank[i] = (p_of[groups[i]] or 1) < 0.05 and i or 1 end
  return rank
end

-- The mean over seeds of one result minus another.
local function mean_difference(rows, a, b)
  local sum, n = 0, 0
  for _, row in ipairs(rows:done()) do
    local x, y = row.results[a], row.results[b]
    if x and y then sum, n = sum + x - y, n + 1 end
  end
  return n > 0 and string.format("%+.4f", sum / n) or "-"
end

-- The mean validation error over the course of the training: {fraction of T, error} in order.
local function course(rows)
  local curve, out = rows:curve("val_error"), {}
  for i, point in ipairs(curve) do out[i] = { point.step / curve[#curve].step, point.mean } end
  return out
end

-- The part of T after which the mean error is down to a target, by straight lines between evaluations; nil: never.
local function time_to(curve, target)
  for i, point in ipairs(curve) do
    if point[2] <= target then
      local before = curve[i - 1]
      if not before then return point[1] end
      return before[1] + (point[1] - before[1]) * (before[2] - target) / (before[2] - point[2])
    end
  end
end

-- One problem and optimizer: its arms by schedule, the groups of fresh runs in order of their score, their courses.
local function block_of(arms, results, problem, optimizer)
  local b = { arm = {}, course = {}, double = {}, least = math.huge }
  local fresh = results:where(function(row)
    return tuning.is_fresh(row.config.seed) and row.config.problem == problem and row.config.optimizer == optimizer
  end)
  b.groups = fresh:where(function(row) return not row.config.horizon end):group("schedule"):sort("test_error")
  for _, group in ipairs(b.groups) do
    local name = group.keys.schedule
    b.course[name] = course(group.rows)
    b.double[name] = fresh:where { schedule = name, horizon = 2 }
    for _, point in ipairs(b.course[name]) do b.least = math.min(b.least, point[2]) end
  end
  for _, arm in ipairs(arms) do
    if arm.keys.problem == problem and arm.keys.optimizer == optimizer then b.arm[arm.keys.schedule] = arm end
  end
  return b
end

local function lost_text(arm, group)
  local lost = #group.rows - #group.rows:done()
  for _, each in ipairs(arm.tried) do lost = lost + each.lost end
  return lost > 0 and tostring(lost) or "-"
end

local function rank_table(b, p)
  local head = { "rank", "schedule", "test error", "peak", "good range", "last-best", "avg-last", "to target", "cost" }
  if p.twice then head[#head + 1] = "2T-T" end
  head[#head + 1] = "lost"
  local out, rank = report.table(head), ranks(b.groups)
  for i, group in ipairs(b.groups) do
    local name = group.keys.schedule
    local arm = b.arm[name]
    local reached = time_to(b.course[name], 1.1 * b.least)
    local row = {
      rank[i] == 1 and i > 1 and "1 =" or tostring(rank[i]), name, group:text("test_error"),
      arm.rate and report.label(arm.rate) or "-",
      arm.fixed and "-" or string.format("%.1f decades", tuning.good_range(arm)),
      mean_difference(group.rows, "test_error", "best_test_error"),
      mean_difference(group.rows, "avg_test_error", "test_error"),
      reached and string.format("%.0f %%", 100 * reached) or "never", string.format("%.2f", group:mean("cost") or 1),
    }
    if p.twice then
      local twice = assay.stats.mean(b.double[name]:values("twice_test_error"))
      row[#row + 1] = twice == twice and string.format("%+.4f", twice - group:mean("test_error")) or "-"
    end
    row[#row + 1] = lost_text(arm, group)
    out:row(row)
  end
  return out
end

-- Means beyond three times the best are left out: they would press what matters into the lowest rows.
local function drawn(b, of, least)
  local series, hidden = {}, 0
  for _, group in ipairs(b.groups) do
    local line = { label = group.keys.schedule, x = {}, y = {} }
    for _, point in ipairs(of(group.keys.schedule)) do
      if point[2] <= 3 * least then
        line.x[#line.x + 1], line.y[#line.y + 1] = point[1], point[2]
      else
        hidden = hidden + 1
      end
    end
    if #line.x > 0 then series[#series + 1] = line end
  end
  return series, hidden
end

local function print_plot(b, title, x_label, of, log_x)
  local least = math.huge
  for _, group in ipairs(b.groups) do
    for _, point in ipairs(of(group.keys.schedule)) do least = math.min(least, point[2]) end
  end
  local series, hidden = drawn(b, of, least)
  if #series == 0 then return end
  print(plot.line { title = title, x_label = x_label, log_x = log_x, log_y = true, series = series, height = 20 })
  if hidden > 0 then print(hidden .. " points above three times the least error are not drawn.") end
  print()
end

local function sensitivity(b)
  print_plot(b, "validation error against the peak rate, mean over the tuning seeds", "peak rate", function(name)
    local out = {}
    for _, each in ipairs(b.arm[name].tried) do
      if each.mean then out[#out + 1] = { each.rate, each.mean } end
    end
    return out
  end, true)
end

local function anytime(b)
  print_plot(b, "validation error over the training, at the tuned rate, mean over fresh seeds", "part of T",
    function(name) return b.course[name] end, false)
end

local function print_block(b, problem, optimizer, p)
  print(string.format("%s, %s: %d training images, batch %d, T = %d updates", problem, optimizer,
    train_size(problem, p), p.batch, updates(problem, p)))
  print()
  rank_table(b, p):print()
  print()
  local baseline = { schedule = p.baseline }
  for _, group in ipairs(b.groups) do
    if group.keys.schedule == p.baseline then
      print("Paired differences in test error, each schedule at its own best rate")
      b.groups:paired("test_error", { baseline = baseline, on = "seed" }):print()
      print()
    end
  end
  sensitivity(b)
  anytime(b)
end

-- The mean place of each schedule over problems and optimizers, and its error relative to the best there.
local function print_overall(blocks)
  local sum, worst, n = {}, {}, {}
  for _, b in ipairs(blocks) do
    local best = b.groups[1] and b.groups[1]:mean("test_error")
    for i, group in ipairs(b.groups) do
      local name, mean = group.keys.schedule, group:mean("test_error")
      if mean then
        sum[name], n[name] = (sum[name] or 0) + i, (n[name] or 0) + 1
        worst[name] = math.max(worst[name] or 0, mean / best - 1)
      end
    end
  end
  local names = {}
  for name in pairs(sum) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local x, y = sum[a] / n[a], sum[b] / n[b]
    if x ~= y then return x < y end
    return a < b
  end)
  print(string.format("Over all %d problems and optimizers", #blocks))
  local out = report.table { "schedule", "mean place", "at worst above the best", "of" }
  for _, name in ipairs(names) do
    local place, above = string.format("%.1f", sum[name] / n[name]), string.format("%.0f %%", 100 * worst[name])
    out:row { name, place, above, tostring(n[name]) }
  end
  out:print()
  print()
end

local function notes(results, arms, p)
  print(pretty.plain("Test error: share of wrong answers; mean ± half width of the 95 % t interval over fresh seeds."))
  print("Rank: by mean; '1 =' is not distinguishable from the first (paired t over seeds, Holm, 5 %). Peak: chosen on")
  print("validation error over the tuning seeds. Good range: rates within 10 % of the schedule's best. Last-best: the")
  print("last iterate against the best evaluation. Avg-last: the mean of the second half of the iterates against the")
  print("last. To target: the part of T until the mean validation error is within 10 % of the least that any schedule")
  print("reaches. Cost: gradient evaluations per update.")
  if p.twice then print("2T-T: what twice the updates at the same rate change in the test error.") end
  local edge, none = {}, {}
  for _, arm in ipairs(arms) do
    local name = table.concat({ arm.keys.problem, arm.keys.optimizer, arm.keys.schedule }, " ")
    if arm.beyond then edge[#edge + 1] = name end
    if not arm.rate and not arm.fixed then none[#none + 1] = name end
  end
  if #edge > 0 then print("The best rate stands at the edge of a full grid: " .. table.concat(edge, "; ") .. ".") end
  if #none > 0 then print("No rate without a divergence: " .. table.concat(none, "; ") .. ".") end
  local counts = results:counts()
  if counts.failed then print(counts.failed .. " runs failed or diverged; `assay ls --status failed` lists them.") end
  if p.seeds < 5 then print("Fewer than five seeds: the intervals are wide and the tests weak.") end
end

local function show(results, p)
  local _, optimizers, problems = chosen(p)
  local arms, blocks = tuning.arms(results, tuning_of(p)), {}
  for _, problem in ipairs(problems) do
    for _, optimizer in ipairs(optimizers) do
      local b = block_of(arms, results, problem, optimizer)
      blocks[#blocks + 1] = b
      print_block(b, problem, optimizer, p)
    end
  end
  if #blocks > 1 then print_overall(blocks) end
  notes(results, arms, p)
end

-- Has the schedule or rule a rate to tune?
local function has_rate(name) return SCHEDULES[name] ~= nil or RULES[name].tuned ~= nil end

local function grid(p)
  local schedules, optimizers, problems = chosen(p)
  local out = {}
  for _, problem in ipairs(problems) do
    lookup("problem", problem, PROBLEMS)
    for _, optimizer in ipairs(optimizers) do
      local rates = tuning.rates(lookup("optimizer", optimizer, OPTIMIZERS).centre, p.peaks)
      for _, schedule in ipairs(schedules) do
        lookup("schedule or rule", schedule, SCHEDULES, RULES)
        if SCHEDULES[schedule] then schedule_of(schedule, rates[1], updates(problem, p), p) end -- complain now
        for _, peak in ipairs(has_rate(schedule) and rates or { false }) do
          for _, seed in ipairs(tuning.seeds(p.tuning_seeds)) do
            out[#out + 1] =
              { problem = problem, optimizer = optimizer, schedule = schedule, peak = peak or nil, seed = seed }
          end
        end
      end
    end
  end
  return out
end

return assay.experiment {
  name = "schedules",
  summary = "Which schedule or step-size rule wins once each is tuned?",
  params = {
    study = "preset", -- or full; the lists of names below override its own
    schedules = "",
    optimizers = "",
    problems = "",
    baseline = "linear-decay",
    train = 8000, -- training images
    valid = 3000,
    test = 10000,
    epochs = 3,
    batch = 64,
    hidden = "256,256",
    warmup = 0, -- fraction of the updates
    tuning_seeds = 2,
    seeds = 5, -- fresh ones
    peaks = 7, -- rates tried by each at first
    twice = true, -- also train for 2T at the rate tuned for T
  },
  grid_params = {
    "study", "schedules", "optimizers", "problems", "baseline", "tuning_seeds", "seeds", "peaks", "twice",
  },
  setup = function(p)
    local out = {} -- of all problems: which are asked for is no part of a run's identity, so setup cannot know it
    for name, problem in pairs(PROBLEMS) do
      out[name] = assay.data(problem.data, { train = train_size(name, p), valid = p.valid, test = p.test }):load()
    end
    return out
  end,
  grid = grid,
  more = function(results, p) return tuning.more(results, tuning_of(p)) end,
  run = run_one,
  report = show,
}
