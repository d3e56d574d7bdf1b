--- Claim: gradient regularization, descent on f + (gamma/2)|grad f|^2, is cheaper by a finite difference uphill than by
-- double backpropagation and generalizes at least as well; it moves diagonal linear nets towards the sparse (rich)
-- regime, the more so with the difference uphill; flooding does the same implicitly. Karakida, Takase, Hayase, Osawa
-- 2023, Understanding Gradient Regularization in Deep Learning.
--
--   double    r = H g, a Hessian product beside the gradient;  forward r = (grad f(w + eps g) - g)/eps, uphill;
--   backward  r = (g - grad f(w - eps g))/eps, downhill;       every one steps along g + gamma r
--   net       an MLP on few digits, mini-batches; one rate for all, the strength of each method (gamma, the radius of
--             sam, the level of flooding) tuned on the same number of values and seeds. eps is not tuned.
--   cost      processor time of the two derivatives of an update, for two nets, in alternating blocks of one process;
--             sums of vectors, cheap in a compiled loop, are left out (with them, in Lua, forward takes 8 % longer on
--             the small net and 30 % less on the wide one)
--   dln       y = A beta*, beta = u^2 - v^2, from u = v = scale, full-batch descent until f is about 0. The rows of A
--             have mean 0, or mean `shift`. Effective scale: the geometric mean of |u_j v_j| at the end, which plain
--             gradient flow keeps; the smaller, the richer. Rates and gamma are in units of the largest eigenvalue.
--             Flooding hovers about its level first, then descends as the others.
--
-- Descent and ascent of flooding, from w with f(w) >= b > f(w - lr g), make -lr^2 times the backward difference with
-- eps = lr: this is exact, and checked step by step.
--
-- What came out. The difference uphill costs less (0.69 and 0.59 of double). On digits the test error of forward
-- differs from none of backward, double and no regularization by more than chance (7.2 to 7.5 %, 20 seeds; SAM 6.9 %).
-- The effective scale falls as claimed, uphill most. A sparser solution follows only where the rows have a mean, and
-- there by little; with rows of mean 0 l1 norm and risk rise. Why: |u_j v_j| shrinks by exp(-8 gamma int q_j^2),
-- q = df/dbeta, and q is large on the inputs of the teacher (logs of the scale fall by 0.85 there, by 0.16 on average),
-- which so become the dear ones. Flooding lowers the scale more evenly, and leaves l1 norm and risk as they were.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"
local tuning = require "assay.tuning"

-- --- a net on digits --------------------------------------------------------------------------------

local RULES = {
  sgd = function() return assay.optimizer("sgd") end,
  double = function() return assay.optimizer("sgd") end,
  forward = function(k, p) return assay.optimizer("gr-fd", { gamma = k, eps = p.eps }) end,
  backward = function(k, p) return assay.optimizer("gr-fd", { gamma = k, eps = p.eps, difference = "backward" }) end,
  sam = function(k) return assay.optimizer("sam", { rho = k }) end,
  flooding = function(k) return assay.optimizer("flooding", { level = k }) end,
}
local CENTRES = { double = 0.1, forward = 0.1, backward = 0.1, sam = 0.1, flooding = 0.05 }
local NET_METHODS = { "sgd", "double", "forward", "backward", "sam", "flooding" }

local function error_rate(model, w, part)
  local wrong = (model:outputs(w, part):argmax() - 1 - part.y):abs():minimum(assay.ones(1, 1))
  return wrong:mean()
end

local function train_net(_, c, p)
  local data = assay.data("digits", { train = p.train, valid = p.valid, split_seed = c.seed })
  local model, part = assay.model("mlp", { hidden = { p.hidden } }), data:train()
  local w, rule = model:init(c.seed, part), RULES[c.method](c.strength, p)
  local shuffle = assay.sampler("random-reshuffling")
  for epoch = 1, p.epochs do
    local order = shuffle:epoch(p.train, c.seed, epoch - 1)
    for first = 1, p.train, p.batch do
      local rows = table.move(order, first, math.min(first + p.batch, p.train + 1) - 1, 1, {})
      local batch = { x = part.x:take(rows), y = part.y:take(rows), classes = part.classes }
      local function f(at)
        local g, loss = model:grad(at, batch)
        return loss, g
      end
      if c.method == "double" then
        local g = model:grad(w, batch)
        rule:step(w, g + model:hvp(w, g, batch) * c.strength, p.lr)
      else
        rule:step(w, nil, p.lr, f)
      end
    end
  end
  local out = {
    train_loss = model:loss(w, part), grad_norm = model:grad(w, part):norm(),
    val_error = error_rate(model, w, data:valid()),
  }
  if tuning.is_fresh(c.seed) then
    out.test_error, out.test_loss = error_rate(model, w, data:test()), model:loss(w, data:test())
  end
  return out
end

local function tuning_of(p)
  return {
    by = { "what", "method" }, rate = "strength", score = "val_error", seeds = p.tuning_seeds, fresh = p.seeds,
    most = 9,
  }
end

local function of_nets(results) return results:where { what = "net" } end

-- --- cost -------------------------------------------------------------------------------------------

local function cost(c, p)
  local part = assay.data("digits"):train()
  local wide = c.net == "wide"
  local model = assay.model("mlp", { hidden = wide and { 256, 256 } or { p.hidden } })
  local rows = assay.range(wide and 128 or p.batch)
  local batch = { x = part.x:take(rows), y = part.y:take(rows), classes = part.classes }
  local w, spent = model:init(c.seed, part), { forward = 0, double = 0 }
  local parts = {
    forward = function(_, there) model:grad(there, batch) end,
    double = function(g) model:hvp(w, g, batch) end,
  }
  local there = w + model:grad(w, batch) * p.eps
  local each = wide and 20 or 200
  for block = 0, 20 do -- the first warms up
    for name, other in pairs(parts) do
      local start = os.clock()
      for _ = 1, each do other(model:grad(w, batch), there) end
      spent[name] = block == 0 and 0 or spent[name] + os.clock() - start
    end
  end
  return {
    forward_us = spent.forward / (20 * each) * 1e6, double_us = spent.double / (20 * each) * 1e6,
    ratio = math.log(spent.forward / spent.double),
  }
end

-- --- diagonal linear nets ---------------------------------------------------------------------------

-- w holds u and v as rows; SIGNS makes beta = u^2 - v^2 a sum over rows.
local SIGNS = assay.matrix { { 1 }, { -1 } }

local function diagonal_net(c, p)
  local a = assay.random("normal", p.rows, p.d, 3000 + c.seed) + (c.rows == "shifted" and p.shift or 0)
  local teacher, gram = assay.zeros(1, p.d), a:t():mul(a) / p.rows
  for j = 1, p.sparsity do teacher[j] = 1 end
  local function slope(w) return ((w * w * SIGNS):sum(1) - teacher):mul(gram) end
  return {
    largest = gram:eigh():max(), teacher = teacher,
    f = function(w)
      local q = slope(w)
      return (((w * w * SIGNS):sum(1) - teacher) * q):sum() / 2, w * SIGNS * (q * 2)
    end,
    hvp = function(w, v)
      local dq = (w * v * SIGNS):sum(1):mul(gram) * 2
      return v * SIGNS * (slope(w) * 2) + w * SIGNS * (dq * 2)
    end,
  }
end

-- By how much the geometric mean of |u_j v_j| fell, as a log, over the inputs from first to last.
local function fall(w, first, last, p)
  local u, v = w:view(1, 1, first, last), w:view(2, 2, first, last)
  return (u * v):abs():log():mean() - 2 * math.log(p.scale)
end

-- What hovering about a level does: the excess of two steps, down and up, over what the backward difference says.
local function hover(net, w, lr, p)
  local rule, off, pairs_seen = assay.optimizer("flooding", { level = p.level }), 0, 0
  local difference = assay.optimizer("gr-fd", { gamma = lr, eps = lr, difference = "backward" })
  local before, loss_before
  for _ = 1, p.hover do
    local loss, g = net.f(w)
    if before and loss_before >= p.level and loss < p.level then
      local _, g_before = net.f(before)
      local penalty = before - g_before * lr - difference:step(before:copy(), nil, lr, net.f) -- lr^2 r
      local moved = w + g * lr - before
      off, pairs_seen = math.max(off, (moved + penalty):norm() / moved:norm()), pairs_seen + 1
    end
    before, loss_before = w:copy(), loss
    rule:step(w, g, lr, net.f)
  end
  return off, pairs_seen
end

local function descend(net, w, method, lr, p)
  local gamma = p.gamma / net.largest
  local options = { gamma = gamma, eps = p.dln_eps / net.largest, difference = method }
  local differs = method == "forward" or method == "backward"
  local rule = differs and assay.optimizer("gr-fd", options) or assay.optimizer("sgd")
  for step = 1, p.most do
    local loss, g = net.f(w)
    if loss < p.zero then return step, loss end
    if method == "double" then g = g + net.hvp(w, g) * gamma end
    rule:step(w, g, lr, net.f)
  end
  return p.most, (net.f(w))
end

local function train_diagonal(c, p)
  local net, w, off, seen = diagonal_net(c, p), assay.ones(2, p.d) * p.scale, nil, nil
  local lr = p.dln_lr / net.largest
  if c.method == "flooding" then off, seen = hover(net, w, lr, p) end
  local steps, loss = descend(net, w, c.method, lr, p)
  local beta = (w * w * SIGNS):sum(1)
  return {
    steps = steps, loss = loss, l1 = beta:abs():sum(), risk = (beta - net.teacher):norm() ^ 2, off = off, hovers = seen,
    effective = fall(w, 1, p.d, p), on_teacher = fall(w, 1, p.sparsity, p),
  }
end

-- --- verdict ----------------------------------------------------------------------------------------

local function scored(results, p, method)
  return tuning.scored(of_nets(results), tuning.best(tuning.arms(of_nets(results), tuning_of(p)), { method = method }))
end

local function nets(results, p, a, b, name)
  return claims.paired(claims.by_seed(scored(results, p, a), name), claims.by_seed(scored(results, p, b), name))
end

local function dln(results, rows, a, b, name)
  local function of(method)
    return claims.by_seed(results:where { what = "dln", rows = rows, method = method }, name)
  end
  return claims.paired(of(a), of(b))
end

local function costs(results, net)
  local ratios = results:where({ what = "cost", net = net }):values("ratio")
  return claims.mean(ratios)
end

local function flooding_identity(results)
  local off, n = 0, 0
  for _, row in ipairs(results:where({ what = "dln", method = "flooding" }):done()) do
    off, n = math.max(off, row.off), n + row.hovers
  end
  return {
    kind = "exact", statement = "Flooding's step down and up is a step on the gradient norm by a backward difference.",
    unit = "largest relative difference of the two", effect = off, at_most = 1e-6, n = n,
    why = "differences of weights of size 1 that are 1e-8 apart keep some 8 digits",
  }
end

local function of_diagonal(results, rows, p)
  local text = rows == "shifted" and string.format("Rows of mean %g", p.shift) or "Rows of mean 0"
  local function effective(a, b) return dln(results, rows, a, b, "effective") end
  return {
    claims.finding(effective("double", "sgd"), {
      statement = text .. ": regularization lowers the effective scale.",
      unit = "difference of log effective scales, double - none", less_than = 0,
    }),
    claims.finding(effective("forward", "double"), {
      statement = text .. ": the difference uphill lowers it more.",
      unit = "difference of log effective scales, forward - double", less_than = 0,
    }),
    claims.finding(effective("flooding", "sgd"), {
      statement = text .. ": flooding lowers it, too.",
      unit = "difference of log effective scales, flooding - none", less_than = 0,
    }),
    claims.finding(dln(results, rows, "double", "sgd", "l1"), {
      statement = text .. ": the solution comes nearer to the one of least l1 norm.",
      unit = "difference of l1 norms, double - none", less_than = 0,
    }),
    claims.finding(dln(results, rows, "forward", "double", "l1"), {
      statement = text .. ": more so with the difference uphill.",
      unit = "difference of l1 norms, forward - double", less_than = 0,
    }),
    claims.finding(dln(results, rows, "forward", "sgd", "risk"), {
      statement = text .. ": the sparse teacher is found better.",
      unit = "difference of |beta - beta*|^2, forward - none", less_than = 0,
    }),
  }
end

local function verdict(results, p)
  local list = {
    claims.finding(costs(results, "small"), {
      statement = "A finite difference costs less than a Hessian product: the net trained here.",
      unit = "log of the ratio of processor times", less_than = 0,
    }),
    claims.finding(costs(results, "wide"), {
      statement = "… and a net of two layers of 256.",
      unit = "log of the ratio of processor times", less_than = 0,
    }),
    claims.finding(nets(results, p, "forward", "double", "test_error"), {
      statement = "Forward differences generalize at least as well.",
      unit = "test error, forward - double", at_most = 0,
    }),
    claims.finding(nets(results, p, "forward", "sgd", "test_error"), {
      statement = "Regularization by forward differences generalizes better.",
      unit = "test error, forward - none", less_than = 0,
    }),
    claims.finding(nets(results, p, "forward", "backward", "test_error"), {
      statement = "Uphill generalizes at least as well as downhill.",
      unit = "test error, forward - backward", at_most = 0,
    }),
    flooding_identity(results),
  }
  for _, rows in ipairs { "shifted", "centred" } do
    for _, finding in ipairs(of_diagonal(results, rows, p)) do list[#list + 1] = finding end
  end
  return list
end

local function show(results, p)
  print(string.format("MLP of %d units on %d digits, batches of %d, %d epochs, rate %g; %d fresh seeds.", p.hidden,
    p.train, p.batch, p.epochs, p.lr, p.seeds))
  local out = report.table { "method", "strength", "gradients", "train loss", "|gradient|", "test error", "test loss" }
  local gradients = { sgd = "1", flooding = "1", double = "1 + a product" }
  for _, arm in ipairs(tuning.arms(of_nets(results), tuning_of(p))) do
    for _, group in ipairs(tuning.scored(of_nets(results), arm):group("method")) do
      out:row {
        arm.keys.method, report.label(arm.rate or "-"), gradients[arm.keys.method] or "2", group:text "train_loss",
        group:text "grad_norm", group:text "test_error", group:text "test_loss",
      }
    end
  end
  out:print()
  print()
  print("Processor time of an update's gradients, in microseconds; ratio: log of forward over double")
  results:where({ what = "cost" }):group("net"):table({ "forward_us", "double_us", "ratio" }):print()
  print()
  print(string.format("Diagonal linear nets: %d measurements, %d inputs, %d of them in the teacher (its l1 norm: %d), "
    .. "scale %g.", p.rows, p.d, p.sparsity, p.sparsity, p.scale))
  print("effective: log of the effective scale over the first one; on_teacher: of the teacher's inputs alone")
  results:where({ what = "dln" }):group("rows", "method"):table({ "l1", "risk", "effective", "on_teacher" }):print()
end

local function grid(p)
  local list = {}
  for _, method in ipairs(NET_METHODS) do
    for _, strength in ipairs(CENTRES[method] and tuning.rates(CENTRES[method], p.strengths) or { false }) do
      for _, seed in ipairs(tuning.seeds(p.tuning_seeds)) do
        list[#list + 1] = { what = "net", method = method, strength = strength or nil, seed = seed }
      end
    end
  end
  for seed = 1, p.dln_seeds do
    for _, net in ipairs { "small", "wide" } do list[#list + 1] = { what = "cost", net = net, seed = seed } end
    for _, rows in ipairs { "centred", "shifted" } do
      for _, method in ipairs { "sgd", "double", "forward", "backward", "flooding" } do
        list[#list + 1] = { what = "dln", rows = rows, method = method, seed = seed }
      end
    end
  end
  return list
end

return assay.experiment {
  name = "gradient-regularization-fd",
  summary = "Is a penalty on the gradient's norm better computed by a finite difference?",
  params = {
    seeds = 20, tuning_seeds = 5, strengths = 5, train = 200, valid = 600, hidden = 64, batch = 32, epochs = 300,
    lr = 0.1, eps = 0.1, dln_seeds = 10, d = 50, rows = 30, sparsity = 4, shift = 1.0, scale = 0.2, gamma = 1.0,
    dln_eps = 0.4, dln_lr = 0.2, zero = 1e-5, most = 30000, level = 0.1, hover = 5000,
  },
  grid_params = { "seeds", "tuning_seeds", "strengths", "dln_seeds" },
  claim = {
    title = "Understanding Gradient Regularization in Deep Learning: Efficient Finite-Difference Computation and "
      .. "Implicit Bias",
    authors = "R. Karakida, T. Takase, T. Hayase, K. Osawa", year = 2023, published = "ICML 2023, arXiv:2210.02720",
    kind = "order",
    statement = "Gradient regularization by a finite difference uphill is cheaper than by double backpropagation and "
      .. "generalizes at least as well; it moves diagonal linear nets to the rich regime, and flooding does so "
      .. "implicitly.",
  },
  setup = function() return assay.data("digits"):load() end,
  grid = grid,
  more = function(results, p) return tuning.more(of_nets(results), tuning_of(p)) end,
  run = function(run, c, p)
    if c.what == "cost" then return cost(c, p) end
    if c.what == "dln" then return train_diagonal(c, p) end
    return train_net(run, c, p)
  end,
  report = show,
  verdict = verdict,
}
