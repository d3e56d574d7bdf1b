--- What do generalization bounds and measures say about nets whose gap is known?
--
-- MLPs of several widths and depths (relu, no biases) are trained on Fashion-MNIST with several numbers of images and
-- shares of wrong labels, all to the same training loss: a net that has not reached it is not compared. Each is trained
-- once, and all bounds and measures look at that net. The gap is measured: error on images that no training, choice or
-- bound has seen, less the error on the training images. A bound is violated when it lies below the lower 99 % limit of
-- the held-out error of the predictor that it speaks of.
--
--     assay run compare/bounds.lua                        the preset, about a minute on two cores
--     assay run compare/bounds.lua --set width=64,128,256 --set depth=1,2,3 --set train=500,1000,2000,4000 \
--       --set noise=0,0.1,0.2 --set seeds=5 --set ess=12  the full size, some 20 minutes on two cores
local assay = require "assay"
local report = require "assay.report"
local plot = require "assay.plot"
local stats, maths = assay.stats, assay.math

local AXES = { "width", "depth", "train", "noise" }

local function numbers(text)
  local out = {}
  for word in tostring(text):gmatch("[^,%s]+") do
    out[#out + 1] = tonumber(word) or error("not a number: " .. word, 0)
  end
  return out
end

-- --- what is asked of a net ---------------------------------------------------------------------------

-- A subject: trained weights, how often they err on the training images, and on the held-out ones.
local function subject_of(training, n_heldout)
  return {
    weights = training, risk = assay.probe("margins"):measure(training).error, truth = training.val_error,
    n_heldout = n_heldout,
  }
end

-- Bounds of the net itself.
local function plain(id, parameters)
  return function(net)
    local bound = assay.bound(id, parameters)
    local v = bound:evaluate { subject = { weights = net.weights } }
    return v, { risk = net.risk, truth = net.truth }, v.log10
  end
end

-- Bounds of the net with noise: its own errors, on the same two parts.
local function noisy(id, p, extra)
  return function(net)
    local settings = { draws = p.draws, examples = p.draws, sd = numbers(p.sd) }
    for key, value in pairs(extra or {}) do settings[key] = value end
    local subject = { weights = net.weights, start = net.start }
    local v = assay.bound(id, { posterior = assay.probe("posterior", settings) }):evaluate { subject = subject }
    settings.sd, settings.skip = v.terms.sd, nil
    local held = assay.probe("posterior", settings):measure { weights = net.weights, start = net.start, part = "valid" }
    return v, { risk = v.terms.sampled, truth = held.error }, math.log(v.terms.budget / v.terms.n, 10)
  end
end

-- The net with few values for its weights.
local function coded(p)
  return function(net)
    local code = assay.probe("code", { index_bits = p.bits })
    local v = assay.bound("occam-bits", { code = code }):evaluate { subject = { weights = net.weights } }
    local held = code:measure { weights = net.weights, part = "valid" }
    return v, { risk = v.terms.risk, truth = held.error }, math.log(v.terms.bits / v.terms.n, 10)
  end
end

-- A name, and a function of a net: the bound's value, risk and held-out error of the predictor that it speaks of, and
-- the number by which it ranks nets: the logarithm of its value, or of its complexity where the value is cut at 1.
local function bounds(p)
  return {
    { "test-binomial", plain "test-binomial" },
    { "rad-golowich", plain "rad-golowich" },
    { "occam-bits", coded(p) },
    { "pb-kl", noisy("pb-kl", p) },
  }
end

local function prior_bound(p, prior_images)
  return { "pb-kl-prior", noisy("pb-kl", p, { skip = prior_images, prior = "start" }) }
end

local MEASURES = {
  { "param-count" }, { "param-norm" }, { "fro-dist" }, { "inverse-margin" }, { "fro-product" }, { "path-norm-2" },
  { "sum-stable-rank" }, { "spectral-margin" }, { "spectral-fro" }, { "fisher-rao" }, { "sharpness" },
  { "sharpness-adaptive", "sharpness", { adaptive = true } },
}

-- --- a run --------------------------------------------------------------------------------------------

local function data_of(c, p)
  return assay.data("fashion-mnist", { train = c.train, valid = p.heldout, test = p.test, label_noise = c.noise })
end

local function train(c, p, more)
  local hidden = {}
  for i = 1, c.depth do hidden[i] = c.width end
  local request = {
    data = data_of(c, p), model = assay.model("mlp", { hidden = hidden, bias = false }), seed = c.seed,
    optimizer = assay.optimizer("heavy-ball", { momentum = p.momentum }), lr = p.lr, batch = p.batch, epochs = p.epochs,
    until_loss = p.until_loss, keep_weights = true,
  }
  for key, value in pairs(more or {}) do request[key] = value end
  return assay.train(request)
end

-- One bound of a net into the results of the run.
local function note_bound(out, name, net, evaluate)
  local v, of, score = evaluate(net)
  local errors = math.floor(of.truth * net.n_heldout + 0.5)
  out[name] = v.value
  out[name .. ".log10"] = v.log10
  out[name .. ".kind"] = v.statement
  out[name .. ".claim"] = v.claim
  out[name .. ".vacuous"] = v.vacuous
  out[name .. ".truth"] = of.truth
  out[name .. ".violated"] = v.value < maths.bin_inv_lower(errors, net.n_heldout, 0.01)
  out[name .. ".score"] = score
  out[name .. ".tightness"] = of.truth > of.risk and (v.value - of.risk) / (of.truth - of.risk) or nil
end

-- A measure may have no value for a net (no positive margin percentile): then it is left out.
local function note_measure(out, name, id, parameters, net)
  local fine, v = pcall(function()
    return assay.bound(id, parameters):evaluate { subject = { weights = net.weights } }
  end)
  if fine then
    out[name] = v.value
    out[name .. ".kind"] = v.statement
    out[name .. ".score"] = v.log10
  end
end

-- The net once more, from a start that was itself trained on the first half of the images: the centre of a prior.
local function with_prior(c, p)
  local rows = assay.range(c.train // 2)
  local start = train(c, p, { rows = rows, label = "prior" })
  local net = train(c, p, { init = start.weights, label = "from-prior" })
  return net, start.weights
end

local function run(r, c, p)
  local t = train(c, p, { run = r })
  local net = subject_of(t, p.heldout)
  local out = {
    reached = t.reached, steps = t.steps, train_loss = t.train_loss, train_error = net.risk, heldout_error = net.truth,
    gap = net.truth - net.risk,
  }
  for _, bound in ipairs(bounds(p)) do note_bound(out, bound[1], net, bound[2]) end
  for _, m in ipairs(MEASURES) do note_measure(out, m[1], m[2] or m[1], m[3], net) end
  if p.prior then
    local again, start = with_prior(c, p)
    local other = subject_of(again, p.heldout)
    other.start = start
    local bound = prior_bound(p, c.train // 2)
    note_bound(out, bound[1], other, bound[2])
  end
  return out
end

-- --- report -------------------------------------------------------------------------------------------

local function bound_names(p)
  local names = {}
  for _, bound in ipairs(bounds(p)) do names[#names + 1] = bound[1] end
  if p.prior then names[#names + 1] = "pb-kl-prior" end
  return names
end

local function count(rows, name)
  local n = 0
  for _, row in ipairs(rows) do n = n + (row.results[name] == 1 and 1 or 0) end
  return n
end

local function median(rows, name)
  local values = rows:values(name)
  return #values > 0 and stats.median(values) or nil
end

local function text_of(rows, name)
  for _, row in ipairs(rows) do
    if row.results[name] then return row.results[name] end
  end
  return "-"
end

local function short(x) return x and string.format(math.abs(x) < 1e4 and "%.3g" or "%.1e", x) or "-" end

-- How many bounds lie below the error of guessing one of ten classes.
local function below_guessing(rows, name)
  return #rows:where(function(row) return (row.results[name] or 1) < 0.9 end)
end

local function bound_table(rows, p)
  local out = report.table {
    "bound", "kind", "median bound", "log10", "vacuous", "below 0.9", "violated", "held-out", "bound gap / gap",
  }
  for _, name in ipairs(bound_names(p)) do
    local value, vacuous = median(rows, name), count(rows, name .. ".vacuous")
    out:row {
      name, text_of(rows, name .. ".kind"),
      value and string.format("%.4f%s", math.min(value, 1), value >= 1 and " vacuous" or "") or "-",
      string.format("%.2f", median(rows, name .. ".log10") or 0 / 0), string.format("%d of %d", vacuous, #rows),
      string.format("%d of %d", below_guessing(rows, name), #rows),
      string.format("%d of %d", count(rows, name .. ".violated"), #rows),
      string.format("%.3f", median(rows, name .. ".truth") or 0 / 0), short(median(rows, name .. ".tightness")),
    }
  end
  return out
end

-- What the program itself says of each bound: the weakest of its claims.
local function claims(rows, p)
  for _, name in ipairs(bound_names(p)) do
    local of = {}
    for _, row in ipairs(rows) do of[row.results[name .. ".claim"] or "no value"] = true end
    local list = {}
    for claim in pairs(of) do list[#list + 1] = claim end
    table.sort(list)
    print(string.format("%-14s %s", name, table.concat(list, "; ")))
  end
end

-- Rows in which the score is a finite number: its list, the gaps, and the settings by name.
local function columns(rows, name)
  local x, y, axes, seeds = {}, {}, {}, {}
  for _, axis in ipairs(AXES) do axes[axis] = {} end
  for _, row in ipairs(rows) do
    local score = row.results[name .. ".score"]
    if type(score) == "number" and score == score and math.abs(score) < math.huge then
      x[#x + 1], y[#y + 1], seeds[#seeds + 1] = score, row.results.gap, row.config.seed
      for _, axis in ipairs(AXES) do axes[axis][#x] = row.config[axis] end
    end
  end
  return x, y, axes, seeds
end

-- Mean and 95 % interval over seeds: each seed is a repetition of the whole grid.
local function over_seeds(rows, p, value)
  local each = {}
  for seed = 1, p.seeds do
    local fine, v = pcall(value, rows:where { seed = seed })
    if fine and v == v then each[#each + 1] = v end
  end
  if #each == 0 then return "-" end
  local low, high
  if #each > 1 then low, high = stats.ci(each) end
  local mean = stats.mean(each)
  if not low then return string.format("%+.2f", mean), mean end
  return string.format("%+.2f [%+.2f, %+.2f]", mean, math.max(-1, low), math.min(1, high)), mean
end

local function ranking(rows, p, name)
  local x, y, axes, seeds = columns(rows, name)
  local out = { name = name, kind = text_of(rows, name .. ".kind"), runs = #x, axis = {} }
  out.tau, out.mean = over_seeds(rows, p, function(some)
    local a, b = columns(some, name)
    return stats.kendall(a, b).tau
  end)
  out.psi = over_seeds(rows, p, function(some)
    local a, b, by = columns(some, name)
    return stats.granulated(a, b, by).psi
  end)
  local fine, whole = pcall(stats.granulated, x, y, axes, { seed = seeds })
  if fine then out.axis = whole.axis end
  local able, wrong = pcall(stats.sign_error, x, y, axes, { seed = seeds }, { n_test = p.heldout, ess = p.ess })
  if able then out.wrong = wrong end
  return out
end

local function ranking_table(list)
  local head = { "measure", "kind", "tau [95 %]", "Psi [95 %]" }
  for _, axis in ipairs(AXES) do head[#head + 1] = axis end
  for _, name in ipairs { "sign error", "90 %", "worst", "pairs" } do head[#head + 1] = name end
  local out = report.table(head)
  for _, r in ipairs(list) do
    local row = { r.name, r.kind, r.tau, r.psi }
    for _, axis in ipairs(AXES) do
      local v = r.axis[axis]
      row[#row + 1] = v and v == v and string.format("%+.2f", v) or "-"
    end
    local w = r.wrong or { kept = 0, environments = 0 }
    for _, key in ipairs { "mean", "p90", "max" } do row[#row + 1] = w[key] and string.format("%.2f", w[key]) or "-" end
    row[#row + 1] = string.format("%d of %d", w.kept, w.environments)
    out:row(row)
  end
  return out
end

-- Every setting, or where that fills a page the means over the others.
local function gap_tables(rows)
  local wanted, all = { "train_error", "heldout_error", "gap", "steps" }, rows:group("train", "noise", "depth", "width")
  if #all <= 20 then
    all:table(wanted):print()
    return
  end
  rows:group("train", "noise"):table(wanted):print()
  print()
  rows:group("depth", "width"):table(wanted):print()
end

local function scatter(rows, p)
  local series = {}
  for _, name in ipairs(bound_names(p)) do
    local line = { label = name, x = {}, y = {} }
    for _, row in ipairs(rows) do
      local log10 = row.results[name .. ".log10"]
      local value = log10 and 10 ^ math.min(log10, 300)
      if value and row.results.gap > 0 then
        local bounded = value - row.results.train_error
        if bounded > 0 then line.x[#line.x + 1], line.y[#line.y + 1] = row.results.gap, bounded end
      end
    end
    if #line.x > 0 then series[#series + 1] = line end
  end
  return plot.scatter {
    title = "bound on the gap (bound less training error) against the measured gap", x_label = "measured gap",
    log_y = true, series = series, height = 22,
  }
end

local function unconverged(results)
  local lost, all = results:done():where(function(row) return row.results.reached ~= 1 end), results:done()
  if #lost == 0 then
    print(string.format("All %d nets reached the training loss and are compared.", #all))
    return
  end
  print(string.format("%d of %d nets did not reach the training loss. They are left out of all below:", #lost, #all))
  lost:group("train", "noise", "depth", "width"):table { "train_loss", "train_error", "heldout_error" }:print()
end

-- Print a text, with parameters for $name, in lines of at most 118 columns.
local function paragraph(text, p)
  local line = ""
  for word in text:gsub("%$(%a+)", function(name) return tostring(p[name]) end):gmatch("%S+") do
    if #line + #word >= 118 then
      print(line)
      line = ""
    end
    line = line == "" and word or line .. " " .. word
  end
  print(line)
end

local function explain(p)
  paragraph([[Kind: HP holds with probability 1 - delta over the training sample for every net at once; HP-fixed over
    the test images, for a net chosen without them; C is a measure, which bounds nothing. delta = 0.05 each;
    pb-kl adds 0.01 for its draws. Held-out: median error, on $heldout images never used, of the predictor
    that the bound speaks of: the net (test-binomial, rad-golowich), the net with rounded weights
    (occam-bits), the net with noise on its weights (pb-kl; pb-kl-prior: of a net that started from weights trained
    on the first half, tested on the second). Violated: below the lower 99 % limit of that error. Bound gap
    / gap: (bound - training error)/(held-out - training error) of that predictor, the median over runs. 0.9
    is the error of guessing. "Guaranteed" takes for granted that the images are independent draws.]], p)
end

local function explain_ranks(p)
  paragraph([[Ranked is the gap of the net; bounds that are cut at 1 rank by their complexity (bits/n, budget/n). tau:
    Kendall's, within a seed over all settings. Psi: its granulated form, tau among nets that differ in one
    setting alone, averaged; the four columns show it by setting. Mean and t interval over $seeds seeds: for
    these data, not for others. Sign error: share of pairs of settings that differ in one thing and are
    ordered wrongly, weighted by how sure the order of the gaps is (Hoeffding); 0.50 is a coin; worst is the
    largest over pairs of settings with at least $ess effective pairs of runs. Averages over the four
    settings hide failures: read the columns and the worst case first. test-binomial is no theory: it is an
    estimate of the error from other images, and shows how well any measure could do against the noise of
    the gaps.]], p)
end

local function rankings(rows, p)
  local list = {}
  for _, name in ipairs(bound_names(p)) do list[#list + 1] = ranking(rows, p, name) end
  for _, m in ipairs(MEASURES) do list[#list + 1] = ranking(rows, p, m[1]) end
  table.sort(list, function(a, b) return (a.mean or -2) > (b.mean or -2) end)
  return list
end

local function print_report(results, p)
  local rows = results:done():where(function(row) return row.results.reached == 1 end)
  print(string.format("Fashion-MNIST, MLPs without biases, heavy ball %g, rate %g, batch %d, until the loss of an"
    .. " epoch is %g, %d seeds", p.momentum, p.lr, p.batch, p.until_loss, p.seeds))
  print("widths " .. p.width .. "; depths " .. p.depth .. "; images " .. p.train .. "; wrong labels " .. p.noise)
  unconverged(results)
  if #rows == 0 then return end
  print()
  gap_tables(rows)
  print()
  bound_table(rows, p):print()
  print()
  claims(rows, p)
  print()
  explain(p)
  print()
  ranking_table(rankings(rows, p)):print()
  print()
  explain_ranks(p)
  print()
  print(scatter(rows, p))
end

return assay.experiment {
  name = "bounds-fashion-mlp",
  summary = "What do bounds and measures say about nets whose gap is known?",
  params = {
    width = "64,256",
    depth = "1,2",
    train = "500,2000", -- training images
    noise = "0,0.2", -- share of labels, in all parts, that are another class
    seeds = 3,
    heldout = 10000, -- images for the measured gap
    test = 2000, -- images for the test-set bound
    until_loss = 0.05, -- cross-entropy
    epochs = 300, -- at most
    lr = 0.02,
    momentum = 0.9,
    batch = 32,
    sd = "0.003,0.01,0.03,0.1", -- noise of PAC-Bayes posteriors
    draws = 100,
    bits = 4, -- of an index into the codebook of a layer
    prior = true, -- train a prior on the first half, too
    ess = 4, -- effective pairs of runs below which the sign error leaves a pair of settings out
  },
  grid_params = { "width", "depth", "train", "noise", "seeds", "ess" },
  grid = function(p)
    return {
      train = numbers(p.train), noise = numbers(p.noise), depth = numbers(p.depth), width = numbers(p.width),
      seed = assay.range(p.seeds),
    }
  end,
  run = run,
  report = print_report,
}
