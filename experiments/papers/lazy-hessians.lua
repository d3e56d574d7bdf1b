--- Claim: a Hessian that is renewed every m iterations only makes Newton's method cheaper in arithmetic, most near
-- m = d, and by more the larger d. Doikov, Chayti, Jaggi 2023, Second-order optimization with lazy Hessians.
--
-- Logistic regression with a known teacher, n = 10 d examples, l2 = 1e-4, from a random point some way off, until
-- the gradient is below 1e-8. Method: (H + sqrt(M |g|) I) s = -g with an old H, M = 3 m L. L is tuned for each m and d
-- on the same grid and data sets of their own. Arithmetic counts a Hessian as n d^2, its eigen-decomposition as 9 d^3,
-- and an iteration as 4 n d + 4 d^2 operations; the time is that of the kernels.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"
local tuning = require "assay.tuning"

local function problem(c, p)
  local data = assay.data("logistic-teacher", { d = c.d, train = p.rows * c.d, valid = 0, test = 0, seed = c.seed })
  local f = assay.objective("logistic-regression", { data = data, l2 = 1e-4 })
  return f, assay.random("normal", 1, c.d, 600 + c.seed) * p.distance
end

local function period(c) return c.lazy == 0 and 1 or math.max(1, math.floor(c.lazy * c.d + 0.5)) end

-- Fall of the gradient per iteration, late against in the middle of the run, as logs.
local function late_fall(trace)
  local n = #trace.grad_norm
  if n < 8 then return nil end
  local function fall(i) return math.log(trace.grad_norm[i] / trace.grad_norm[i - 1]) end
  local middle = {}
  for i = math.max(2, n // 4), 3 * n // 4 do middle[#middle + 1] = fall(i) end
  return fall(n) - assay.stats.mean(middle)
end

local function run_one(_, c, p)
  local f, start = problem(c, p)
  local rule = assay.minimizer("lazy-newton-reg", { period = period(c), smoothness = c.L })
  local r = rule:minimize(f, { start = start, iterations = p.most, grad_norm = 1e-8, every = 0 })
  local n, d = p.rows * c.d, c.d
  local arithmetic = r.hessians * (n * d * d + 9 * d ^ 3) + r.iterations * (4 * n * d + 4 * d * d)
  local done = r.status == "grad-norm"
  return {
    arithmetic = arithmetic, log_arithmetic = done and math.log(arithmetic) or math.log(arithmetic) + math.log(10),
    iterations = r.iterations, hessians = r.hessians, reached = done and 1 or 0, fit_s = r.seconds,
    late = done and late_fall(r.trace) or nil,
  }
end

-- --- tuning and verdict -----------------------------------------------------------------------------

-- L is the one with the least mean arithmetic (a run that does not arrive counts ten times), from the grid as it is.
local function options(p)
  return {
    by = { "d", "lazy" }, rate = "L", score = "log_arithmetic", seeds = p.tuning_seeds, fresh = p.seeds, most = #p.L,
  }
end

local function fresh(results, d, lazy) return tuning.fresh(results:where { d = d, lazy = lazy }) end

-- Log of how much cheaper m = d is than m = 1, by seed.
local function gains(results, d)
  local every = claims.by_seed(fresh(results, d, 0), "log_arithmetic")
  local lazy = claims.by_seed(fresh(results, d, 1), "log_arithmetic")
  local out = {}
  for seed, value in pairs(every) do out[seed] = lazy[seed] and value - lazy[seed] or nil end
  return out
end

-- By seed the slope of the gain over log d, by least squares.
local function growth(results, p)
  local x, y = {}, {}
  for i, d in ipairs(p.sizes) do x[i], y[i] = math.log(d), gains(results, d) end
  return claims.slopes(x, y)
end

local function verdict(results, p)
  local d = p.sizes[#p.sizes]
  local at_d = claims.by_seed(fresh(results, d, 1), "log_arithmetic")
  local function against(lazy) return claims.paired(at_d, claims.by_seed(fresh(results, d, lazy), "log_arithmetic")) end
  local widest = p.lazy[#p.lazy]
  return {
    claims.finding(against(0), {
      statement = string.format("At d = %d, m = d takes less arithmetic than m = 1.", d),
      kind = "order", unit = "log of the ratio of arithmetic, m = d to m = 1", less_than = 0,
    }),
    claims.finding(against(widest), {
      statement = string.format("… and less than m = %g d: the best m is of the order of d.", widest),
      kind = "order", unit = string.format("log of the ratio of arithmetic, m = d to m = %g d", widest),
      less_than = 0,
    }),
    claims.finding(claims.mean(growth(results, p)), {
      statement = "The gain grows with d.",
      kind = "rate", unit = "slope of the log gain over log d", more_than = 0, why = "theory, of the worst case: 1/2",
    }),
    claims.finding(claims.mean(claims.by_seed(fresh(results, d, 1), "late")), {
      statement = "Convergence is still faster than linear near the minimum.",
      kind = "order", unit = "fall of log |g| in the last iteration less that in the middle of the run",
      less_than = 0, why = "m = d",
    }),
  }
end

local function show(results, p)
  print(string.format("Logistic regression, n = %d d, until |g| <= 1e-8; %d fresh data sets, L tuned on others.",
    p.rows, p.seeds))
  print()
  local out = report.table { "d", "m", "L", "iterations", "Hessians", "arithmetic", "seconds" }
  for _, d in ipairs(p.sizes) do
    for _, lazy in ipairs(p.lazy) do
      for _, group in ipairs(fresh(results, d, lazy):group("L")) do
        out:row {
          tostring(d), tostring(period { d = d, lazy = lazy }), report.label(group.keys.L),
          group:text "iterations", group:text "hessians", string.format("%.3g", group:mean "arithmetic"),
          string.format("%.2g", group:mean "fit_s"),
        }
      end
    end
  end
  out:print()
end

return assay.experiment {
  name = "lazy-hessians",
  summary = "How often should Newton's method renew its Hessian?",
  params = {
    seeds = 10, tuning_seeds = 2, sizes = { 12, 25, 50, 100 }, lazy = { 0, 0.1, 0.5, 1, 2, 4 }, rows = 10, distance = 3,
    most = 600, L = { 0.0003, 0.001, 0.003, 0.01, 0.03 },
  },
  grid_params = { "seeds", "tuning_seeds", "sizes", "lazy", "L" },
  claim = {
    title = "Second-order Optimization with Lazy Hessians", authors = "N. Doikov, E. M. Chayti, M. Jaggi", year = 2023,
    published = "ICML 2023, arXiv:2212.00781", kind = "order",
    statement = "With a Hessian renewed every m iterations the total arithmetic is least near m = d, by a factor "
      .. "that grows like sqrt(d); convergence stays superlinear locally.",
  },
  grid = function(p)
    return { d = p.sizes, lazy = p.lazy, L = p.L, seed = tuning.seeds(p.tuning_seeds) }
  end,
  more = function(results, p) return tuning.more(results, options(p)) end,
  run = run_one,
  report = show,
  verdict = verdict,
}
