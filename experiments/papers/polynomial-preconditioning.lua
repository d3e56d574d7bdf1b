--- Claim: gradient steps preconditioned by a symmetric polynomial of degree tau in the curvature cut off the gaps that
-- follow the largest eigenvalues, which nobody has to know; a search in a Krylov space finds the best such polynomial.
-- Doikov and Rodomanov 2023, Polynomial preconditioning for gradient methods.
--
-- Quadratics of d eigenvalues l_1 >= … >= l_d with one gap or two; logistic regression on breast-cancer and softmax
-- regression on digits, a random split per seed. With s_t the elementary symmetric polynomials the eigenvalues of P H
-- are l_i s_tau(all but l_i), so that the condition number is predicted from the spectrum:
--   kappa_tau = l_1 s_tau(all but l_1) / (l_d s_tau(all but l_d)) <= (l_(tau+1) + … + l_d)/l_d;
-- the bound, found by moving the last factor of each product, is ours. The measured one comes from a single step of
-- the minimizer, seen in the eigenvectors of H. Iterations: until f - f* <= 1e-6 l_d, or |g| <= a target.
--
-- Liberties: the adaptive search (minimize over span{g, Hg, …, H^tau g}) is run on the quadratics only, as conjugate
-- gradients restarted after tau + 1 products, which is the same there. Chebyshev polynomials are not compared. For
-- softmax regression the minimizer takes the Hessian at 0 as curvature, which is no upper bound there.
--
-- The theory is judged up to degree `sound` = 6, degree 8 in a finding of its own. There P_tau = e_tau I - H P_(tau-1)
-- cancels: with the trace at 1 and two gaps, e_8 of the other eigenvalues is of the size of float64's rounding, and
-- the measured kappa may be ten times the prediction. This is a limit of the recurrence, not of the theory: it is why
-- the verdict as a whole is "fails". Two things that the claim does not say: kappa after a gap is that of the rest only
-- up to a factor (column cut; 106 for 8 at tau = 3), so that larger degrees still gain; and on digits the products with
-- the curvature, and finding it, cost more time than the fewer iterations save.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"

-- Number of eigenvalues and the range they are drawn from, evenly; the rest of the d lies from 1 to 10.
local SPECTRA = {
  ["one-gap"] = { { 3, 1000, 2000 } },
  ["two-gaps"] = { { 1, 5000, 10000 }, { 2, 200, 400 } },
}
local DATA = {
  ["breast-cancer"] = { objective = "logistic-regression", target = 1e-4 },
  digits = { objective = "softmax-regression", target = 3e-3 },
}

local function eigenvalues(kind, d, seed)
  local u, list = assay.random("uniform", 1, d, 700 + seed), {}
  for _, part in ipairs(SPECTRA[kind]) do
    for _ = 1, part[1] do
      local j = #list + 1
      list[j] = part[2] + (part[3] - part[2]) * u(1, j)
    end
  end
  for j = #list + 1, d do list[j] = 1 + 9 * u(1, j) end
  table.sort(list, function(a, b) return a > b end)
  return list
end

-- The elementary symmetric polynomial of degree t of all values but number `without`: sums of positive terms only.
local function symmetric(values, t, without)
  local e = { [0] = 1 }
  for k = 1, t do e[k] = 0 end
  for i, value in ipairs(values) do
    for k = i == without and 0 or t, 1, -1 do e[k] = e[k] + value * e[k - 1] end
  end
  return e[t]
end

local function predicted(values, t)
  local d = #values
  return values[1] * symmetric(values, t, 1) / (values[d] * symmetric(values, t, d))
end

local function bound(values, t)
  local sum = 0
  for j = t + 1, #values do sum = sum + values[j] end
  return sum / values[#values]
end

-- --- runs -------------------------------------------------------------------------------------------

local function dot(a, b) return a:t():mul(b)(1, 1) end

-- One step from e = w - w* is -rate P H e: in the eigenvectors of H its parts show the eigenvalues of P H.
local function measured(f, degree)
  local _, vectors = f:hessian(f:start()):eigh()
  local r = assay.minimizer("poly-gd", { degree = degree }):minimize(f, { iterations = 1 })
  local before, step = (f:start() - f:optimum()):mul(vectors), (f:start() - r.w):mul(vectors)
  local low, high = math.huge, -math.huge
  for j = 1, before:cols() do
    local x = step(1, j) / before(1, j)
    low, high = math.min(low, x), math.max(high, x)
  end
  return high / low
end

-- Steps to the minimum over span{g, Hg, …, H^degree g}, until f - f* <= target.
local function krylov(f, degree, target, most)
  local h, e = f:hessian(f:start()), (f:start() - f:optimum()):t()
  for k = 0, most do
    local r = -h:mul(e)
    if -dot(e, r) / 2 <= target then return k end
    local p, rr = r, dot(r, r)
    for _ = 0, degree do
      if rr == 0 then break end
      local hp = h:mul(p)
      local a = rr / dot(p, hp)
      e, r = e + p * a, r - hp * a
      local last = rr
      rr = dot(r, r)
      p = r + p * (rr / last)
    end
  end
  return nil
end

local function run_quadratic(c, p)
  local values = eigenvalues(c.problem, p.d, c.seed)
  local f = assay.objective("quadratic", { d = p.d, eigenvalues = values, seed = c.seed })
  local target, least = 1e-6 * values[p.d]
  if c.method == "adaptive" then
    least = krylov(f, c.degree, target, p.most)
  else
    local r = assay.minimizer("poly-gd", { degree = c.degree, method = c.method })
      :minimize(f, { iterations = p.most, gap = target, every = 0 })
    least = r.status == "gap" and r.iterations or nil
  end
  local out = {
    iterations = least, reached = least and 1 or 0, kappa = predicted(values, c.degree),
    cut = values[c.degree + 1] / values[p.d], bound = bound(values, c.degree),
  }
  if c.method == "gradient" then out.measured = measured(f, c.degree) end
  return out
end

local function run_data(c, p)
  local about = DATA[c.problem]
  local data = assay.data(c.problem, { split_seed = c.seed })
  local f = assay.objective(about.objective, { data = data, l2 = 1e-3 })
  local r = assay.minimizer("poly-gd", { degree = c.degree, method = c.method })
    :minimize(f, { iterations = p.most_data, grad_norm = about.target, every = 0 })
  local done = r.status == "grad-norm"
  return { iterations = done and r.iterations or nil, reached = done and 1 or 0, fit_s = r.seconds }
end

local function run_one(_, c, p)
  return SPECTRA[c.problem] and run_quadratic(c, p) or run_data(c, p)
end

-- --- verdict ----------------------------------------------------------------------------------------

-- The rows themselves by seed.
local function by_seed(results, problem, method, degree)
  local function itself(row) return row end
  return claims.by_seed(results:where { problem = problem, method = method, degree = degree }, itself)
end

-- The largest value of a function of a row over gradient steps on quadratics with degrees in [from, to].
local function largest(results, from, to, value)
  return claims.largest(results:where { method = "gradient" }, function(row)
    return row.kappa and row.config.degree >= from and row.config.degree <= to and value(row) or nil
  end)
end

local function difference(row) return math.abs(row.measured / row.kappa - 1) end

-- By seed and problem the slope of log iterations over log kappa.
local function slopes(results, method, sound)
  local points, out = {}, {}
  for _, row in ipairs(results:where { method = method }:done()) do
    if row.kappa and row.iterations and row.config.degree <= sound then
      local key = row.config.problem .. row.seed
      points[key] = points[key] or { x = {}, y = {} }
      table.insert(points[key].x, math.log(row.kappa))
      table.insert(points[key].y, math.log(row.iterations))
    end
  end
  for key, each in pairs(points) do out[key] = claims.slope(each.x, each.y) end
  return out
end

-- The largest ratio of kappa at a degree to that at the next lower one.
local function worst_fall(results, p)
  local out = -math.huge
  for problem in pairs(SPECTRA) do
    for i = 2, #p.degrees do
      if p.degrees[i] > p.sound then break end
      local low = by_seed(results, problem, "gradient", p.degrees[i - 1])
      for seed, row in pairs(by_seed(results, problem, "gradient", p.degrees[i])) do
        out = low[seed] and math.max(out, row.measured / low[seed].measured) or out
      end
    end
  end
  return out
end

-- The largest ratio of iterations of the adaptive search to those of gradient steps of its or a lower degree.
local function worst_search(results, p)
  local out, n = -math.huge, 0
  for problem in pairs(SPECTRA) do
    for i, degree in ipairs(p.degrees) do
      for k = 1, i do
        local fixed = by_seed(results, problem, "gradient", p.degrees[k])
        for seed, row in pairs(by_seed(results, problem, "adaptive", degree)) do
          if fixed[seed] and fixed[seed].iterations then
            out, n = math.max(out, (row.iterations or math.huge) / fixed[seed].iterations), n + 1
          end
        end
      end
    end
  end
  return out, n
end

local function gain(results, problem, method, degree)
  local x, y = {}, {}
  for seed, row in pairs(by_seed(results, problem, method, degree)) do
    x[seed] = row.iterations and math.log(row.iterations)
  end
  for seed, row in pairs(by_seed(results, problem, method, 0)) do
    y[seed] = row.iterations and math.log(row.iterations)
  end
  return claims.paired(x, y)
end

local function verdict(results, p)
  local ratio, pairs_seen = worst_search(results, p)
  local out = {
    claims.finding(largest(results, 0, p.sound, difference), {
      statement = "The condition number of the preconditioned quadratic is the one predicted.",
      unit = "largest relative difference", at_most = 1e-3,
      why = string.format("degrees to %d; the predictions span two decades and more", p.sound),
    }),
    {
      statement = "It falls with every degree.",
      kind = "exact", effect = worst_fall(results, p), unit = "largest ratio of kappa to that of the degree before",
      less_than = 1,
    },
    claims.finding(largest(results, 1, p.sound, function(row) return row.measured / row.bound end), {
      statement = "The largest tau eigenvalues drop out: kappa is at most (l_(tau+1) + … + l_d)/l_d.",
      unit = "largest ratio of kappa to this bound", at_most = 1,
    }),
    claims.finding(claims.mean(slopes(results, "gradient", p.sound)), {
      statement = "Iterations of gradient steps fall like kappa.",
      kind = "rate", unit = "slope of log iterations over log kappa", at_least = 0.9, at_most = 1.1,
    }),
    claims.finding(claims.mean(slopes(results, "fast", p.sound)), {
      statement = "Iterations of fast gradient steps fall like its root.",
      kind = "rate", unit = "slope of log iterations over log kappa", at_least = 0.4, at_most = 0.6,
    }),
    {
      statement = "The adaptive search needs no more iterations than gradient steps at the best degree up to its own.",
      kind = "exact", effect = ratio, n = pairs_seen, unit = "largest ratio of iterations", at_most = 1,
    },
  }
  if p.degrees[#p.degrees] > p.sound then
    table.insert(out, 2, claims.finding(largest(results, p.sound + 1, math.huge, difference), {
      statement = string.format("… in float64 also beyond degree %d.", p.sound),
      unit = "largest relative difference", at_most = 1e-3, why = "rounding: the recurrence cancels",
    }))
  end
  for _, problem in ipairs { "breast-cancer", "digits" } do
    for _, method in ipairs { "gradient", "fast" } do
      local degree = p.degrees_data[#p.degrees_data]
      out[#out + 1] = claims.finding(gain(results, problem, method, degree), {
        statement = string.format("On %s, %s steps of degree %d need fewer iterations than plain ones.", problem,
          method, degree),
        kind = "order", unit = "log of the ratio of iterations", less_than = 0,
      })
    end
  end
  return out
end

-- --- report -----------------------------------------------------------------------------------------

local function number(x) return x and string.format("%.4g", x) or "-" end

local function show(results, p)
  print(string.format("Quadratics, d = %d: iterations until f - f* <= 1e-6 l_d.", p.d))
  print("cut: l_(tau+1)/l_d, as if the largest tau eigenvalues were not there; kappa: predicted from the spectrum.")
  for _, problem in ipairs { "one-gap", "two-gaps" } do
    print()
    local out = report.table {
      problem .. ", tau", "cut", "bound", "kappa", "measured", "gradient", "fast", "adaptive",
    }
    for _, degree in ipairs(p.degrees) do
      local function mean(method, name)
        local group = results:where { problem = problem, method = method, degree = degree }:group("degree")[1]
        return number(group and group:mean(name))
      end
      out:row {
        tostring(degree), mean("gradient", "cut"), mean("gradient", "bound"), mean("gradient", "kappa"),
        mean("gradient", "measured"), mean("gradient", "iterations"), mean("fast", "iterations"),
        mean("adaptive", "iterations"),
      }
    end
    out:print()
  end
  print("\nReal data: iterations until |g| <= 1e-4 (breast-cancer), 3e-3 (digits); processor time.\n")
  results:where(function(row) return DATA[row.config.problem] ~= nil end):group("problem", "method", "degree")
    :table({ "iterations", "reached", "fit_s" }):print()
end

return assay.experiment {
  name = "polynomial-preconditioning",
  summary = "What does a polynomial of the curvature gain as a preconditioner?",
  params = {
    seeds = 8, d = 30, degrees = { 0, 1, 2, 3, 4, 6, 8 }, sound = 6, degrees_data = { 0, 1, 2, 4, 8 }, most = 200000,
    most_data = 20000,
  },
  grid_params = { "seeds", "degrees", "degrees_data" },
  claim = {
    title = "Polynomial Preconditioning for Gradient Methods", authors = "N. Doikov, A. Rodomanov", year = 2023,
    published = "ICML 2023, arXiv:2301.13194", kind = "exact",
    statement = "Symmetric polynomials of the curvature as preconditioners cut off the gaps between the largest "
      .. "eigenvalues without knowing them; iterations fall accordingly; a Krylov search picks the best degree.",
  },
  grid = function(p)
    local list = {}
    local function add(problem, method, degrees)
      for _, degree in ipairs(degrees) do
        for seed = 1, p.seeds do
          list[#list + 1] = { problem = problem, method = method, degree = degree, seed = seed }
        end
      end
    end
    for _, problem in ipairs { "one-gap", "two-gaps" } do
      for _, method in ipairs { "gradient", "fast", "adaptive" } do add(problem, method, p.degrees) end
    end
    for _, problem in ipairs { "breast-cancer", "digits" } do
      for _, method in ipairs { "gradient", "fast" } do add(problem, method, p.degrees_data) end
    end
    return list
  end,
  run = run_one,
  report = show,
  verdict = verdict,
}
