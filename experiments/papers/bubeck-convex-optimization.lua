--- Claim: the ladder of rates of convex optimization. Bubeck 2015, Convex Optimization: Algorithms and Complexity. Each
-- method runs on functions of known minimum and is asked two things: does the gap keep below the bound of its theorem
-- at every iteration, and is the slope in log-log (from k = 30 on) at least as steep as the rate?
--
--   smooth   f = sum_j j^-2 (w_j - o_j)^2/2 in 2000 weights, the start off by +-j^-0.55: nearly as hard as can be at a
--            finite distance R. Gradient descent 2 L R^2/k, Nesterov 2 L R^2/(k + 1)^2, FISTA the same with an l1
--            penalty, where the minimum is a soft threshold.
--   strong   quadratics in 50 weights, eigenvalues from 1 to 1/kappa in equal ratios. Gradient descent
--            L R^2 exp(-k/kappa)/2, Nesterov (L + mu) R^2 exp(-k/sqrt kappa)/2; iterations to 1e-8 of the first gap
--            over kappa: exponents 1 and 1/2.
--   rough    f = max_j w_j + (mu/2) |w|^2 in 50 weights, mu = 0.05, over a ball of radius 4, from R = 1 away: runs of T
--            iterations, at the theorem's rate for that T. Subgradient R G/sqrt T, dual averaging 2 R G/sqrt T, both
--            with G = 1 + 4 mu; rates 2/(mu (t + 2)) give 2 G^2/(mu (T + 1)). Mirror descent with entropy over the
--            simplex instead, from a log-normal point: G sqrt(2 D/T), D the relative entropy, G = 1 + mu.
--   simplex  f = |w - o|^2/2 over the simplex of radius r = 20 in 100 weights; the minimum is a projection, by sorting.
--            Frank-Wolfe 2 L (r sqrt 2)^2/(k + 2), mirror prox with entropy r D/k, D as above.
--   cuts     mean |a_i.w - y_i| in d = 4 and 8 weights, ellipsoids from a ball around the start in which |f| <= B:
--            2 B exp(-k/(2 d^2)), with B taken from 200 points of the sphere, which is less. Fall of the log gap.
--   barrier  a quadratic over a box, d from 4 to 64: short Newton steps to a gap of 1e-6, over the log of nu/1e-6;
--            exponent 1/2 in nu = 2 d.
--
-- Liberties: no centre of gravity, which cannot be computed in passing. Slopes may miss a rate by 0.05, for the lower-
-- order terms of an exact rate do not vanish in so few decades; ellipsoids, whose volumes shrink just as the theorem
-- uses, by a tenth.
--
-- Seen: no method ever exceeds its bound, and all slopes are steep enough. Frank-Wolfe falls like k^-1.9, for this
-- minimum lies within a face; FISTA beyond k^-2, once it knows which weights are 0. Mirror descent comes to its
-- rate late: in 500 weights up to T = 10000, tried first, its slope was -0.2 to -0.3, in 50 weights it is -0.44 from
-- T = 300 to 30000 and -0.47 from 1000 to 100000, where the gap begins far below the bound. Hence 50 weights and long
-- runs.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"

-- --- tools ------------------------------------------------------------------------------------------

-- The gap after each iteration, [0] before the first, and the largest over a bound of k.
local function gaps(rule, f, least, options)
  options.every = 0
  local trace, gap = rule:minimize(f, options).trace, {}
  for i, value in ipairs(trace.value) do gap[trace.iteration[i]] = value - least end
  return gap
end

local function largest_ratio(gap, bound)
  local out = 0
  for k, value in ipairs(gap) do out = math.max(out, value / bound(k)) end
  return out
end

-- Slope of log gap over log k at places from `from` on that lie evenly in log k.
local function log_slope(gap, from)
  local x, y, k = {}, {}, from
  while k <= #gap do
    x[#x + 1], y[#y + 1] = math.log(k), math.log(gap[k])
    k = math.floor(k * 1.2)
  end
  return claims.slope(x, y)
end

local function first_below(gap, limit)
  for k, value in ipairs(gap) do
    if value <= limit then return k end
  end
end

-- A row of d numbers.
local function row(d, of)
  local out = {}
  for j = 1, d do out[j] = of(j) end
  return assay.matrix { out }
end

local function diagonal(d, seed, spectrum)
  spectrum.d, spectrum.seed, spectrum.rotate = d, seed, false
  local f = assay.objective("quadratic", spectrum)
  return f, f:optimum()
end

-- Relative entropy sum_j x_j ln(x_j/y_j).
local function entropy(x, y)
  local sum = 0
  for j = 1, x:cols() do
    if x(1, j) > 0 then sum = sum + x(1, j) * math.log(x(1, j) / y(1, j)) end
  end
  return sum
end

-- --- smooth and strongly convex -----------------------------------------------------------------------

local function gradient_descent(k, l_r2) return 2 * l_r2 / k end
local function nesterov(k, l_r2) return 2 * l_r2 / (k + 1) ^ 2 end

local SMOOTH = {
  gd = { bound = gradient_descent, rule = function() return assay.minimizer("gradient-descent") end },
  nesterov = { bound = nesterov, rule = function() return assay.minimizer("fista") end },
  fista = { bound = nesterov, l1 = 1e-5, rule = function(l1) return assay.minimizer("fista", { l1 = l1 }) end },
}

local function smooth(c, p)
  local case = SMOOTH[c.method]
  local f, o = diagonal(p.d, c.seed, { spectrum = "power", power = 2 })
  local l1, u = case.l1 or 0, assay.random("uniform", 1, p.d, 5000 + c.seed)
  local best = row(p.d, function(j)
    local cut = math.min(math.abs(o(1, j)), l1 * j ^ 2)
    return o(1, j) - (o(1, j) > 0 and cut or -cut)
  end)
  local start = row(p.d, function(j) return best(1, j) + (u(1, j) < 0.5 and -1 or 1) * j ^ -0.55 end)
  local least, r2 = f:value(best) + l1 * best:abs():sum(), (start - best):norm() ^ 2
  local gap = gaps(case.rule(l1), f, least, { start = start, iterations = p.iterations })
  return { slope = log_slope(gap, 30), ratio = largest_ratio(gap, function(k) return case.bound(k, r2) end) }
end

local STRONG = {
  gd = {
    rule = function() return assay.minimizer("gradient-descent") end,
    bound = function(k, kappa, r2) return r2 * math.exp(-k / kappa) / 2 end,
  },
  nesterov = {
    rule = function() return assay.minimizer("fista", { momentum = "strong" }) end,
    bound = function(k, kappa, r2) return (1 + 1 / kappa) * r2 * math.exp(-k / math.sqrt(kappa)) / 2 end,
  },
}

local function strong(c, p)
  local case, x, y, ratio = STRONG[c.method], {}, {}, 0
  for i, kappa in ipairs(p.kappas) do
    local f, o = diagonal(50, c.seed, { condition = kappa })
    local gap = gaps(case.rule(), f, 0, { iterations = math.ceil(20 * kappa), gap = 1e-9 * f:value(f:start()) })
    local r2 = (f:start() - o):norm() ^ 2
    ratio = math.max(ratio, largest_ratio(gap, function(k) return case.bound(k, kappa, r2) end))
    x[i], y[i] = math.log(kappa), math.log(first_below(gap, 1e-8 * gap[0]))
  end
  return { slope = claims.slope(x, y), ratio = ratio }
end

-- --- not smooth ---------------------------------------------------------------------------------------

local MU, RADIUS = 0.05, 4
local G = 1 + MU * RADIUS

-- The minimizer, the bound, both of R = 1 or the relative entropy, and of T.
local ROUGH = {
  subgradient = {
    rule = function() return { rate = 1 / G, horizon = true } end,
    bound = function(T) return G / math.sqrt(T) end,
  },
  ["dual-averaging"] = {
    rule = function() return { rate = 0.5 / G, horizon = true } end,
    bound = function(T) return 2 * G / math.sqrt(T) end,
  },
  strong = {
    id = "subgradient", rule = function() return { rule = "strong" } end,
    bound = function(T) return 2 * G ^ 2 / (MU * (T + 1)) end,
  },
  ["mirror-descent"] = {
    rule = function(distance)
      return { geometry = "entropy", rate = math.sqrt(2 * distance) / (1 + MU), horizon = true }
    end,
    bound = function(T, distance) return (1 + MU) * math.sqrt(2 * distance / T) end,
  },
}

local function rough(c, p)
  local case, d, simplex = ROUGH[c.method], p.rough_d, c.method == "mirror-descent"
  local f, noise = assay.objective("max-affine", { d = d, mu = MU }), assay.random("normal", 1, d, 6000 + c.seed)
  local best = simplex and row(d, function() return 1 / d end) or f:optimum()
  local start = best + noise / noise:norm()
  if simplex then
    start = (noise * 2):exp()
    start = start / start:sum()
  end
  local least, distance = f:value(best), simplex and entropy(best, start)
  local options = case.rule(distance)
  options.region, options.radius = simplex and "simplex" or "ball", simplex and 1 or RADIUS
  local rule, x, y, ratio = assay.minimizer(case.id or c.method, options), {}, {}, 0
  for i, T in ipairs(p.lengths) do
    local gap = rule:minimize(f, { start = start, iterations = T, every = 1e9 }).value - least
    x[i], y[i], ratio = math.log(T), math.log(gap), math.max(ratio, gap / case.bound(T, distance))
  end
  return { slope = claims.slope(x, y), ratio = ratio }
end

-- --- the simplex --------------------------------------------------------------------------------------

-- The nearest point of {w >= 0, sum w = r}: max(o_j - theta, 0), theta from the sorted entries.
local function project(o, r)
  local sorted, sum, theta = {}, 0, nil
  for j = 1, o:cols() do sorted[j] = o(1, j) end
  table.sort(sorted, function(a, b) return a > b end)
  for j, value in ipairs(sorted) do
    sum = sum + value
    if value > (sum - r) / j then theta = (sum - r) / j end
  end
  return row(o:cols(), function(j) return math.max(o(1, j) - theta, 0) end)
end

local function on_simplex(c, p)
  local d, r = 100, 20
  local f, o = diagonal(d, c.seed, { condition = 1 })
  local best, centre = project(o, r), row(d, function() return r / d end)
  local rule = assay.minimizer("frank-wolfe", { region = "simplex", radius = r })
  local start = row(d, function(j) return j == 1 and r or 0 end)
  local function bound(k) return 4 * r * r / (k + 2) end
  if c.method == "mirror-prox" then
    -- the entropy of this simplex is 1/r strongly convex in the l1-norm
    rule = assay.minimizer("mirror-prox", { region = "simplex", radius = r, geometry = "entropy", rate = 1 / r })
    start = centre
    bound = function(k) return r * entropy(best, centre) / k end
  end
  local gap = gaps(rule, f, f:value(best), { start = start, iterations = p.iterations })
  return { slope = log_slope(gap, 30), ratio = largest_ratio(gap, bound) }
end

-- --- cuts and barriers --------------------------------------------------------------------------------

local function cuts(c)
  local d, x, y, most = c.d, {}, {}, 0
  local f = assay.objective("l1-regression", { d = d, n = 5 * d, seed = c.seed })
  local radius = 2 * f:optimum():norm()
  local gap = gaps(assay.minimizer("ellipsoid", { radius = radius }), f, 0, { iterations = 40 * d * d })
  for k, value in ipairs(gap) do x[k], y[k] = k, math.log(value) end
  local points = assay.random("normal", 200, d, 7000 + c.seed)
  for i = 1, 200 do most = math.max(most, f:value(f:start() + points[i] * (radius / points[i]:norm()))) end
  return {
    slope = -claims.slope(x, y) * 2 * d * d,
    ratio = largest_ratio(gap, function(k) return 2 * most * math.exp(-k / (2 * d * d)) end),
  }
end

local function barrier(c, p)
  local x, y = {}, {}
  for i, d in ipairs(p.barrier_d) do
    local f, o = diagonal(d, c.seed, { condition = 10 })
    local best = row(d, function(j) return math.max(-0.5, math.min(0.5, o(1, j))) end)
    local rule = assay.minimizer("interior-point", { radius = 0.5, growth = "auto", tolerance = 1e-8 })
    local gap = gaps(rule, f, f:value(best), { start = best * 0, iterations = 1e5 })
    x[i], y[i] = math.log(2 * d), math.log(first_below(gap, 1e-6) / math.log(2 * d / 1e-6))
  end
  return { slope = claims.slope(x, y) }
end

-- --- verdict ------------------------------------------------------------------------------------------

local RUN = { smooth = smooth, strong = strong, rough = rough, simplex = on_simplex, cuts = cuts, barrier = barrier }

local DECAY, KAPPA = "slope of the log gap over log k", "exponent of kappa in the iterations"
local LADDER = {
  { what = "smooth", method = "gd", name = "Gradient descent", rate = "O(1/k)", at_most = -1, unit = DECAY },
  { what = "smooth", method = "nesterov", name = "Nesterov's method", rate = "O(1/k^2)", at_most = -2, unit = DECAY },
  { what = "smooth", method = "fista", name = "FISTA", rate = "O(1/k^2)", at_most = -2, unit = DECAY },
  { what = "strong", method = "gd", name = "Gradient descent, strongly convex", rate = "O(kappa) iterations",
    at_most = 1, unit = KAPPA },
  { what = "strong", method = "nesterov", name = "Nesterov's method, strongly convex",
    rate = "O(sqrt kappa) iterations", at_most = 0.5, unit = KAPPA },
  { what = "rough", method = "subgradient", name = "Subgradient", rate = "O(1/sqrt k)", at_most = -0.5, unit = DECAY },
  { what = "rough", method = "strong", name = "Subgradient, strongly convex", rate = "O(1/k)", at_most = -1,
    unit = DECAY },
  { what = "rough", method = "dual-averaging", name = "Dual averaging", rate = "O(1/sqrt k)", at_most = -0.5,
    unit = DECAY },
  { what = "rough", method = "mirror-descent", name = "Mirror descent", rate = "O(1/sqrt k)", at_most = -0.5,
    unit = DECAY },
  { what = "simplex", method = "frank-wolfe", name = "Frank-Wolfe", rate = "O(1/k)", at_most = -1, unit = DECAY },
  { what = "simplex", method = "mirror-prox", name = "Mirror prox", rate = "O(1/k)", at_most = -1, unit = DECAY },
  { what = "cuts", d = 4, name = "Ellipsoid method, d = 4", rate = "linear, exp(-k/(2 d^2))", at_least = 0.9,
    unit = "fall of the log gap an iteration times 2 d^2" },
  { what = "cuts", d = 8, name = "Ellipsoid method, d = 8", rate = "linear, exp(-k/(2 d^2))", at_least = 0.9,
    unit = "fall of the log gap an iteration times 2 d^2" },
  { what = "barrier", name = "Interior point", rate = "O(sqrt nu ln(nu/gap)) steps", at_most = 0.5,
    unit = "exponent of nu in the steps over ln(nu/gap)" },
}

local function rows_of(results, rung)
  return results:where { what = rung.what, method = rung.method, d = rung.d }
end

local function verdict(results, p)
  local out = {}
  for _, rung in ipairs(LADDER) do
    local rows = rows_of(results, rung)
    out[#out + 1] = claims.finding(claims.mean(claims.by_seed(rows, "slope")), {
      statement = string.format("%s: %s.", rung.name, rung.rate), kind = "rate", unit = rung.unit,
      at_most = rung.at_most and rung.at_most + p.tolerance, at_least = rung.at_least,
      why = rung.at_most and string.format("the rate and %g for lower-order terms", p.tolerance) or nil,
    })
    local ratios = claims.values(claims.by_seed(rows, "ratio"))
    if #ratios > 0 then
      out[#out + 1] = claims.finding({ effect = ratios[#ratios], n = #ratios }, {
        statement = "… and never above the bound of its theorem.", kind = "exact", at_most = 1,
        unit = "gap over the bound, largest of all iterations",
      })
    end
  end
  return out
end

local function show(results, p)
  print(string.format("Means over %d seeds with 95 %% intervals. largest: gap over the bound of its theorem,", p.seeds))
  print("of all iterations and seeds: what is at most 1 keeps to it.\n")
  local out = report.table { "method", "rate", "measured", "", "largest" }
  for _, rung in ipairs(LADDER) do
    local rows = rows_of(results, rung)
    local f, ratios = claims.mean(claims.by_seed(rows, "slope")), claims.values(claims.by_seed(rows, "ratio"))
    out:row {
      rung.name, rung.rate, f.effect and string.format("%.3f ± %.3f", f.effect, f.effect - f.low) or "-", rung.unit,
      #ratios > 0 and string.format("%.2g", ratios[#ratios]) or "-",
    }
  end
  out:print()
end

return assay.experiment {
  name = "bubeck-convex-optimization",
  summary = "Do the methods of convex optimization keep their rates?",
  params = {
    seeds = 24, d = 2000, iterations = 1000, kappas = { 30, 100, 300, 1000, 3000 }, rough_d = 50,
    lengths = { 1000, 3000, 10000, 30000, 100000 }, barrier_d = { 4, 8, 16, 32, 64 }, tolerance = 0.05,
  },
  grid_params = { "seeds", "tolerance" },
  claim = {
    title = "Convex Optimization: Algorithms and Complexity", authors = "S. Bubeck", year = 2015,
    published = "Foundations and Trends in Machine Learning 8(3-4), arXiv:1405.4980", kind = "rate",
    statement = "Subgradient O(1/sqrt k), gradient descent and Frank-Wolfe O(1/k), Nesterov O(1/k^2); strongly convex: "
      .. "linear with kappa and sqrt kappa; mirror descent, dual averaging, mirror prox, FISTA, ellipsoids, barriers.",
  },
  grid = function(p)
    local list = {}
    for _, rung in ipairs(LADDER) do
      for seed = 1, p.seeds do
        list[#list + 1] = { what = rung.what, method = rung.method, d = rung.d, seed = seed }
      end
    end
    return list
  end,
  run = function(_, c, p) return RUN[c.what](c, p) end,
  report = show,
  verdict = verdict,
}
