--- Claim: one gradient of the loss in a model's outputs z makes a surrogate that bounds the loss from above, on which
-- many steps of the weights follow; where gradients are dear, fewer are needed. Lavington, Vaswani, Babanezhad,
-- Schmidt, Le Roux 2023, Target-based Surrogates for Stochastic Optimization.
--
--   bound  f against mean [l(z_t) + q (z - z_t) + (L_z/2)(z - z_t)^2] + (l2/2)|w|^2 at random pairs of weights, worked
--          out here from the rows; and f along SSO on all data, by three ways of minimizing the surrogate.
--   price  gradient calls, in passes, until f - f* is `target` of its first value. Linear models with logistic or
--          squared loss; all data at once, or batches. SSO takes m line-search steps on each surrogate, as in the
--          authors' code. Tuned for each problem, batch and m: eta of SSO, the rates of SGD and Adam; with batches also
--          whether they fall as 1/sqrt(k). SLS (Armijo on the batch's loss) has nothing to tune; each of its trials is
--          priced as a third of a gradient. At price c the cost is c calls + the products with rows, in passes. A seed
--          splits the data and orders the batches.
--
-- It holds, and where it is weak shows why. Fewer gradients as m grows: on squares and all data most of all, where the
-- surrogate with eta = 1/L_z is the loss itself; least on logistic regression of breast-cancer, whose examples end far
-- from the boundary: there the loss is much flatter than the surrogate, and its minimum a step too short. To 1/100 of
-- that target (--set target=1e-4 --set most=1000, all data, 5 seeds) the slope is -0.02 +- 0.05, and Adam as good. With
-- batches a large m fits the batch: on that problem with eta constant alone the claim failed (6 seeds: 3.5 passes at
-- m = 1, 8.4 at m = 30), and eta must fall; then 6 seeds left it open and 12 barely decide. m beyond 10 gains little
-- there and nothing on digits. On batches m = 10 pays from a price between 1 and 100; at 1 SGD or Adam are as cheap, on
-- squares cheaper by half.
-- Liberties: smaller data than the paper's, no imitation learning; its other ways to choose eta are left out.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"
local tuning = require "assay.tuning"

local DECAYS = { constant = "constant", ["1/sqrt"] = "inverse-sqrt" }
local METHODS, RIVALS = { "sso 1", "sso 3", "sso 10", "sso 30", "sgd", "adam", "sls" }, { "sgd", "adam", "sls" }
local INNER_STEPS = { ["sso 1"] = 1, ["sso 3"] = 3, ["sso 10"] = 10, ["sso 30"] = 30 }

local function split(id, n)
  return function(seed) return assay.data(id, { train = n, valid = 0, split_seed = seed }) end
end
local function teacher(seed)
  return assay.data("linear-teacher", {
    train = 1000, valid = 0, test = 0, d = 30, condition = 100, noise = 0.5, seed = seed,
  })
end
local PROBLEMS = {
  ["logistic, breast-cancer"] = { of = "logistic-regression", data = split("breast-cancer", 455), positive = 1 },
  ["logistic, digits"] = { of = "logistic-regression", data = split("digits", 1437), positive = 8 },
  ["squares, breast-cancer"] = { of = "least-squares", data = split("breast-cancer", 455), classes = true },
  ["squares, teacher"] = { of = "least-squares", data = teacher },
}
local NAMES = { "logistic, breast-cancer", "logistic, digits", "squares, breast-cancer", "squares, teacher" }

-- The objective of a seed, its least value, rows and targets.
local function problem(name, seed, p)
  local how = PROBLEMS[name]
  local data = how.data(seed)
  local part = data:train()
  local f = assay.objective(how.of, { data = data, l2 = p.l2, positive = how.positive })
  local y = part.y
  if how.positive then y = 1 - (y - how.positive):abs():sign() * 2 end
  if how.classes then y = y * 2 - 1 end
  return {
    f = f, x = part.x:copy("f64"), y = y:copy("f64"), start = f:value(f:start()),
    least = assay.minimizer("newton-cg"):minimize(f, { passes = 5000, grad_norm = 1e-12 }).value,
    logistic = how.of == "logistic-regression",
  }
end

-- --- the loss in the outputs ------------------------------------------------------------------------

-- Values and slopes of the links at outputs z, n x 1.
local function links(q, z, y)
  if not q.logistic then return (z - y) ^ 2 / 2, z - y end
  local m = y * z
  local size = m:abs()
  return (-size):exp():log1p() + (size - m) / 2, -y / (m:exp() + 1)
end

local function penalty(w, p) return p.l2 / 2 * w:norm() ^ 2 end

-- The largest f - surrogate over random pairs of weights, over the size of f; eta in units of 1/L_z.
local function excess(q, c, p, eta)
  local d, curvature, worst = q.x:cols(), q.logistic and 1 / 4 or 1, -math.huge
  for k = 1, p.pairs do
    local from = assay.random("normal", d, 1, 1000 * c.seed + k) * (k % 4) * 0.3
    local w = from + assay.random("normal", d, 1, 500000 + 1000 * c.seed + k) * 10 ^ (k % 5 - 3)
    local z = q.x:mul(from)
    local value, slope = links(q, z, q.y)
    local dz = q.x:mul(w) - z
    local above = (value + slope * dz + dz * dz * (curvature / (2 * eta))):mean() + penalty(w, p)
    local f = q.f:value(w)
    worst = math.max(worst, (f - above) / (1 + math.abs(f)))
  end
  return worst
end

-- What f rises along SSO over what it falls.
local function rise(q, inner, m)
  local rule = assay.minimizer("sso", { inner = inner, steps = m })
  local value, up = rule:minimize(q.f, { iterations = 100, every = 0 }).trace.value, 0
  for i = 2, #value do up = math.max(up, value[i] - value[i - 1]) end
  return up / (value[1] - value[#value])
end

local function bound(c, p)
  local q = problem(c.problem, c.seed, p)
  local worst = 0
  for _, inner in ipairs { "armijo", "cg", "fixed" } do
    for _, m in ipairs { 1, 10, 30 } do worst = math.max(worst, rise(q, inner, m)) end
  end
  return { excess = excess(q, c, p, 1), beyond = excess(q, c, p, 1.5), rise = worst }
end

-- --- gradients to a target --------------------------------------------------------------------------

-- Armijo search of Vaswani et al. 2019 on each batch: passes of gradients and of values.
local function line_search(q, c, p)
  local n, d = q.x:rows(), q.x:cols()
  local batch = c.batch == "all" and n or c.batch
  local order, w, eta = assay.sampler("random-reshuffling"), assay.zeros(d, 1), 1
  local goal = q.least + p.target * (q.start - q.least)
  local gradients, values, looked = 0, 0, 0
  for epoch = 0, p.most - 1 do
    local list = order:epoch(n, c.seed, epoch)
    for first = 1, n, batch do
      local rows = table.move(list, first, math.min(first + batch, n + 1) - 1, 1, {})
      local x, y = q.x:take(rows), q.y:take(rows)
      local function loss(at)
        local value, slope = links(q, x:mul(at), y)
        return value:mean() + penalty(at, p), slope
      end
      local here, slope = loss(w)
      local g = x:t():mul(slope) / #rows + w * p.l2
      local share, size = #rows / n, g:norm() ^ 2
      gradients, eta = gradients + share, eta * 2 ^ share
      for _ = 1, 100 do
        values = values + share
        if loss(w - g * eta) <= here - 0.1 * eta * size then break end
        eta = 0.9 * eta
      end
      w = w - g * eta
      if gradients - looked >= p.look - 1e-9 then
        looked = gradients
        if q.f:value(w) <= goal then return gradients, values, true end
      end
    end
  end
  return gradients, values, false
end

local function minimizer_of(c, q)
  local m, n = INNER_STEPS[c.method], q.x:rows()
  local batch = c.batch == "all" and n or c.batch
  local function schedule(peak) return assay.schedule(DECAYS[c.decay], { peak = peak }) end
  if m then
    local eta = c.rate * (q.logistic and 4 or 1)
    return assay.minimizer("sso", { batch = batch, steps = m, rate = eta, schedule = schedule(1) }), m + 0.5
  end
  local rate = c.method == "sgd" and c.rate / q.f:facts().smoothness or c.rate
  return assay.minimizer("stochastic", { optimizer = c.method, batch = batch, schedule = schedule(rate) }), 1
end

-- Calls of the gradient, and all products with rows, in passes. The score of a run that does not get there tells how
-- far it stays away, so that tuning has something to go by.
local function price(c, p)
  local q = problem(c.problem, c.seed, p)
  if c.method == "sls" then
    local gradients, values, reached = line_search(q, c, p)
    local calls = gradients + values / 3
    return { calls = calls, log_calls = math.log(calls, 10), work = calls, lost = reached and 0 or 1 }
  end
  local rule, each = minimizer_of(c, q)
  local goal = p.target * (q.start - q.least)
  local r = rule:minimize(q.f, {
    passes = p.most * each, every = p.look * each, gap = goal, minimum = q.least, seed = c.seed,
  })
  local reached = r.status == "gap"
  local calls = reached and r.gradients or p.most
  local away = reached and 0 or math.log((r.value - q.least) / goal, 10)
  return {
    calls = calls, log_calls = math.log(calls, 10), work = reached and r.gradients + r.hvps or p.most * each,
    lost = reached and 0 or 1, score = away < math.huge and math.log(calls, 10) + away or nil,
  }
end

-- --- verdict ----------------------------------------------------------------------------------------

local function options(p)
  return {
    by = { "what", "problem", "batch", "method", "decay" }, rate = "rate", score = "score", seeds = p.tuning_seeds,
    fresh = p.seeds,
  }
end

-- A function of problem, batch and method: the fresh runs under the decay that tuned better, and that arm.
local function chooser(results, p)
  local runs = results:where { what = "price" }
  local arms = tuning.arms(runs, options(p))
  return function(name, batch, method)
    local arm = tuning.best(arms, { problem = name, batch = batch, method = method })
    return tuning.scored(runs, arm), arm
  end
end

local function log_cost(c) return function(row) return math.log(c * row.calls + row.work, 10) end end

-- The slope of log calls over log m, by seed.
local function slopes(fresh, name, batch)
  local x, y = {}, {}
  for method, m in pairs(INNER_STEPS) do
    x[#x + 1], y[#y + 1] = math.log(m, 10), claims.by_seed(fresh(name, batch, method), "log_calls")
  end
  return claims.slopes(x, y)
end

-- The rival of least mean log cost at a price.
local function best_rival(fresh, name, batch, c)
  local best, least = nil, math.huge
  for _, rival in ipairs(RIVALS) do
    local list = claims.values(claims.by_seed(fresh(name, batch, rival), log_cost(c)))
    local mean = #list > 0 and assay.stats.mean(list) or math.huge
    if mean < least then best, least = rival, mean end
  end
  return best
end

local function largest(results, name) return claims.largest(results:where { what = "bound" }, name) end

local function label(name, batch) return name .. (batch == "all" and ", all data" or ", batch " .. batch) end

local function verdict(results, p)
  local fresh = chooser(results, p)
  local out = {
    claims.finding(largest(results, "excess"), {
      statement = "The surrogate with eta = 1/L_z bounds the loss from above.",
      kind = "exact", unit = "largest f - surrogate, over 1 + f", at_most = 1e-12,
      why = string.format("rounding; with eta = 1.5/L_z it reaches %.2g", largest(results, "beyond").effect),
    }),
    claims.finding(largest(results, "rise"), {
      statement = "On all data SSO with eta = 1/L_z never raises the loss.",
      kind = "exact", unit = "largest rise over the whole fall", at_most = 1e-13, why = "rounding",
    }),
  }
  for _, name in ipairs(NAMES) do
    for _, batch in ipairs(p.batches) do
      out[#out + 1] = claims.finding(claims.mean(slopes(fresh, name, batch)), {
        statement = label(name, batch) .. ": with more steps on each surrogate fewer gradients are needed.",
        kind = "order", unit = "slope of log calls over log m, m from 1 to 30", less_than = 0,
      })
      local rival = best_rival(fresh, name, batch, p.price)
      out[#out + 1] = claims.finding(claims.paired(claims.by_seed(fresh(name, batch, "sso 10"), log_cost(p.price)),
        claims.by_seed(fresh(name, batch, rival), log_cost(p.price))), {
        statement = string.format("%s: at price %d SSO with m = 10 costs less than the best rival.", label(name,
          batch), p.price),
        kind = "order", unit = "log10 of the ratio of costs", less_than = 0, why = "the rival is " .. rival:upper(),
      })
    end
  end
  return out
end

-- --- report -----------------------------------------------------------------------------------------

local function geometric(rows, of)
  local list = claims.values(claims.by_seed(rows, of))
  return #list > 0 and string.format("%.3g", 10 ^ assay.stats.mean(list)) or "-"
end

local function cell(rows, arm)
  if #rows:done() == 0 then return "-" end
  local text, lost = geometric(rows, function(r) return r.log_calls end), assay.stats.mean(rows:values("lost"))
  if arm.rate then text = string.format("%s (%g%s)", text, arm.rate, arm.keys.decay == "1/sqrt" and " d" or "") end
  return lost > 0 and ">" .. text or text
end

local function show_calls(fresh, p)
  local out = report.table { "problem", "batch", table.unpack(METHODS) }
  for _, name in ipairs(NAMES) do
    for _, batch in ipairs(p.batches) do
      local cells = { name, report.label(batch) }
      for _, method in ipairs(METHODS) do cells[#cells + 1] = cell(fresh(name, batch, method)) end
      out:row(cells)
    end
  end
  out:print()
end

local function show_prices(fresh, p)
  local out = report.table { "problem", "batch", "price", table.unpack(METHODS) }
  for _, name in ipairs(NAMES) do
    for _, batch in ipairs(p.batches) do
      for _, c in ipairs(p.prices) do
        local cells = { name, report.label(batch), report.label(c) }
        for _, method in ipairs(METHODS) do
          cells[#cells + 1] = geometric((fresh(name, batch, method)), log_cost(c))
        end
        out:row(cells)
      end
    end
  end
  out:print()
end

local function show(results, p)
  local fresh = chooser(results, p)
  print(string.format("Passes of gradient calls until the gap is %g of the first: geometric mean of %d seeds.",
    p.target, p.seeds))
  print("In brackets the tuned rate: eta L_z of SSO, rate times L of SGD, Adam's own; d: falling as 1/sqrt(k). SLS:")
  print("gradients + trials/3.")
  print(string.format(">: some run did not get there in %d passes, and counts as %d.", p.most, p.most))
  show_calls(fresh, p)
  print()
  print("Cost at a price of c a gradient call: c calls + passes of products with rows")
  show_prices(fresh, p)
end

-- All methods and rates with these settings; only batches may need rates that fall.
local function add_arms(out, settings)
  local function add(method, decay, rate)
    local config = { method = method, decay = decay, rate = rate }
    for key, value in pairs(settings) do config[key] = value end
    out[#out + 1] = config
  end
  for _, method in ipairs(METHODS) do
    local rates = method == "adam" and tuning.rates(0.05, 3) or tuning.rates(1, 3)
    if method == "sls" then add(method, "none") end
    for _, rate in ipairs(method ~= "sls" and rates or {}) do
      add(method, "constant", rate)
      if settings.batch ~= "all" then add(method, "1/sqrt", rate) end
    end
  end
end

return assay.experiment {
  name = "target-surrogates-sso",
  summary = "Do many steps on a surrogate in the outputs save gradients of the loss?",
  params = {
    seeds = 12, tuning_seeds = 3, l2 = 1e-3, batches = { "all", 64 }, target = 0.01, most = 300, look = 0.25,
    pairs = 100, price = 100, prices = { 1, 10, 100, 1000 },
  },
  grid_params = { "seeds", "tuning_seeds", "batches" },
  claim = {
    title = "Target-based Surrogates for Stochastic Optimization",
    authors = "J. W. Lavington, S. Vaswani, R. Babanezhad, M. Schmidt, N. Le Roux", year = 2023,
    published = "ICML 2023, arXiv:2302.02607", kind = "order",
    statement = "A surrogate built from one gradient in the outputs bounds the loss from above, so that minimizing it "
      .. "on all data never raises the loss; with more steps on each surrogate fewer gradients reach a given loss.",
  },
  grid = function(p)
    local out = {}
    for _, name in ipairs(NAMES) do
      for seed = 1, p.seeds do out[#out + 1] = { what = "bound", problem = name, seed = seed } end
      for _, batch in ipairs(p.batches) do
        for seed = 1, p.tuning_seeds do
          add_arms(out, { what = "price", problem = name, batch = batch, seed = seed })
        end
      end
    end
    return out
  end,
  more = function(results, p) return tuning.more(results:where { what = "price" }, options(p)) end,
  run = function(_, c, p) return c.what == "bound" and bound(c, p) or price(c, p) end,
  report = show,
  verdict = verdict,
}
