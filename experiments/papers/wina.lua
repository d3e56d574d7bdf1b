--- Claim: of the inputs of a layer keep those with the largest |x_j| |W_j|, W_j the column of weights, and the output
-- errs less than when the largest |x_j| are kept; if the columns are orthogonal no choice of as many errs less.
-- Chen, Zhao, Ko, Banbury, Zhuang, Liang, Cameron, Chen 2025, WINA: Weight Informed Neuron Activation for Accelerating
-- Large Language Model Inference; the choice by |x_j| alone is that of Liu et al. 2024, TEAL.
--
-- An MLP is trained on digits; no retraining. Exact part: each trained layer W = U S V' is turned so that its columns
-- are orthogonal (W V = U S, inputs V'x, as the authors do), and every test image is asked; on a few columns all
-- choices are tried. Order part: the net as it is, each layer seeing what the layers before it have left. This is
-- the claim about errors, on a small net; the paper's speed on language models is not tested.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"

local RULES = { "wina", "teal", "random" }

-- --- layers -----------------------------------------------------------------------------------------

-- W (out x in) and b (1 x out) of each layer of an MLP, in f64, from its flat weights: rows of W, then b, and so on.
local function layers_of(weights, sizes)
  local flat, at, out = weights:list(), 0, {}
  for l = 2, #sizes do
    local rows = {}
    for i = 1, sizes[l] do
      rows[i] = table.move(flat, at + 1, at + sizes[l - 1], 1, {})
      at = at + sizes[l - 1]
    end
    out[l - 1] = { W = assay.matrix(rows), b = assay.matrix { table.move(flat, at + 1, at + sizes[l], 1, {}) } }
    at = at + sizes[l]
  end
  return out
end

local function column_norms(W) return (W * W):sum(1):sqrt() end

-- X (examples x inputs) with all but the inputs that a rule keeps set to 0, so many of each example.
local function keep(X, W, rule, sparsity, seed)
  local value = X
  if rule == "wina" then value = X * column_norms(W) end
  if rule == "random" then value = assay.random("uniform", X:rows(), X:cols(), seed) end
  return X * assay.pruner("magnitude", { sparsity = sparsity, compare = "row" }):mask(value)
end

-- |W (x - x~)|^2 of each example.
local function errors(X, kept, W)
  local out = (X - kept):mul(W:t())
  return (out * out):sum(2)
end

-- --- the exact part ---------------------------------------------------------------------------------

-- Every choice of k of n, as rows of 0 and 1.
local function choices(n, k)
  local out = {}
  local function extend(row, left)
    if #row == n then
      if left == 0 then out[#out + 1] = table.move(row, 1, n, 1, {}) end
      return
    end
    for bit = 0, math.min(1, left) do
      row[#row + 1] = bit
      extend(row, left - bit)
      row[#row] = nil
    end
  end
  extend({}, k)
  return assay.matrix(out)
end

-- How far the best of all choices lies below WINA's, relative to the whole output, over the first examples.
local function brute_force(X, W, n, examples)
  local masks, V, worst = choices(n, n // 2), W:view(1, W:rows(), 1, n), 0
  for i = 1, math.min(examples, X:rows()) do
    local x = X:view(i, i, 1, n):copy()
    local whole = errors(x, x * 0, V)[1]
    local own = errors(x, keep(x, V, "wina", 1 - (n // 2) / n), V)[1]
    local best = errors(assay.ones(masks:rows(), 1):mul(x), masks * x, V):min()
    if whole > 0 then worst = math.max(worst, (own - best) / whole) end
  end
  return worst
end

-- The layer in the basis in which its columns are orthogonal: the largest excess of WINA over another rule, in any
-- example, and over the best choice.
local function turned(X, W, p, seed)
  local U, s, Vt = W:svd()
  local T, Z = U * s:t(), X:mul(Vt:t())
  if s:rows() == 1 then T = U * s end
  local excess, whole = 0, errors(Z, Z * 0, T):maximum(assay.ones(1, 1) * 1e-300)
  for _, sparsity in ipairs(p.sparsities) do
    local own = errors(Z, keep(Z, T, "wina", sparsity, seed), T)
    for _, rule in ipairs { "teal", "random" } do
      excess = math.max(excess, ((own - errors(Z, keep(Z, T, rule, sparsity, seed), T)) / whole):max())
    end
  end
  return excess, brute_force(Z, T, math.min(p.brute, Z:cols()), p.examples)
end

-- --- the net as it is -------------------------------------------------------------------------------

local function relu(m) return m:maximum(assay.zeros(1, 1)) end

-- The outputs, and the mean over layers of the relative error of a layer's output on the inputs that it gets.
local function forward(X, layers, rule, sparsity, seed)
  local h, sum = X, 0
  for l, layer in ipairs(layers) do
    local kept = rule and keep(h, layer.W, rule, sparsity, seed + l) or h
    if rule then sum = sum + errors(h, kept, layer.W):sum() / errors(h, h * 0, layer.W):sum() end
    h = kept:mul(layer.W:t()) + layer.b
    if l < #layers then h = relu(h) end
  end
  return h, sum / #layers
end

local function cross_entropy(z, y)
  local sum = 0
  for i, row in ipairs(z:list()) do sum = sum + assay.math.logsumexp(row) - row[math.tointeger(y[i]) + 1] end
  return sum / z:rows()
end

local function run_one(run, c, p)
  local data = assay.data("digits", { split_seed = c.seed })
  local model = assay.model("mlp", { hidden = p.hidden })
  local r = assay.train {
    run = run, data = data, model = model, seed = c.seed, epochs = p.epochs, batch = p.batch, keep_weights = true,
    schedule = assay.schedule("linear-decay", { peak = p.peak }),
    optimizer = assay.optimizer("heavy-ball", { momentum = 0.9 }),
  }
  local test, sizes = data:test(), { data.d }
  for width in p.hidden:gmatch "%d+" do sizes[#sizes + 1] = math.tointeger(width) end
  sizes[#sizes + 1] = data.classes
  local layers, X, y = layers_of(r.weights, sizes), test.x:copy("f64"), test.y
  local z = forward(X, layers)
  local out = { dense_loss = cross_entropy(z, y), own_loss = r.test_loss, excess = 0, above_best = 0 }
  local h = X
  for l, layer in ipairs(layers) do
    local excess, above = turned(h, layer.W, p, 1000 * c.seed + l)
    out.excess, out.above_best = math.max(out.excess, excess), math.max(out.above_best, above)
    h = relu(h:mul(layer.W:t()) + layer.b)
  end
  for _, sparsity in ipairs(p.sparsities) do
    for _, rule in ipairs(RULES) do
      local outputs, err = forward(X, layers, rule, sparsity, 2000 * c.seed)
      local name = string.format("%s_%g", rule, 100 * sparsity)
      out["loss_" .. name], out["error_" .. name] = cross_entropy(outputs, y), err
    end
  end
  return out
end

-- --- report and verdict -----------------------------------------------------------------------------

-- By seed: the log of WINA's value over TEAL's, the mean over sparsities (or at one).
local function against_teal(results, what, sparsities)
  return claims.mean(claims.by_seed(results, function(row)
    local sum = 0
    for _, s in ipairs(sparsities) do
      local name = string.format("_%g", 100 * s)
      local own, other = row[what .. "_wina" .. name], row[what .. "_teal" .. name]
      sum = sum + (own == other and 0 or math.log(own / other)) -- no error at all in both is a tie
    end
    return sum / #sparsities
  end))
end

local function each_sparsity(results, what, p)
  local out = {}
  for i, s in ipairs(p.sparsities) do
    local f = against_teal(results, what, { s })
    out[i] = f.effect and string.format("%g %%: %.3f", 100 * s, math.exp(f.effect)) or "?"
  end
  return "ratios by share left out: " .. table.concat(out, ", ")
end

local function largest(results, name)
  local values = results:values(name)
  local out = 0
  for _, v in ipairs(values) do out = math.max(out, v) end
  return { kind = "exact", effect = out, n = #values }
end

local function verdict(results, p)
  return {
    -- the errors compared are sums of at most some hundred products in f64, relative to the output: 1e-12 is rounding
    claims.finding(largest(results, "excess"), {
      statement = "Orthogonal columns: for no example does another rule err less than WINA.", at_most = 1e-12,
      unit = "largest excess of WINA's squared error, relative to the output", why = "against TEAL and random choices",
    }),
    claims.finding(largest(results, "above_best"), {
      statement = "Orthogonal columns: WINA's choice is the best of all.", at_most = 1e-12,
      unit = "largest excess over the best choice, relative to the output",
      why = string.format("all choices of half of %d inputs, first %d examples of each layer", p.brute, p.examples),
    }),
    claims.finding(against_teal(results, "error", p.sparsities), {
      kind = "order", statement = "The layers of the net as it is err less with WINA than with TEAL.", less_than = 0,
      unit = "log of the ratio of relative output errors, mean over sparsities",
      why = each_sparsity(results, "error", p),
    }),
    claims.finding(against_teal(results, "loss", p.sparsities), {
      kind = "order", statement = "The net loses less with WINA than with TEAL.", less_than = 0,
      unit = "log of the ratio of test losses, mean over sparsities", why = each_sparsity(results, "loss", p),
    }),
  }
end

local function show(results, p)
  print(string.format("Digits, MLP %s, %d epochs, %d seeds; inputs left out in every layer, no retraining.",
    p.hidden, p.epochs, p.seeds))
  print(string.format("Test loss of the dense net: %s", results:group("nothing")[1]:text "dense_loss"))
  print()
  local out = report.table { "left out", "rule", "test loss", "relative error of a layer" }
  local all = results:group("nothing")[1]
  for _, s in ipairs(p.sparsities) do
    for _, rule in ipairs(RULES) do
      local name = string.format("%s_%g", rule, 100 * s)
      out:row { string.format("%g %%", 100 * s), rule, all:text("loss_" .. name), all:text("error_" .. name) }
    end
  end
  out:print()
end

return assay.experiment {
  name = "wina",
  summary = "Do weights help to choose which inputs of a layer to leave out?",
  params = {
    seeds = 10, hidden = "128,64", epochs = 40, batch = 32, peak = 0.05, sparsities = { 0.25, 0.5, 0.65, 0.8 },
    brute = 12, examples = 20,
  },
  grid_params = { "seeds" },
  claim = {
    title = "WINA: Weight Informed Neuron Activation for Accelerating Large Language Model Inference",
    authors = "S. Chen, D. Zhao, J. Ko, C. Banbury, H. Zhuang, L. Liang, P. Cameron, T. Chen", year = 2025,
    published = "arXiv:2505.19427", kind = "order",
    statement = "Inputs of a layer chosen by |x_j| |W_j| instead of |x_j| give a smaller error at equal sparsity, and "
      .. "the least error of all choices where the columns of W are orthogonal.",
  },
  grid = function(p) return { seed = assay.range(p.seeds) } end,
  run = run_one,
  report = show,
  verdict = verdict,
}
