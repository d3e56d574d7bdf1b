--- Claim: Lion with weight decay lambda minimizes f under the bound |x|_inf <= 1/lambda, Lion-K with another convex K
-- under that of the dual norm: iterates come to the bound exponentially fast, stay within, and there a Lyapunov
-- function falls. Chen, Liu, Liang, Liu 2024, Lion Secretly Solves Constrained Optimization: As Lyapunov Predicts.
--
--   quadratic  f(x) = (x - x*)'H(x - x*)/2 with x* outside the bound, from far outside and from within; the constrained
--              optimum by projected gradient descent, an independent route. K = l1 (box) and l2 (ball).
--   Lyapunov   Lion as its differential equation with step eta, m' = -gamma (g + m) and so b2 = 1 - eta gamma,
--              epsilon = (1 - b1)/gamma: within the box
--                V = gamma f(x) + b1/(1 + epsilon lambda) (|m|_1 - lambda m.x),  m with the sign of -g.
--              A step of eta may raise V by what the discretization errs; that must vanish with eta.
--   net        an MLP on digits by mini-batches: all weights within the box, whatever the loss wants.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"

-- --- quadratics -------------------------------------------------------------------------------------

local function quadratic(seed, p)
  local a = assay.random("normal", p.d, p.d, seed)
  local h = a:t():mul(a) / p.d + assay.eye(p.d) * 0.1
  local best = assay.random("normal", p.d, 1, 7000 + seed) * 2
  return {
    best = best,
    gradient = function(x) return h:mul(x - best) end,
    value = function(x) return ((x - best) * h:mul(x - best)):sum() / 2 end,
    largest = h:eigh():max(),
  }
end

-- The bound of each K: its norm, and the projection on {norm <= r}.
local BOUNDS = {
  l1 = {
    norm = function(x) return x:abs():max() end,
    project = function(x, r) return x:maximum(assay.matrix { { -r } }):minimum(assay.matrix { { r } }) end,
  },
  l2 = {
    norm = function(x) return x:norm() end,
    project = function(x, r) return x * math.min(1, r / x:norm()) end,
  },
}

-- The constrained optimum by projected gradient descent, accelerated (Beck and Teboulle 2009).
local function constrained(q, bound, r)
  local x = bound.project(assay.zeros(q.best:rows(), 1), r)
  local y, t = x, 1
  for _ = 1, 3000 do
    local next_x = bound.project(y - q.gradient(y) / q.largest, r)
    local next_t = (1 + math.sqrt(1 + 4 * t * t)) / 2
    y = next_x + (next_x - x) * ((t - 1) / next_t)
    x, t = next_x, next_t
  end
  return x
end

local function on_quadratic(c, p)
  local q, bound, r = quadratic(c.seed, p), BOUNDS[c.k], 1 / c.decay
  local rule = assay.optimizer("lion-k", { k = c.k, weight_decay = c.decay })
  local x = assay.random("normal", p.d, 1, 8000 + c.seed)
  x = x * ((c.start == "outside" and 5 or 0.5) * r / bound.norm(x))
  local first, excess, beyond, entered = bound.norm(x) - r, 0, 0, c.start == "inside"
  local shrink = 1
  for t = 1, p.steps do
    local rate = p.rate * (1 - (t - 1) / p.steps)
    rule:step(x, q.gradient(x), rate)
    local over = bound.norm(x) - r
    shrink = shrink * (1 - rate * c.decay)
    if entered then
      beyond = math.max(beyond, over / r)
    else
      -- 1 is the bound: each step leaves this part at most; 1e-12 of the bound is rounding
      excess = math.max(excess, over / (first * shrink + 1e-12 * r))
      entered = over <= 0
    end
  end
  local target = q.value(constrained(q, bound, r))
  return {
    excess = excess, beyond = beyond, entered = entered and 1 or 0, norm = bound.norm(x) / r,
    gap = (q.value(x) - target) / (q.value(assay.zeros(p.d, 1)) - target),
    free_norm = bound.norm(q.best) / r,
  }
end

-- --- the Lyapunov function --------------------------------------------------------------------------

local GAMMA, B1 = 10, 0.9

local function lyapunov(c, p)
  local q, lambda = quadratic(c.seed, p), c.decay
  local rule = assay.optimizer("lion", { b1 = B1, b2 = 1 - c.eta * GAMMA, weight_decay = lambda })
  local x = assay.random("uniform", p.d, 1, 9000 + c.seed) * (1.6 / lambda) - 0.8 / lambda
  local m, epsilon = assay.zeros(p.d, 1), (1 - B1) / GAMMA
  local up, first, last = 0, nil, nil
  for _ = 1, math.floor(p.time / c.eta) do
    local g = q.gradient(x)
    local v = GAMMA * q.value(x) + B1 / (1 + epsilon * lambda) * (m:abs():sum() - lambda * (m * x):sum())
    up = up + math.max(0, v - (last or v))
    first, last = first or v, v
    rule:step(x, g, c.eta)
    m = m * (1 - c.eta * GAMMA) - g * (c.eta * GAMMA)
  end
  return { rise = up / (first - last) }
end

-- --- a net ------------------------------------------------------------------------------------------

local function net(run, c, p, data)
  local r = assay.train {
    run = run, data = data, model = assay.model("mlp", { hidden = { 32 } }), seed = c.seed, batch = 32,
    epochs = p.epochs, optimizer = assay.optimizer("lion", { weight_decay = c.decay }), keep_weights = true,
    schedule = assay.schedule("cosine", { peak = 0.01 }),
  }
  local size = r.weights:abs():max() * c.decay
  return { net_size = size, test_error = r.test_error }
end

-- --- verdict ----------------------------------------------------------------------------------------

local function of_kind(results, k) return results:where { what = "quadratic", k = k } end

local function verdict(results, p)
  local outside = results:where { what = "quadratic", start = "outside" }
  local small, large = p.etas[#p.etas], p.etas[1]
  local function rise(eta) return results:where { what = "lyapunov", eta = eta } end
  local box, ball = of_kind(results, "l1"), of_kind(results, "l2")
  return {
    claims.finding(claims.largest(outside, "excess"), {
      statement = "From outside each step leaves at most 1 - eta lambda of the excess over the bound.",
      unit = "excess over its bound, largest", at_most = 1 + 1e-9, why = "1e-9 for rounding",
    }),
    claims.finding(claims.largest(results:where { what = "quadratic" }, "beyond"), {
      statement = "Once within the bound, iterates stay.",
      unit = "norm over the bound - 1, largest", at_most = 1e-12, why = "rounding",
    }),
    claims.finding(claims.largest(box, "gap"), {
      statement = "Lion ends at the optimum under |x|_inf <= 1/lambda.",
      unit = "gap over that of x = 0, largest", at_most = 1e-3,
      why = "the rate falls to 0 over a finite time: the last digits are not reached",
    }),
    claims.finding(claims.largest(ball, "gap"), {
      statement = "Lion-K with K = l2 ends at the optimum under |x|_2 <= 1/lambda.",
      unit = "gap over that of x = 0, largest", at_most = 1e-3, why = "the same",
    }),
    claims.finding(claims.largest(rise(small), "rise"), {
      statement = "Within the box the Lyapunov function falls.",
      unit = string.format("rise over fall of V at eta = %g, largest", small), at_most = 1e-5,
      why = string.format("at eta = %g it is %.2g", large, claims.largest(rise(large), "rise").effect),
    }),
    claims.finding(claims.largest(results:where { what = "net" }, "net_size"), {
      statement = "All weights of a net end within the box.",
      unit = "|w|_inf lambda, largest", at_most = 1 + 1e-6, why = "float32; the start lies within",
    }),
  }
end

local function show(results, p)
  print(string.format("Quadratics in %d dimensions; free optimum: the norm of x* over the bound 1/lambda.", p.d))
  print("Largest of the seeds: the last norm from the bound, and the gap to the constrained optimum over that of 0.")
  local out = report.table { "K", "lambda", "start", "free optimum", "from the bound", "gap" }
  for _, group in ipairs(results:where({ what = "quadratic" }):group("k", "decay", "start")) do
    local keys, off = group.keys, 0
    for _, row in ipairs(group.rows:done()) do off = math.max(off, math.abs(row.norm - 1)) end
    out:row {
      keys.k, report.label(keys.decay), keys.start, group:text("free_norm"), string.format("%.1e", off),
      string.format("%.1e", claims.largest(group.rows, "gap").effect or 0 / 0),
    }
  end
  out:print()
  print()
  print("Lyapunov function along Lion with step eta: its rises over its fall")
  results:where({ what = "lyapunov" }):group("eta"):table({ "rise" }):print()
  print()
  print("MLP on digits: the largest weight times lambda")
  results:where({ what = "net" }):group("decay"):table({ "net_size", "test_error" }):print()
end

return assay.experiment {
  name = "lion-lyapunov",
  summary = "Does Lion with weight decay solve a constrained problem?",
  params = {
    seeds = 10, d = 50, steps = 20000, rate = 0.01, time = 8, decays = { 0.5, 1, 2 }, etas = { 4e-3, 2e-3, 1e-3 },
    net_decays = { 3, 10 }, epochs = 40,
  },
  grid_params = { "seeds", "decays", "etas", "net_decays" },
  claim = {
    title = "Lion Secretly Solves Constrained Optimization: As Lyapunov Predicts",
    authors = "L. Chen, B. Liu, K. Liang, Q. Liu", year = 2024, published = "ICLR 2024, arXiv:2310.05898",
    kind = "exact",
    statement = "Lion with decoupled weight decay lambda minimizes the loss under |x|_inf <= 1/lambda, Lion-K under "
      .. "the bound of the dual norm; iterates come to the bound exponentially fast, and a Lyapunov function falls.",
  },
  setup = function() return assay.data("digits"):load() end,
  grid = function(p)
    local list = {}
    for seed = 1, p.seeds do
      for _, decay in ipairs(p.decays) do
        for _, k in ipairs { "l1", "l2" } do
          for _, start in ipairs { "outside", "inside" } do
            list[#list + 1] = { what = "quadratic", k = k, decay = decay, start = start, seed = seed }
          end
        end
      end
      for _, eta in ipairs(p.etas) do list[#list + 1] = { what = "lyapunov", eta = eta, decay = 1, seed = seed } end
      for _, decay in ipairs(p.net_decays) do list[#list + 1] = { what = "net", decay = decay, seed = seed } end
    end
    return list
  end,
  run = function(run, c, p, data)
    if c.what == "quadratic" then return on_quadratic(c, p) end
    if c.what == "lyapunov" then return lyapunov(c, p) end
    return net(run, c, p, data)
  end,
  report = show,
  verdict = verdict,
}
