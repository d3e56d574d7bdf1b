--- Which learning-rate schedule wins on Fashion-MNIST once each is tuned?
--
-- The protocol is the fair one: the same model, data order and number of updates for all; the peak rate of
-- each schedule is tuned on the same grid, with the same budget, on validation data; the score is the error
-- on test data at that peak; runs are paired by seed (the same initial weights and mini-batches), so that
-- differences have intervals of their own. Divergence is a result.
--
--     assay run compare/schedules.lua                     the preset, under a minute on two cores
--     assay run compare/schedules.lua --set train=50000 --set epochs=10 --set seeds=10      the full size
local assay = require "assay"
local report = require "assay.report"
local plot = require "assay.plot"
local pretty = require "assay.pretty"

-- What each name means; everything else is the schedule's own default. The knee of inverse-sqrt stands where its
-- warm-up ends; its published 4,000 updates and more would outlast a short training.
local SETTINGS = {
  ["constant"] = {},
  ["step"] = {},
  ["linear-decay"] = {},
  ["polynomial"] = { power = 2 },
  ["cosine"] = {},
  ["exponential"] = {},
  ["inverse-sqrt"] = { warmup_fraction = 0.1 },
  ["wsd"] = {},
  ["one-cycle"] = {},
  ["sgdr"] = {},
}

local function updates(p) return math.max(1, p.epochs * p.train // p.batch) end

local function schedule_of(name, peak, p)
  local settings = SETTINGS[name]
  if not settings then
    local names = {}
    for known in pairs(SETTINGS) do names[#names + 1] = known end
    table.sort(names)
    error(string.format('no schedule "%s" in this comparison; it knows %s', name, table.concat(names, ", ")), 0)
  end
  local parameters = { peak = peak, steps = updates(p) }
  local fraction = math.max(p.warmup, settings.warmup_fraction or 0)
  for key, value in pairs(settings) do parameters[key] = value end
  parameters.warmup_fraction = nil
  if name ~= "one-cycle" then parameters.warmup = math.floor(fraction * updates(p)) end -- it brings its own
  return assay.schedule(name, parameters)
end

-- --- report -----------------------------------------------------------------------------------------

-- Decades of peak rates whose mean error stays within 10 % of the best, by straight lines between grid points.
local function good_range(groups, metric)
  local points, best = {}, math.huge
  for _, group in ipairs(groups) do
    local mean, _, _, missing = group:summary(metric)
    if mean and missing == 0 then
      points[#points + 1] = { x = math.log(group.keys.peak, 10), y = mean }
      best = math.min(best, mean)
    end
  end
  local limit, width = 1.1 * best, 0
  for i = 2, #points do
    local a, b = points[i - 1], points[i]
    if a.y <= limit and b.y <= limit then
      width = width + b.x - a.x
    elseif a.y <= limit or b.y <= limit then
      width = width + (b.x - a.x) * (limit - math.min(a.y, b.y)) / math.abs(b.y - a.y)
    end
  end
  return width
end

local function of_schedule(groups, name)
  return groups:where(function(group) return group.keys.schedule == name end)
end

-- The mean over seeds of one result minus another.
local function mean_difference(group, a, b)
  local sum, n = 0, 0
  for _, row in ipairs(group.rows) do
    local x, y = row.results[a], row.results[b]
    if row.status == "done" and x and y then sum, n = sum + x - y, n + 1 end
  end
  return n > 0 and string.format("%+.4f", sum / n) or "-"
end

-- Schedules whose paired difference to the first is not significant (Holm) share its rank.
local function ranks(best)
  local rank = { 1 }
  if #best < 2 then return rank end
  local p_of = {}
  for _, d in ipairs(best:paired("test_error", { baseline = best[1].keys, on = "seed" }).differences) do
    p_of[d.group] = d.p_holm
  end
  for i = 2, #best do rank[i] = (p_of[best[i]] or 1) < 0.05 and i or 1 end
  return rank
end

local function rank_table(groups, best)
  local out = report.table {
    "rank", "schedule", "test error", "peak", "good range", "last - best", "average - last", "diverged",
  }
  local rank = ranks(best)
  for i, group in ipairs(best) do
    local own = of_schedule(groups, group.keys.schedule)
    local lost = 0
    for _, each in ipairs(own) do lost = lost + #each.rows - #each.rows:done() end
    out:row {
      rank[i] == 1 and i > 1 and "1 =" or tostring(rank[i]), group.keys.schedule, group:text("test_error"),
      report.label(group.keys.peak), string.format("%.1f decades", good_range(own, "val_error")),
      mean_difference(group, "test_error", "best_test_error"), mean_difference(group, "avg_test_error", "test_error"),
      lost > 0 and tostring(lost) or "-",
    }
  end
  return out
end

-- One line per schedule over the peaks. Means beyond three times the best are left out: they would press what
-- matters into the lowest rows.
local function sensitivity(groups, best)
  local series, least, hidden = {}, math.huge, 0
  for _, group in ipairs(groups) do least = math.min(least, group:mean("val_error") or math.huge) end
  for _, chosen in ipairs(best) do
    local line = { label = chosen.keys.schedule, x = {}, y = {} }
    for _, group in ipairs(of_schedule(groups, chosen.keys.schedule)) do
      local mean = group:mean("val_error")
      if mean and mean <= 3 * least then
        line.x[#line.x + 1], line.y[#line.y + 1] = group.keys.peak, mean
      else
        hidden = hidden + 1
      end
    end
    if #line.x > 0 then series[#series + 1] = line end
  end
  return plot.line {
    title = "validation error against the peak rate, mean over seeds", x_label = "peak rate",
    log_x = true, log_y = true, series = series, height = 20,
  }, hidden
end

-- The tuned peak of a schedule must not stand at an end of the grid: then the grid, not the schedule, decided.
local function at_edge(best, peaks)
  local names = {}
  for _, group in ipairs(best) do
    if group.keys.peak == peaks[1] or group.keys.peak == peaks[#peaks] then names[#names + 1] = group.keys.schedule end
  end
  return names
end

local function notes(results, best, p)
  local peaks = assay.logspace(p.peak_min, p.peak_max, p.peaks)
  local edge = at_edge(best, peaks)
  print(pretty.plain(string.format("Test error: share of wrong answers on %d test images; mean ± half width of the"
    .. " 95 %% t interval over seeds.", p.test)))
  print("Rank: by mean; '1 =' is not distinguishable from the first (paired t over seeds, Holm, 5 %). Peak: chosen on")
  print("validation error. Good range: peaks within 10 % of the schedule's best validation error. Last - best: the")
  print("last iterate's test error minus that at the best evaluation. Average - last: the mean of the second half")
  print("of the iterates against the last.")
  if #edge > 0 then
    print("Warning: the best peak stands at the edge of the grid for " .. table.concat(edge, ", ") .. ";")
    print("widen it (--set peak_min=… --set peak_max=…).")
  end
  local counts = results:counts()
  if counts.failed then print(counts.failed .. " runs failed or diverged; `assay ls --status failed` lists them.") end
  if p.seeds < 5 then print("Fewer than five seeds: the intervals are wide and the tests weak.") end
end

return assay.experiment {
  name = "schedules-fashion-mlp",
  summary = "Which schedule wins on Fashion-MNIST once each is tuned?",
  params = {
    train = 8000, -- training images
    valid = 3000,
    test = 10000,
    epochs = 3,
    batch = 64,
    hidden = "256,256",
    momentum = 0.9,
    warmup = 0, -- fraction of the updates
    seeds = 5,
    schedules = "constant,step,linear-decay,cosine,inverse-sqrt,wsd,one-cycle,sgdr",
    baseline = "linear-decay",
    peak_min = 0.003,
    peak_max = 0.3,
    peaks = 7,
  },
  grid_params = { "seeds", "schedules", "baseline", "peak_min", "peak_max", "peaks" },
  setup = function(p)
    return assay.data("fashion-mnist", { train = p.train, valid = p.valid, test = p.test }):load()
  end,
  grid = function(p)
    local names = {}
    for name in p.schedules:gmatch("[^,%s]+") do
      schedule_of(name, p.peak_max, p) -- complain now, not in a worker
      names[#names + 1] = name
    end
    return { schedule = names, peak = assay.logspace(p.peak_min, p.peak_max, p.peaks), seed = assay.range(p.seeds) }
  end,
  run = function(run, c, p, data)
    return assay.train {
      run = run, data = data, seed = c.seed,
      model = assay.model("mlp", { hidden = p.hidden }),
      optimizer = assay.optimizer("heavy-ball", { momentum = p.momentum }),
      schedule = schedule_of(c.schedule, c.peak, p),
      average = assay.average("polyak-average", { t0 = 0.5 }),
      batch = p.batch, steps = updates(p),
      eval_every = math.max(1, updates(p) // p.epochs), log_every = math.max(1, updates(p) // 100),
    }
  end,
  report = function(results, p)
    local groups = results:group("schedule", "peak")
    local best = groups:best("val_error", { within = "schedule" }):sort("test_error")
    print(string.format("Fashion-MNIST, %d training images, MLP %s, heavy ball %g, batch %d, %d epochs = %d updates,"
      .. " %d seeds", p.train, p.hidden, p.momentum, p.batch, p.epochs, updates(p), p.seeds))
    print()
    rank_table(groups, best):print()
    print()
    notes(results, best, p)
    print()
    print("Paired differences in test error, each schedule at its own best peak")
    best:paired("test_error", { baseline = { schedule = p.baseline }, on = "seed" }):print()
    print()
    local drawing, hidden = sensitivity(groups, best)
    print(drawing)
    if hidden > 0 then print(hidden .. " points above three times the least error are not drawn.") end
  end,
}
