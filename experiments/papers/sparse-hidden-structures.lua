--- Claim: in iterative magnitude pruning of a classifier one ranking over all layers (class-blind) is clearly better
-- than the same fraction of each layer (class-uniform), and a net that has lost 80 % of its weights and is retrained
-- is better than the dense one. Stier, Darji, Granitzer 2021, Experiments on Properties of Hidden Structures of
-- Sparse Neural Networks; the three rankings are those of See, Luong, Manning 2016.
--
-- A net is trained, then pruned and retrained level by level. Beside it goes the control without which a gain means
-- nothing: the dense net, trained as long with the same schedule. All nets of a seed share initial weights, order of
-- examples and the first training, so that differences are paired. Of the paper this is the pruning half; its graphs
-- and recurrent nets are not tested here, and Fashion-MNIST stands for its MNIST.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"

-- What is compared with what decides; the score is |w| for all but the floor, random.
local SCHEMES = {
  blind = { "magnitude", { compare = "global" } },
  uniform = { "magnitude", { compare = "layer" } },
  distribution = { "magnitude", { compare = "global", scale = "deviation" } },
  random = { "random", { compare = "layer" } },
}

local function pruner_of(scheme, sparsity)
  local id, settings = table.unpack(SCHEMES[scheme])
  local own = { sparsity = sparsity }
  for key, value in pairs(settings) do own[key] = value end
  return assay.pruner(id, own)
end

local function name_of(sparsity) return string.format("%g", 100 * sparsity) end

local function data_of(p)
  if p.data == "digits" then return assay.data("digits", { train = p.train, valid = p.valid, test = p.test }) end
  return assay.data(p.data, { train = p.train, valid = p.valid, test = p.test })
end

-- One training of p.epochs (the first) or p.retrain epochs: linear decay from the same peak.
local function train(run, c, p, data, phase, more)
  local epochs = phase == 0 and p.epochs or p.retrain
  local steps = math.max(1, epochs * p.train // p.batch)
  local settings = {
    run = run, data = data, model = assay.model("mlp", { hidden = p.hidden }), batch = p.batch, steps = steps,
    optimizer = assay.optimizer("heavy-ball", { momentum = p.momentum }), init_seed = c.seed,
    order_seed = 100 * c.seed + phase, schedule = assay.schedule("linear-decay", { peak = p.peak, steps = steps }),
    keep_weights = true, label = "phase " .. phase,
  }
  for key, value in pairs(more or {}) do settings[key] = value end
  return assay.train(settings)
end

-- Test errors of the dense net cut to each level at once, without any retraining.
local function one_shot(c, p, data, model, weights, out)
  local asked = { model = model, weights = weights, data = data, seed = c.seed, sparsity = p.levels }
  local cut = {}
  for i, pruned in ipairs(pruner_of(c.scheme, p.levels[1]):prune(asked)) do cut[i] = pruned.weights end
  local quality = assay.quality { model = model, weights = weights, pruned = cut, data = data, examples = 0 }
  for i, level in ipairs(p.levels) do out["once_" .. name_of(level)] = quality[i].error end
end

local function run_one(run, c, p, data)
  local model = assay.model("mlp", { hidden = p.hidden })
  local r = train(run, c, p, data, 0)
  local out = { start = r.test_error }
  if c.scheme ~= "dense" then one_shot(c, p, data, model, r.weights, out) end
  for phase, level in ipairs(p.levels) do
    local weights, mask = r.weights, nil
    if c.scheme ~= "dense" then
      local pruned = pruner_of(c.scheme, level):prune { model = model, weights = weights, data = data, seed = c.seed }
      weights, mask = pruned.weights, pruned.mask
      out["cut_" .. name_of(level)] = assay.quality({
        model = model, weights = r.weights, pruned = weights, data = data, examples = 0,
      }).error
      local least = 1
      for _, layer in ipairs(pruned.layers) do least = math.min(least, layer.kept / (layer["in"] * layer.out)) end
      out["least_" .. name_of(level)] = least
    end
    r = train(run, c, p, data, phase, { init = weights, mask = mask })
    out["error_" .. name_of(level)] = r.test_error
  end
  return out
end

-- --- report and verdict -----------------------------------------------------------------------------

-- A result of one scheme by seed.
local function of(results, scheme, name)
  return claims.by_seed(results:where { scheme = scheme }, name)
end

local function finding(results, a, b, statement, region, why)
  local f = claims.paired(of(results, a[1], a[2]), of(results, b[1], b[2]))
  local unit = string.format("test error, %s - %s", table.concat(a, " "), table.concat(b, " "))
  return claims.finding(claims.finding(f, region), { statement = statement, unit = unit, why = why })
end

local function verdict(results, p)
  local middle, high = name_of(p.level), name_of(p.levels[#p.levels])
  local gain = claims.paired(of(results, "dense", "error_" .. middle), of(results, "dense", "start"))
  local longer = gain.effect and string.format("training longer changes the dense net's by %+.4f [%+.4f, %+.4f]",
    gain.effect, gain.low, gain.high) or nil
  return {
    finding(results, { "blind", "error_" .. high }, { "uniform", "error_" .. high },
      "Class-blind beats class-uniform at the highest sparsity, after retraining.", { less_than = 0 }),
    finding(results, { "blind", "once_" .. middle }, { "uniform", "once_" .. middle },
      string.format("Class-blind beats class-uniform at %s %%, cut at once and not retrained.", middle),
      { less_than = 0 }),
    finding(results, { "blind", "error_" .. middle }, { "dense", "error_" .. middle },
      string.format("Removing %s %% with retraining costs half a point at most.", middle), { at_most = 0.005 },
      "against the dense net trained as long"),
    finding(results, { "blind", "error_" .. middle }, { "dense", "start" },
      string.format("The net without %s %% is better than the dense net that it came from.", middle), { less_than = 0 },
      longer),
    finding(results, { "blind", "error_" .. middle }, { "dense", "error_" .. middle },
      string.format("The net without %s %% is better than a dense net trained as long.", middle), { less_than = 0 }),
  }
end

local function show(results, p)
  print(string.format("%s, %d training and %d test images, MLP %s, %d + %d x %d epochs, %d seeds.", p.data, p.train,
    p.test, p.hidden, p.epochs, #p.levels, p.retrain, p.seeds))
  print("Test error, mean ± half width of the 95 % interval. at once: the first dense net, cut to this level;")
  print("cut: that of the level before, retrained, and cut to this level; retrained: then trained on. The dense net")
  print("is trained as long as the others. least layer: the weights kept in the layer that lost most.")
  print()
  local groups = results:group "scheme"
  local out = report.table { "removed", "scheme", "at once", "cut", "retrained", "least layer" }
  for _, group in ipairs(groups) do
    if group.keys.scheme == "dense" then out:row { "0 %", "dense", "", "", group:text "start" } end
  end
  for _, level in ipairs(p.levels) do
    for _, group in ipairs(groups) do
      local least, dense = group:mean("least_" .. name_of(level)), group.keys.scheme == "dense"
      local function text(name) return dense and "" or group:text(name .. name_of(level)) end
      out:row {
        dense and "0 %, as long" or name_of(level) .. " %", group.keys.scheme, text "once_", text "cut_",
        group:text("error_" .. name_of(level)), least and string.format("%.1f %%", 100 * least) or "",
      }
    end
  end
  out:print()
end

return assay.experiment {
  name = "sparse-hidden-structures",
  summary = "Is class-blind magnitude pruning best, and does removing 80 % with retraining gain anything?",
  params = {
    seeds = 10, data = "fashion-mnist", train = 6000, valid = 1000, test = 10000, hidden = "100,100", epochs = 6,
    retrain = 3, batch = 64, peak = 0.1, momentum = 0.9, levels = { 0.5, 0.8, 0.9, 0.95 }, level = 0.8,
  },
  grid_params = { "seeds", "level" },
  claim = {
    title = "Experiments on Properties of Hidden Structures of Sparse Neural Networks",
    authors = "J. Stier, H. Darji, M. Granitzer", year = 2021, published = "arXiv:2107.12917", kind = "order",
    statement = "Class-blind magnitude pruning is clearly better than class-uniform at high sparsity, and 80 % of the "
      .. "weights can go with a gain in accuracy, once the net is retrained.",
  },
  setup = function(p) return data_of(p):load() end,
  grid = function(p)
    return { scheme = { "dense", "blind", "uniform", "distribution", "random" }, seed = assay.range(p.seeds) }
  end,
  run = run_one,
  report = show,
  verdict = verdict,
}
