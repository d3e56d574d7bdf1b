--- Quality against sparsity: which pruning method keeps most of a trained net, and what does restoration add?
--
-- The protocol is the fair one: the same dense net for all methods, one per seed; the same calibration examples, drawn
-- from the training part by the seed; nothing is tuned per method; all numbers on test data that neither training nor
-- calibration saw. Each mask is shown as it is, after least-squares repair of the kept weights layer by layer, and
-- after masked fine-tuning, so that masks and updates are seen apart. Sparsity 0 must give the dense net back to the
-- bit, removed weights must stay exactly 0, counts must be exact: a run that violates this fails.
--
--     assay run compare/pruning.lua                      the preset, about 90 s on two cores
--     assay run compare/pruning.lua --set sparsities=0,0.25,0.5,0.6,0.7,0.8,0.9,0.95 --set train=8000 --set epochs=6 \
--       --set test=4000 --set examples=512 --set hidden=100,50 --set channels=6,12      the full size, about 6 minutes
--
-- A method is an id with what ranks against what; ":sequential" and ":dense-target" behind a name choose where the
-- calibration inputs come from, "@2:4" keeps 2 of every 4 consecutive inputs. Not in the preset, but there for
-- --set methods=…: obc (some 10 s a run) and shuffled-magnitude, a control with magnitude's densities at random places.
local assay = require "assay"
local report = require "assay.report"
local plot = require "assay.plot"

-- What each name means; everything else is the method's own default.
local METHODS = {
  ["random"] = { id = "random" },
  ["magnitude"] = { id = "magnitude" },
  ["magnitude-layer"] = { id = "magnitude", compare = "layer" },
  ["magnitude-distribution"] = { id = "magnitude", scale = "deviation" },
  ["shuffled-magnitude"] = { id = "shuffled", of = "magnitude" },
  ["lamp"] = { id = "lamp" },
  ["wanda"] = { id = "wanda" },
  ["ria"] = { id = "ria" },
  ["snip"] = { id = "snip" },
  ["taylor"] = { id = "taylor" },
  ["obd"] = { id = "obd" },
  ["synflow"] = { id = "synflow" },
  ["sparsegpt"] = { id = "sparsegpt" },
  ["obc"] = { id = "obc" },
}
local SEEDED = { random = true, shuffled = true }
local REGIMES = { ["sequential"] = "sequential", ["dense-target"] = "sequential-dense-target" }
-- With dense inputs the masks of these are nested in the sparsity: each removes the lowest of one fixed ranking.
local RANKED = {
  random = true, magnitude = true, lamp = true, wanda = true, ria = true, snip = true, taylor = true, obd = true,
}

local function words(text)
  local out = {}
  for word in text:gmatch("[^,%s]+") do out[#out + 1] = word end
  return out
end

local function numbers(text)
  local out = {}
  for i, word in ipairs(words(text)) do
    out[i] = tonumber(word) or error('sparsities: "' .. word .. '" is not a number', 0)
  end
  return out
end

-- "wanda@2:4:sequential" -> the pruner, the regime of its inputs, n and m (nil without a pattern).
local function pruner_of(name, seed)
  local head, pattern, regime = name:match("^([%w-]+)(@?[%d:]*):?([%a-]*)$")
  pattern = pattern and pattern:gsub(":$", "") or ""
  local known = head and METHODS[head]
  if not known or (regime ~= "" and not REGIMES[regime]) then
    local names = {}
    for each in pairs(METHODS) do names[#names + 1] = each end
    table.sort(names)
    error(string.format('no method "%s" in this comparison; it knows %s, and behind them @n:m, :sequential or '
      .. ":dense-target", name, table.concat(names, ", ")), 0)
  end
  local parameters = {}
  for key, value in pairs(known) do parameters[key] = value end
  parameters.id = nil
  local n, m = pattern:match("^@(%d+):(%d+)$")
  if n then parameters.compare, parameters.n, parameters.m = "n:m", math.tointeger(n), math.tointeger(m) end
  if SEEDED[known.id] then parameters.seed = seed end
  return assay.pruner(known.id, parameters), REGIMES[regime] or "dense", parameters.m
end

local function model_of(name, p)
  if name == "mlp" then return assay.model("mlp", { hidden = p.hidden }) end
  if name == "convnet" then return assay.model("convnet", { channels = p.channels, hidden = p.conv_hidden }) end
  error(string.format('no model "%s" in this comparison; it knows mlp and convnet', name), 0)
end

-- --- one run: a dense net, pruned by one method to every sparsity ------------------------------------

local function train_dense(c, p, data)
  local steps = math.max(1, p.epochs * p.train // p.batch)
  return assay.train {
    data = data, model = model_of(c.model, p), seed = c.seed, batch = p.batch, steps = steps, keep_weights = true,
    optimizer = assay.optimizer("heavy-ball", { momentum = 0.9 }),
    schedule = assay.schedule("linear-decay", { peak = p.peak, steps = steps }),
  }
end

-- Layers whose number of inputs no group of m divides stay dense.
local function layers_without_groups(layers, m)
  local skip = {}
  for i, layer in ipairs(layers) do
    if m and layer["in"] % m ~= 0 then skip[#skip + 1] = i end
  end
  return skip
end

local function weights_of(nets)
  local out = {}
  for i, net in ipairs(nets) do out[i] = net.weights end
  return out
end

local function require_that(holds, ...)
  if not holds then error("inconsistent: " .. string.format(...), 0) end
end

local function removed_by_rule(pruner, net, s)
  if pruner.compare == "global" then return math.floor(s * net.total + 0.5) end
  local sum = 0
  for _, layer in ipairs(net.layers) do
    local rows = pruner.compare == "row" and layer.out or 1
    sum = sum + rows * math.floor(s * layer.out * layer["in"] / rows + 0.5)
  end
  return sum
end

-- What must hold whatever the data; a violation is a bug, not a result.
local function check_nets(pruner, inputs, nets, sparsities, dense)
  for i, net in ipairs(nets) do
    local s = sparsities[i]
    require_that((net.weights * (1 - net.mask)):abs():max() == 0, "a removed weight is not 0 at sparsity %g", s)
    if pruner.compare ~= "n:m" then
      require_that(net.total - net.kept == removed_by_rule(pruner, net, s), "%d of %d weights kept at sparsity %g",
        net.kept, net.total, s)
      if s == 0 then require_that(net.weights == dense, "sparsity 0 changes the weights") end
      if i > 1 and RANKED[pruner.id] and inputs == "dense" then
        require_that((nets[i - 1].mask - net.mask):min() >= 0, "the masks of sparsity %g and %g are not nested",
          sparsities[i - 1], s)
      end
    end
  end
end

local function fine_tune(c, p, data, nets)
  if p.tune_epochs == 0 then return nil end
  local steps, replicas = math.max(1, p.tune_epochs * p.train // p.batch), {}
  for i, net in ipairs(nets) do replicas[i] = { init = net.weights, mask = net.mask, keep_weights = true } end
  return assay.train_many {
    data = data, model = model_of(c.model, p), seed = c.seed + 1000, batch = p.batch, steps = steps,
    replicas = replicas,
    optimizer = assay.optimizer("heavy-ball", { momentum = 0.9 }),
    schedule = assay.schedule("linear-decay", { peak = p.tune_peak, steps = steps }),
  }
end

local function key(stage, metric, s) return string.format("%s %s @%g", stage, metric, s) end

-- The area under accuracy against sparsity over the range, and the largest sparsity up to which all accuracies are
-- within one point of the dense net's.
local function summarize(out, stage, sparsities, dense_error)
  local area, last = 0, nil
  for i, s in ipairs(sparsities) do
    local accuracy = 1 - out[key(stage, "error", s)]
    if i > 1 then
      area = area + (s - sparsities[i - 1]) * (accuracy + 1 - out[key(stage, "error", sparsities[i - 1])]) / 2
    end
    if accuracy >= 1 - dense_error - 0.01 and (i == 1 or last == sparsities[i - 1]) then last = s end
  end
  if #sparsities > 1 then out[stage .. " auc"] = area / (sparsities[#sparsities] - sparsities[1]) end
  out[stage .. " break"] = last
end

local function record(out, stage, nets, qualities, sparsities)
  for i, s in ipairs(sparsities) do
    local q, net, empty = qualities[i], nets[i], 0
    out[key(stage, "error", s)], out[key(stage, "kl", s)] = q.error, q.kl
    out[key(stage, "agreement", s)] = q.agreement
    for _, layer in ipairs(net.layers) do empty = empty + (layer.empty and 1 or 0) end
    if empty > 0 then out[key(stage, "empty", s)] = empty end
    out[key(stage, "size", s)] = (net.pattern_bytes or net.csr_bytes) / net.dense_bytes
    out[key(stage, "flops", s)] = net.flops / net.dense_flops
  end
end

-- Weights kept of each layer, for all runs.
local function record_kept(out, nets, sparsities)
  for j, layer in ipairs(nets[1].layers) do
    out[string.format("layer %d shape", j)] = string.format("%dx%d", layer.out, layer["in"])
    for i, s in ipairs(sparsities) do out[string.format("layer %d kept @%g", j, s)] = nets[i].layers[j].kept end
  end
end

-- How many weights of each size were kept and removed, in bins of equal width: three rows, the least weight of a bin
-- and the two counts. A weight on an edge counts half on either side.
local BINS = 40
local function histogram(weights, mask)
  local out, most = assay.zeros(3, BINS), weights:abs():max()
  local kept, all = mask:sum(), mask:rows() * mask:cols()
  for bin = 1, BINS do
    local low, kept_above, all_above = most * (2 * (bin - 1) / BINS - 1), 0, 0
    if bin < BINS then
      local above = ((weights - (low + 2 * most / BINS)):sign() + 1) * 0.5
      kept_above, all_above = (above * mask):sum(), above:sum()
    end
    out:set(1, bin, low):set(2, bin, kept - kept_above):set(3, bin, all - all_above - (kept - kept_above))
    kept, all = kept_above, all_above
  end
  return out
end

-- Where the weights were removed, for the mask view of the workbench and for whoever asks assay.artifact.
local function keep_masks(run, dense, nets, sparsities)
  for i, s in ipairs(sparsities) do
    for j, layer in ipairs(s > 0 and nets[i].layers or {}) do
      run:artifact(string.format("layer %d mask @%g", j, s), layer.mask)
      run:artifact(string.format("layer %d histogram @%g", j, s), histogram(dense[j].weights, layer.mask))
    end
  end
end

-- Output errors of the layers alone on what calibrated them and on held-out examples: solvers can overfit.
local function record_layers(out, held_out, calibration, sparsities)
  for i, s in ipairs(sparsities) do
    local test, own, drift = 0, 0, held_out[i].layers[#held_out[i].layers].drift
    for j, layer in ipairs(held_out[i].layers) do
      test = test + layer.output_error / #held_out[i].layers
      own = own + calibration[i].layers[j].output_error / #held_out[i].layers
    end
    out[key("plain", "layer_error", s)], out[key("plain", "layer_error_calibration", s)] = test, own
    out[key("plain", "drift", s)] = drift
  end
end

local function run(r, c, p, data)
  local dense = train_dense(c, p, data)
  local pruner, inputs, m = pruner_of(c.method, c.seed)
  local sparsities = m and { pruner.sparsity } or numbers(p.sparsities)
  local subject = { model = model_of(c.model, p), weights = dense.weights, data = data, seed = c.seed }
  local function with(more)
    local t = {}
    for k, v in pairs(subject) do t[k] = v end
    for k, v in pairs(more) do t[k] = v end
    return t
  end
  local shapes = assay.pruner("magnitude", { sparsity = 0 }):prune(with { examples = 1 }).layers
  local settings = {
    inputs = inputs, examples = p.examples, skip = layers_without_groups(shapes, m),
    sparsity = not m and sparsities or nil,
  }
  local function walk(with_pruner, cache)
    settings.cache = cache
    local nets = with_pruner:prune(with(settings))
    nets = m and { nets } or nets
    check_nets(with_pruner, inputs, nets, sparsities, dense.weights)
    return nets
  end
  local function quality(nets, part, examples)
    return assay.quality(with { pruned = weights_of(nets), part = part, examples = examples })
  end

  local out = { dense_error = dense.test_error }
  local nets = walk(pruner, false) -- the time for calibration is measured
  local held_out = quality(nets, "test", p.examples)
  record(out, "plain", nets, held_out, sparsities)
  record_kept(out, nets, sparsities)
  if c.seed <= p.masks then keep_masks(r, shapes, nets, sparsities) end
  record_layers(out, held_out, quality(nets, "train", p.examples), sparsities)
  out.calibrate_s, out.method_s = nets[1].calibrate_cpu_s, 0
  for i, net in ipairs(nets) do
    out.method_s = out.method_s + net.cpu_s / #nets
    local same = held_out[i].kl == 0 and held_out[i].error == dense.test_error
    require_that(sparsities[i] > 0 or same, "sparsity 0 is not the dense net")
  end

  local repaired = walk(pruner:with { restore = assay.restorer("lsq-repair", { damp = p.repair_damp }) }, true)
  record(out, "repaired", repaired, quality(repaired, "test", 0), sparsities)
  out.repair_s = -out.method_s
  for _, net in ipairs(repaired) do out.repair_s = out.repair_s + net.cpu_s / #repaired end

  local tuned = fine_tune(c, p, data, nets)
  if tuned then
    out.tune_s = 0
    for i, net in ipairs(tuned) do
      require_that((net.weights * (1 - nets[i].mask)):abs():max() == 0,
        "fine-tuning moved a removed weight at sparsity %g", sparsities[i])
      out[key("tuned", "error", sparsities[i])] = net.test_error
      out.tune_s = out.tune_s + net.cpu_s / #tuned
    end
  end
  for _, stage in ipairs { "plain", "repaired", tuned and "tuned" or nil } do
    summarize(out, stage, sparsities, dense.test_error)
  end
  return out
end

-- --- report ---------------------------------------------------------------------------------------------

local STAGES = { plain = "as pruned", repaired = "after least-squares repair", tuned = "after fine-tuning" }

local function percent(mean, half)
  if not mean then return "-" end
  return half and string.format("%.1f ±%.1f", 100 * mean, 100 * half) or string.format("%.1f", 100 * mean)
end

local function number(x) return x and string.format("%.3g", x) or "-" end

local function cell(group, name)
  local mean, half = group:summary(name)
  return percent(mean, half)
end

local function by_area(groups, stage)
  local list = {}
  for i, group in ipairs(groups) do list[i] = group end
  table.sort(list, function(a, b)
    local x, y = a:mean(stage .. " auc") or -1, b:mean(stage .. " auc") or -1
    if x ~= y then return x > y end
    return a.keys.method < b.keys.method
  end)
  return list
end

local function curve_table(groups, stage, sparsities)
  local head = { "method" }
  for _, s in ipairs(sparsities) do head[#head + 1] = string.format("%g", s) end
  head[#head + 1], head[#head + 2] = "AUC", "break"
  local out = report.table(head)
  for _, group in ipairs(by_area(groups, stage)) do
    local row = { group.keys.method }
    for _, s in ipairs(sparsities) do
      local empty = group.rows:values(key(stage, "empty", s))
      row[#row + 1] = cell(group, key(stage, "error", s)) .. (#empty > 0 and " e" or "")
    end
    row[#row + 1] = cell(group, stage .. " auc")
    local least, most = math.huge, -math.huge
    for _, s in ipairs((group.rows:values(stage .. " break"))) do
      least, most = math.min(least, s), math.max(most, s)
    end
    row[#row + 1] = most < 0 and "-" or least == most and string.format("%g", least)
      or string.format("%g to %g", least, most)
    out:row(row)
  end
  return out
end

local function drawing(groups, stage, sparsities, title)
  local series = {}
  for _, group in ipairs(by_area(groups, stage)) do
    local line = { label = group.keys.method, x = {}, y = {} }
    for _, s in ipairs(sparsities) do
      local mean = group:mean(key(stage, "error", s))
      if mean then line.x[#line.x + 1], line.y[#line.y + 1] = s, 1 - mean end
    end
    if #line.x > 0 then series[#series + 1] = line end
  end
  return plot.line { title = title, x_label = "sparsity", y_label = "accuracy", series = series, height = 22 }
end

local function time_table(groups)
  local out = report.table { "method", "calibration s", "method s", "repair s", "fine-tuning s" }
  for _, group in ipairs(groups) do
    local function seconds(name) return number(group:mean(name)) end
    out:row { group.keys.method, seconds("calibrate_s"), seconds("method_s"), seconds("repair_s"), seconds("tune_s") }
  end
  return out
end

local function layer_table(groups, s)
  local out = report.table { "method", "calibration", "held out", "drift of the outputs", "KL", "agreement" }
  for _, group in ipairs(by_area(groups, "plain")) do
    local function mean(name) return number(group:mean(key("plain", name, s))) end
    out:row {
      group.keys.method, mean("layer_error_calibration"), mean("layer_error"), mean("drift"), mean("kl"),
      mean("agreement"),
    }
  end
  return out
end

local function pattern_table(groups)
  local out = report.table { "method", "as pruned", "repaired", "fine-tuned", "KL", "size", "products" }
  for _, group in ipairs(groups) do
    local _, n, m = group.keys.method:match("^([%w-]+)@(%d+):(%d+)")
    local s = 1 - n / m
    local function mean(name) return number(group:mean(key("plain", name, s))) end
    out:row {
      group.keys.method, cell(group, key("plain", "error", s)), cell(group, key("repaired", "error", s)),
      cell(group, key("tuned", "error", s)), mean("kl"), mean("size"), mean("flops"),
    }
  end
  return out
end

-- Bytes and products at each sparsity; the rule of the ranking decides where the weights go.
local function size_table(groups, sparsities)
  local out = report.table { "sparsity", "CSR bytes / dense", "products / dense", "method" }
  for _, group in ipairs(groups) do
    if group.keys.method == "magnitude" or group.keys.method == "magnitude-layer" then
      for _, s in ipairs(sparsities) do
        out:row {
          string.format("%g", s), number(group:mean(key("plain", "size", s))),
          number(group:mean(key("plain", "flops", s))), group.keys.method,
        }
      end
    end
  end
  return out
end

local function is_pattern(group) return group.keys.method:find("@", 1, true) ~= nil end
local function is_regime(group) return not is_pattern(group) and group.keys.method:find(":", 1, true) ~= nil end

-- Methods with a regime of their own beside the same ones on dense inputs.
local function with_regimes(groups)
  local heads = {}
  for _, group in ipairs(groups) do
    if is_regime(group) then heads[group.keys.method:match("^[%w-]+")] = true end
  end
  return groups:where(function(group) return not is_pattern(group) and heads[group.keys.method:match("^[%w-]+")] end)
end

local function has_done(group) return #group.rows:done() > 0 end

local function heading(...)
  print()
  print(string.format(...))
  print()
end

local function model_report(results, model, p, sparsities)
  local own = results:where { model = model }:group("method")
  if #own == 0 then return end
  local main = own:where(function(group) return not is_pattern(group) and not is_regime(group) end)
  local middle = sparsities[math.max(1, #sparsities - 2)]
  local shape = tostring(model_of(model, p)):gsub("^model ", "")
  heading("=== %s; dense test error %s %%", shape, cell(own[1], "dense_error"))
  for _, stage in ipairs(#main > 0 and { "plain", "repaired", p.tune_epochs > 0 and "tuned" or nil } or {}) do
    print(string.format("Test error in %% against sparsity, %s", STAGES[stage]))
    print()
    curve_table(main, stage, sparsities):print()
    print()
  end
  for _, stage in ipairs(#main:where(has_done) > 0 and { "plain", p.tune_epochs > 0 and "tuned" or nil } or {}) do
    print(drawing(main, stage, sparsities, string.format("%s: accuracy against sparsity, %s, mean over seeds", model,
      STAGES[stage])))
  end
  if #main > 1 and #main:where(function(group) return group.keys.method == p.baseline end) == 1 then
    for _, stage in ipairs { "plain", p.tune_epochs > 0 and "tuned" or nil } do
      heading("Paired differences in the area under accuracy, %s", STAGES[stage])
      main:paired(stage .. " auc", { baseline = { method = p.baseline }, on = "seed" }):print()
    end
  end
  local regimes = with_regimes(own)
  if #regimes > 0 then
    heading("Where the calibration inputs come from: test error in %%, as pruned and after least-squares repair")
    curve_table(regimes, "plain", sparsities):print()
    print()
    curve_table(regimes, "repaired", sparsities):print()
  end
  local patterns = own:where(is_pattern)
  if #patterns > 0 then
    heading("n of every m inputs kept: test error in %%")
    pattern_table(patterns):print()
  end
  heading("Relative output error of a layer, mean over layers, and the whole net, at sparsity %g", middle)
  layer_table(own:where(function(group) return not is_pattern(group) end), middle):print()
  heading("CPU seconds: calibration once, the rest for one sparsity")
  time_table(own):print()
  heading("Sizes")
  size_table(main, sparsities):print()
end

local function notes(results, p)
  print("Test error: share of wrong answers on test images; mean ± half width of the 95 % t interval over seeds (a")
  print("seed is a dense net and a calibration sample of its own). AUC: area under accuracy against sparsity, over")
  print("the range. Break: the largest sparsity up to which accuracy is within one point of the dense net's. e: in")
  print("some run a layer lost all its weights. Biases are never pruned. Repair: least squares of each layer's dense")
  print(string.format("outputs on its calibration inputs (damped by %g), masks as they are. Fine-tuning: training on",
    p.repair_damp))
  print(string.format("with the mask for %g epochs, peak rate %g for all; column 0 is the dense net, trained on, too.",
    p.tune_epochs, p.tune_peak))
  print("Equal sparsity is not equal cost: rankings over all layers keep more of the convolutions, where products are.")
  local counts = results:counts()
  if counts.failed then print(counts.failed .. " runs failed; `assay ls --status failed` lists them.") end
  if p.seeds < 5 then print("Fewer than five seeds: the intervals are wide and the tests weak.") end
end

return assay.experiment {
  name = "pruning-fashion",
  summary = "Which pruning method keeps most of a trained net, and what does restoration add?",
  params = {
    models = "mlp,convnet",
    methods = "random,magnitude,magnitude-layer,magnitude-distribution,lamp,wanda,ria,snip,taylor,obd,synflow,"
      .. "sparsegpt",
    ablation = "wanda:sequential,sparsegpt:sequential,sparsegpt:dense-target",
    patterns = "magnitude@2:4,wanda@2:4,ria@2:4,sparsegpt@2:4",
    sparsities = "0,0.5,0.7,0.8,0.9,0.95", -- ascending, from 0
    baseline = "magnitude",
    train = 6000,
    test = 2000,
    epochs = 4,
    batch = 64,
    peak = 0.05,
    -- As a fraction of mean(diag H). Without any, rows that keep about as many weights as there are calibration
    -- examples interpolate these and do badly on all others: a peak of the error in the middle of the curve.
    repair_damp = 0.01,
    tune_epochs = 1, -- 0: no fine-tuning
    tune_peak = 0.02,
    examples = 256, -- for calibration, gradients, curvatures, and as many held out for the output errors of layers
    hidden = "64,32",
    channels = "4,8",
    conv_hidden = "32",
    masks = 1, -- seeds whose masks are kept in the store, some 20 KB a run; 0: none
    seeds = 5,
  },
  grid_params = { "models", "methods", "ablation", "patterns", "baseline", "seeds" },
  setup = function(p)
    return assay.data("fashion-mnist", { train = p.train, valid = 0, test = p.test }):load()
  end,
  grid = function(p)
    local list, sparsities = {}, numbers(p.sparsities)
    if sparsities[1] ~= 0 then error("sparsities must begin with 0: it is checked against the dense net", 0) end
    for i = 2, #sparsities do
      if sparsities[i] <= sparsities[i - 1] then error("sparsities must ascend", 0) end
    end
    for _, model in ipairs(words(p.models)) do
      model_of(model, p) -- complain now, not in a worker
      for _, names in ipairs { p.methods, p.ablation, p.patterns } do
        for _, name in ipairs(words(names)) do
          pruner_of(name, 0)
          for seed = 1, p.seeds do list[#list + 1] = { model = model, method = name, seed = seed } end
        end
      end
    end
    return list
  end,
  run = run,
  report = function(results, p)
    local sparsities = numbers(p.sparsities)
    print(string.format(
      "Fashion-MNIST, %d training images, %d epochs, %d calibration examples, %d test images, %d seeds",
      p.train, p.epochs, p.examples, p.test, p.seeds))
    print()
    notes(results, p)
    for _, model in ipairs(words(p.models)) do model_report(results, model, p, sparsities) end
  end,
}
