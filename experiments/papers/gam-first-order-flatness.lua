--- Claim: of SGD, SAM and GAM, gradient norm aware minimization ends where the largest gradient nearby and the top
-- eigenvalue of the Hessian are smallest, and errs no more on test data. Zhang, Xu, Yu, Zou, Cui 2023, Gradient Norm
-- Aware Minimization Seeks First-Order Flatness and Improves Generalization.
--
-- An MLP on digits; of the training labels (not of those for validation and test) a part is flipped to another class.
-- All methods take steps of the heavy ball, cosine schedule, equal epochs; the peak rate of each, and of SAM and GAM
-- one of five radii, is tuned by validation error, then fresh seeds (split, flips, start and order) score. The radius
-- of GAM is that in the direction of a growing gradient norm, the other one a tenth of it, as the authors set them; the
-- weights gamma and beta are their defaults. sam_twice is SAM for twice the epochs, sgd_four the base for four times:
-- as many gradients as GAM. Curvature is that of the mean loss over the training part, flipped labels included; the
-- flatness rho max |grad F| over the ball of radius rho by projected ascent. The form of GAM is that of the authors'
-- script, which descends on gradients uphill, as SAM does (beta1, beta3), beside the gradient norm: GAM + SAM.
--
-- What came out, 20 fresh seeds: against SGD all holds; GAM errs on 7.6 % of the test data, SGD on 9.7 %. Against
-- SAM, each at its best radius (SAM 0.4, GAM 0.8), the top eigenvalue of GAM is half and the trace 0.7 of SAM's,
-- and the test errors (7.6 and 7.9 %) cannot be told apart; but the largest gradient nearby is 4 % larger, so that
-- part fails. It is so at equal radii too (0.4: 0.0073 to 0.0068), not at the authors' (SAM 0.05, GAM 0.2: 0.0078
-- to 0.0102). At as many gradients as GAM, SAM for twice the epochs is less flat by gradient and top eigenvalue,
-- and errs more often. The chosen rates differ (SAM 0.02, GAM 0.05), and GAM's other weights are not tuned.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"
local tuning = require "assay.tuning"

local METHODS = { "sgd", "sam", "gam", "sam_twice", "sgd_four" }
local LONGER = { sam_twice = 2, sgd_four = 4 }

local function optimizer(c)
  local base = assay.optimizer("heavy-ball")
  if c.method == "gam" then
    return assay.optimizer("gam", { base = base, rho = c.radius / 10, rho_norm = c.radius })
  end
  if c.method:find("^sam") then return assay.optimizer("sam", { base = base, rho = c.radius }) end
  return base
end

-- --- data -------------------------------------------------------------------------------------------

-- Labels of which a part is another class, each as likely.
local function flipped(part, seed, p)
  local chance, other = assay.random("uniform", part.n, 1, 4000 + seed), assay.random("uniform", part.n, 1, 5000 + seed)
  local labels = {}
  for i = 1, part.n do
    local class = math.tointeger(part.y[i])
    if chance[i] < p.noise then class = (class + 1 + math.floor((part.classes - 1) * other[i])) % part.classes end
    labels[i] = class
  end
  return labels
end

local function append(to, part, labels)
  for i, row in ipairs(part.x:list()) do
    to.x[#to.x + 1], to.y[#to.y + 1] = row, labels and labels[i] or math.tointeger(part.y[i])
  end
end

local function noisy_digits(seed, p)
  local digits, all = assay.data("digits", { train = p.train, valid = p.valid, split_seed = seed }), { x = {}, y = {} }
  append(all, digits:train(), flipped(digits:train(), seed, p))
  append(all, digits:valid())
  append(all, digits:test())
  all.train, all.valid, all.test, all.order = p.train, p.valid, #all.y - p.train - p.valid, "given"
  return assay.data(all)
end

local function run_one(run, c, p)
  local data, model = noisy_digits(c.seed, p), assay.model("mlp", { hidden = { p.hidden } })
  local r = assay.train {
    run = run, data = data, model = model, seed = c.seed, batch = p.batch, keep_weights = true,
    epochs = p.epochs * (LONGER[c.method] or 1), optimizer = optimizer(c),
    schedule = assay.schedule("cosine", { peak = c.rate }),
  }
  local out = { val_error = r.val_error, train_loss = r.train_loss, gradients = r.cost, cpu_s = r.cpu_s }
  if tuning.is_fresh(c.seed) then
    local asked = { model = model, weights = r.weights, data = data }
    out.test_error, out.test_loss = r.test_error, r.test_loss
    out.top = assay.probe("hessian-top", { steps = 40, tolerance = 1e-3 }):measure(asked).top
    out.trace = assay.probe("hessian-trace", { draws = 20 }):measure(asked).trace
    local flatness = assay.probe("gradient-flatness", { rho = p.rho, steps = 5 })
    out.flatness = flatness:measure(asked).flatness
  end
  return out
end

-- --- verdict ----------------------------------------------------------------------------------------

local function tuning_of(p)
  return {
    by = { "method", "radius" }, rate = "rate", score = "val_error", seeds = p.tuning_seeds, fresh = p.seeds, most = 8,
  }
end

-- The arm of a method whose radius and rate have the least validation error on the tuning seeds.
local function best_arm(results, p, method)
  local arm = tuning.best(tuning.arms(results, tuning_of(p)), { method = method })
  return arm and arm.rate and arm
end

local LOGS = { top = true, trace = true, flatness = true }

local function scores(results, p, method, name)
  local arm = best_arm(results, p, method)
  if not arm then return {} end
  return claims.by_seed(tuning.scored(results, arm), function(row)
    return LOGS[name] and math.log(row[name]) or row[name]
  end)
end

local NAMES = {
  sgd = "SGD", sam = "SAM", sam_twice = "SAM for twice the epochs", sgd_four = "SGD for four times the epochs",
}
local MEASURES = { flatness = "largest gradient nearby", top = "top eigenvalue", trace = "trace of the Hessian" }

local function finding(results, p, name, other)
  local f = claims.paired(scores(results, p, "gam", name), scores(results, p, other, name))
  if LOGS[name] then
    f.statement = string.format("GAM ends at a smaller %s than %s.", MEASURES[name], NAMES[other])
    f.unit, f.less_than = string.format("log of the ratio, gam to %s", other), 0
  else
    f.statement = string.format("GAM errs at most as often as %s on test data.", NAMES[other])
    f.unit, f.at_most = string.format("test error, gam - %s", other), 0
  end
  return f
end

local function verdict(results, p)
  local list = {}
  for _, other in ipairs { "sgd", "sam" } do
    for _, name in ipairs { "flatness", "top", "trace", "test_error" } do
      list[#list + 1] = finding(results, p, name, other)
    end
  end
  return list
end

local function text_of(f)
  if not f.effect then return "-" end
  return string.format("%.3g [%.3g, %.3g]", f.effect, f.low, f.high)
end

local COLUMNS = { "train_loss", "flatness", "top", "trace", "test_error", "test_loss", "cpu_s" }

local function all_arms(results, p)
  local out, chosen = report.table { "method", "radius", "rate", table.unpack(COLUMNS) }, {}
  for _, method in ipairs(METHODS) do
    local arm = best_arm(results, p, method)
    chosen[method] = arm and report.label(arm.keys.radius or "-")
  end
  for _, arm in ipairs(tuning.arms(results, tuning_of(p))) do
    local radius = report.label(arm.keys.radius or "-")
    local mark = chosen[arm.keys.method] == radius and "*" or ""
    for _, group in ipairs(tuning.scored(results, arm):group("method")) do
      local row = { arm.keys.method .. mark, radius, report.label(arm.rate) }
      for _, name in ipairs(COLUMNS) do row[#row + 1] = group:text(name) end
      out:row(row)
    end
  end
  out:print()
end

local function show(results, p)
  print(string.format("MLP of %d units on %d digits, %g %% of the labels flipped, batches of %d, %d epochs.", p.hidden,
    p.train, 100 * p.noise, p.batch, p.epochs))
  print(string.format("%d fresh seeds; rate and radius tuned by validation error on %d others (*: the radius chosen). "
    .. "Flatness: rho = %g.", p.seeds, p.tuning_seeds, p.rho))
  print()
  all_arms(results, p)
  print()
  print("At as many gradients as GAM, which no finding asks for: gam against the other, pairs of seeds")
  local equal = report.table { "other", "log flatness", "log top", "log trace", "test error" }
  for _, other in ipairs { "sam_twice", "sgd_four" } do
    local row = { other }
    for _, name in ipairs { "flatness", "top", "trace", "test_error" } do
      row[#row + 1] = text_of(finding(results, p, name, other))
    end
    equal:row(row)
  end
  equal:print()
end

local function grid(p)
  local list, radii = {}, { sam = p.sam_radii, sam_twice = p.sam_radii, gam = p.gam_radii }
  for _, method in ipairs(METHODS) do
    for _, radius in ipairs(radii[method] or { false }) do
      for _, rate in ipairs(tuning.rates(p.centre, p.rates)) do
        for _, seed in ipairs(tuning.seeds(p.tuning_seeds)) do
          list[#list + 1] = { method = method, radius = radius or nil, rate = rate, seed = seed }
        end
      end
    end
  end
  return list
end

return assay.experiment {
  name = "gam-first-order-flatness",
  summary = "Does descending on the gradient norm nearby find flatter minima that err less?",
  params = {
    seeds = 20, tuning_seeds = 3, rates = 3, centre = 0.02, train = 400, valid = 400, noise = 0.2, hidden = 64,
    batch = 32, epochs = 60, rho = 0.05, sam_radii = { 0.05, 0.1, 0.2, 0.4, 0.8 },
    gam_radii = { 0.1, 0.2, 0.4, 0.8, 1.6 },
  },
  grid_params = { "seeds", "tuning_seeds", "rates", "centre", "sam_radii", "gam_radii" },
  claim = {
    title = "Gradient Norm Aware Minimization Seeks First-Order Flatness and Improves Generalization",
    authors = "X. Zhang, R. Xu, H. Yu, H. Zou, P. Cui", year = 2023, published = "CVPR 2023, arXiv:2303.03108",
    kind = "order",
    statement = "GAM ends at flatter minima than SGD and SAM, by the largest gradient norm nearby and by the top "
      .. "eigenvalue of the Hessian, and generalizes better.",
  },
  setup = function() return assay.data("digits"):load() end,
  grid = grid,
  more = function(results, p) return tuning.more(results, tuning_of(p)) end,
  run = run_one,
  report = show,
  verdict = verdict,
}
