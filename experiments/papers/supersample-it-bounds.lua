--- Claim: the information that loss differences, or single losses, hold about which half of a supersample trained
-- bounds the expected gap, more tightly than earlier supersample bounds; without training errors it gives the test
-- error.
-- Wang, Mao 2023, Tighter Information-Theoretic Generalization Bounds from Supersamples.
--
-- Four problems: four Gaussian classes; two with a quarter of the labels redrawn; two with many inputs, so that every
-- model fits its half; and an MLP on two classes of handwritten digits. A seed is a set of supersamples of its own, on
-- data of its own (the digits are a finite pool, so its seeds share examples). All bounds of a seed look at the same
-- models, so differences are taken seed by seed.
--
-- Estimates decide what can be compared. By row and given the supersample (fcmi, ecmi, ld-cmi) some 24 masks leave a
-- null level far above that of counts pooled over rows (all others). Bounds are therefore set against those of their
-- own kind: by row ld-cmi against ecmi and fcmi, pooled the new ones against hd-linear, binary-kl. With two classes
-- predictions say what losses say, and fcmi is ecmi.
local assay = require "assay"
local claims = require "assay.claims"

local BY_ROW_EARLIER = { "fcmi", "ecmi" }
local POOLED_EARLIER = { "hd_linear", "binary_kl" }
local POOLED_NEW = { "ld_mi", "single_mi", "fast_weighted", "fast_relaxed", "fast_variance", "fast_sharpness" }
local INTERPOLATING = { "interp_ld", "interp_single" }
local EVERY = { "ld_cmi" }
for _, list in ipairs { BY_ROW_EARLIER, POOLED_EARLIER, POOLED_NEW, INTERPOLATING } do
  table.move(list, 1, #list, #EVERY + 1, EVERY)
end

-- --- runs -----------------------------------------------------------------------------------------------

-- Two classes of the digits, told apart with some effort.
local function digits()
  local part = assay.data("digits", { train = 1797, valid = 0, test = 0 }):train()
  local rows, labels = {}, {}
  for i, y in ipairs(part.y:t():list()) do
    if y == 4 or y == 9 then rows[#rows + 1], labels[#labels + 1] = i, y == 9 and 1 or 0 end
  end
  return assay.data { x = part.x:take(rows), y = labels, classes = 2 }
end

local function problem(c, p)
  local train = 2 * p.supersamples * c.n
  local function gaussian(settings)
    settings.train, settings.valid, settings.test, settings.seed = train, 0, 0, 100 + c.seed
    return { data = assay.data("gaussian-mixture", settings), model = "softmax", lr = 0.2 }
  end
  if c.problem == "gaussian" then return gaussian { d = 10, separation = 3, classes = 4 } end
  if c.problem == "noisy" then return gaussian { d = 10, separation = 2.5, label_noise = 0.25 } end
  if c.problem == "wide" then return gaussian { d = 250, separation = 5 } end
  return { data = digits(), model = assay.model("mlp", { hidden = { 16 } }), lr = 0.1 }
end

local function measure(c, p)
  local t = problem(c, p)
  t.n, t.supersamples, t.masks, t.seed = c.n, p.supersamples, p.masks, c.seed
  t.steps, t.batch, t.shuffles, t.resamples = p.steps, 10, p.shuffles, 0
  local s = assay.supersample(t)
  local out = { gap = s.gap.mean, train = s.train, test = s.test, interpolates = s.train == 0 and 1 or 0 }
  for _, b in ipairs(s.list) do
    local name = b.id:gsub("-", "_")
    if b.value < math.huge then out[name], out[name .. "_null"] = b.on_gap, b.null end
  end
  return out
end

-- --- verdict --------------------------------------------------------------------------------------------

local function least(row, names)
  local value = math.huge
  for _, name in ipairs(names) do value = math.min(value, row[name] or math.huge) end
  return value
end

-- For each setting (problem and n) the mean over its seeds of a number of a row, as a finding; none where a seed has
-- no such number.
local function settings_of(results, number)
  local list = {}
  for _, group in ipairs(results:group("problem", "n")) do
    local values = {}
    for _, row in ipairs(group.rows) do values[#values + 1] = number(row) end
    if #values == #group.rows and #values > 1 then
      local f = claims.mean(values)
      f.where = string.format("%s, n = %d", group.rows[1].problem, group.rows[1].n)
      list[#list + 1] = f
    end
  end
  return list
end

local function finding(list, pick, statement, unit, region)
  local worst
  for _, f in ipairs(list) do
    if not worst or pick(f, worst) then worst = f end
  end
  if not worst then return { statement = statement, verdict = "inconclusive", why = "no setting allows to say" } end
  local out = { statement = statement, unit = unit, effect = worst.effect, low = worst.low, high = worst.high,
    n = worst.n }
  for key, value in pairs(region) do out[key] = value end
  out.why = (out.why and out.why .. "; " or "") .. string.format("worst of %d: %s", #list, worst.where)
  return out
end

local function lower(a, b) return a.low < b.low end
local function higher(a, b) return a.high > b.high end

-- Every bound less the gap, as a share of the setting's mean gap.
local function slack(results)
  local list, gap = {}, {}
  for _, group in ipairs(results:group("problem", "n")) do
    local sum = 0
    for _, row in ipairs(group.rows) do sum = sum + row.gap / #group.rows end
    for _, row in ipairs(group.rows) do gap[row] = sum end
  end
  for _, name in ipairs(EVERY) do
    local function share(row) return row[name] and (row[name] - row.gap) / gap[row] end
    for _, f in ipairs(settings_of(results, share)) do
      f.where = name:gsub("_", "-") .. ", " .. f.where
      list[#list + 1] = f
    end
  end
  return list
end

local function log_ratio(results, new, earlier, where)
  return settings_of(results, function(row)
    if where and not where(row) then return nil end
    local a, b = least(row, new), least(row, earlier)
    return a > 0 and b < math.huge and math.log(a / b) or nil
  end)
end

-- The largest excess of one bound over another among all runs: what holds by algebra holds in every run.
local function excess(results, name, other, statement, why)
  local most, n = -math.huge, 0
  for _, row in ipairs(results) do most, n = math.max(most, row[name] - row[other]), n + 1 end
  return { kind = "exact", statement = statement, unit = name:gsub("_", "-") .. " - " .. other .. ", most of all runs",
    effect = most, n = n, at_most = 1e-9, why = why .. "; 1e-9 for rounding" }
end

local function interpolates(row) return row.interpolates == 1 end

-- By seed and problem the slope of log bound against log n.
local function slopes(results, name)
  return claims.mean((function()
    local list = {}
    for _, group in ipairs(results:group("problem", "seed")) do
      local first, last
      for _, row in ipairs(group.rows) do
        if not first or row.n < first.n then first = row end
        if not last or row.n > last.n then last = row end
      end
      if first[name] and first[name] > 0 and last[name] > 0 and last.n > first.n then
        list[#list + 1] = math.log(last[name] / first[name]) / math.log(last.n / first.n)
      end
    end
    return list
  end)())
end

local function verdict(results)
  local falls = slopes(results, "ld_mi")
  falls.kind, falls.statement, falls.unit = "order", "The bound falls as n grows.", "slope of log ld-mi against log n"
  falls.less_than = 0
  local parts = {
    finding(slack(results), lower, "Every bound is at least the expected gap.", "bound/gap - 1, least of all",
      { kind = "exact", at_least = -0.02,
        why = "0.02 for chance in counts: without training errors some bounds are equalities" }),
    excess(results, "ld_cmi", "ecmi", "By row, loss differences are at least as tight as e-CMI.",
      "merging cells loses information"),
    excess(results, "ecmi", "fcmi", "By row, e-CMI is at least as tight as f-CMI.",
      "losses are functions of predictions"),
    finding(log_ratio(results, POOLED_NEW, POOLED_EARLIER), higher,
      "Pooled, the best new bound is tighter than the best earlier one.",
      "log of the ratio of the least new to the least of hd-linear and binary-kl", { kind = "order", less_than = 0 }),
    finding(log_ratio(results, { "fast_weighted" }, { "ld_mi", "single_mi", "ld_cmi" }, interpolates), higher,
      "Without training errors the fast rate is tighter than the square roots.",
      "log of the ratio fast-weighted to the least of ld-mi, single-mi, ld-cmi", { kind = "order", less_than = 0 }),
    finding(settings_of(results, function(row)
      return interpolates(row) and row.test > 0 and math.abs(row.interp_ld / row.test - 1) or nil
    end), higher, "Without training errors the loss-difference information is the test error.",
      "|interp-ld / test error - 1|",
      { kind = "exact", at_most = 0.05, why = "an equality in population: 0.05 for counts of chance" }),
    falls,
  }
  return parts
end

local function show(results, p)
  print(string.format("%d seeds of %d supersamples with %d masks; means and 95 %% intervals over seeds. All bounds are "
    .. "shown on the gap.", p.seeds, p.supersamples, p.masks))
  print()
  local first = { "train", "test", "gap", "fcmi", "ecmi", "ld_cmi", "ld_cmi_null" }
  results:group("problem", "n"):table(first):print()
  print()
  print("By row, given the supersample; the null level is that of shuffled masks. Pooled over rows:")
  print()
  results:group("problem", "n"):table({ "gap", "hd_linear", "binary_kl", "ld_mi", "single_mi", "ld_mi_null" }):print()
  print()
  results:group("problem", "n"):table({ "gap", "fast_weighted", "fast_relaxed", "fast_variance", "interp_ld",
    "interp_single" }):print()
  print()
  print("interp: only where no model of a seed had a training error. fast-variance and fast-sharpness are at their")
  print("limit, which is fast-weighted.")
end

return assay.experiment {
  name = "supersample-it-bounds",
  summary = "Do loss differences give tighter supersample bounds, and the test error where models interpolate?",
  params = { seeds = 16, n = { 25, 50, 100 }, supersamples = 4, masks = 24, steps = 300, shuffles = 50 },
  grid_params = { "seeds", "n" },
  claim = {
    title = "Tighter Information-Theoretic Generalization Bounds from Supersamples", authors = "Z. Wang, Y. Mao",
    year = 2023, published = "ICML 2023, arXiv:2302.02432", kind = "order",
    statement = "Supersample bounds from loss differences and single losses hold and are tighter than all earlier "
      .. "ones; with training error 0 they are of fast rate, and the test error itself.",
  },
  grid = function(p)
    return { problem = { "gaussian", "noisy", "wide", "digits" }, n = p.n, seed = assay.range(p.seeds) }
  end,
  run = function(_, c, p) return measure(c, p) end,
  report = show,
  verdict = verdict,
}
