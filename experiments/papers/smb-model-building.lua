--- Claim: stochastic model building needs less tuning than SGD: its loss hardly depends on the initial step, and where
-- all are tuned it is as fast as Adam and stochastic line search. Birbil, Martin, Onay, Oztoprak 2021, Bolstering
-- Stochastic Gradient Descent with Model Building.
--
-- Softmax regression and an MLP on digits, batch 32, initial rates 1e-3 to 10, the same data order for all (but
-- smb-auto). A trial of SMB or of the line search costs a forward pass, 1/3 of a gradient, and a model step of SMB a
-- gradient more: losses are compared after the same cost. The loss is the mean over the last epoch's mini-batches; a
-- run that diverged, or is worse than guessing, counts ln 10. The spread is the standard deviation of its log10 over
-- the initial rates.
--
--   smb       with a constant trial step, as the method is defined
--   smb-auto  with the schedule of the authors' code: after every period (500 updates there, an epoch here) the trial
--             step is multiplied by 0.9 if more than 5 % of the updates were model steps, else divided by 0.9, up to
--             20. The share is read from the cost.
--   sls       Armijo line search of Vaswani et al. 2019, beginning at the initial rate
--
-- What came out: the claim fails. An accepted trial is a step of SGD, so a rate that is too small stays too small, and
-- costs a third more: below its best rate SMB follows the curve of SGD a little above it. A model step rescues rates
-- that are too large, on the MLP from 1 to 3 (where SGD breaks down), not 10: one step of the usable range, and a lower
-- loss there. On softmax the spread is smaller by a fifth, not far smaller, and in part because SMB does not come as
-- low at the largest rates, where SGD needs no rescue. The schedule smb-auto brings back small rates only as 0.9 to the
-- number of periods. What hardly depends on the initial rate is the line search, a spread of 0.1 to 0.25 against 0.6 to
-- 1.4. Tuned, SMB is below the line search on both problems, and above Adam on softmax.
local assay = require "assay"
local claims = require "assay.claims"
local report = require "assay.report"

local MODELS = {
  mlp = function() return assay.model("mlp", { hidden = { 64 } }) end,
  softmax = function() return assay.model("softmax") end,
}
local PROBLEMS, METHODS = { "softmax", "mlp" }, { "sgd", "adam", "sls", "smb", "smb-auto" }
local GUESS = math.log(10)

-- --- training ---------------------------------------------------------------------------------------

local function settings_of(run, c, p, data, steps)
  return {
    run = run, data = data, model = MODELS[c.problem](), seed = c.seed, batch = p.batch, steps = steps, log_every = 1,
    eval_every = p.every, keep_evaluations = true, keep_losses = true, skip_test = true, diverged = "ok",
  }
end

-- The mean of the epoch of losses that ends where the cost first reaches the budget.
local function loss_at(losses, evaluations, budget, epoch)
  local last = #losses
  for _, v in ipairs(evaluations) do
    if v.cost >= budget then
      last = math.min(last, v.step)
      break
    end
  end
  local sum, n = 0, 0
  for i = math.max(1, last - epoch + 1), last do sum, n = sum + losses[i], n + 1 end
  return sum / n, last
end

-- A training in epochs, each from the weights of the last: SMB keeps no state between updates.
local function train_auto(run, c, p, data, epoch, budget)
  local losses, evaluations, cost, steps, eta, weights = {}, {}, 0, 0, c.rate, nil
  for k = 1, p.epochs do
    local s = settings_of(run, c, p, data, epoch)
    s.optimizer, s.schedule = assay.optimizer "smb", assay.schedule("constant", { peak = eta })
    s.init, s.order_seed, s.keep_weights, s.label = weights, 1000 * c.seed + k, true, "epoch " .. k
    local r = assay.train(s)
    if r.diverged then return r end
    for _, loss in ipairs(r.losses:list()) do losses[#losses + 1] = loss end
    local share = r.cost / r.steps - 4 / 3
    cost, steps, weights = cost + r.cost, steps + r.steps, r.weights
    evaluations[k] = { step = steps, cost = cost }
    if share > 0.05 then eta = 0.9 * eta elseif eta / 0.9 <= 20 then eta = eta / 0.9 end
    if cost >= budget then break end
  end
  return { losses = losses, evaluations = evaluations, cost = cost, steps = steps, last_eta = eta }
end

local function train(run, c, p, data, steps)
  local s = settings_of(run, c, p, data, steps)
  s.optimizer = assay.optimizer(c.method == "sls" and "sgd" or c.method)
  if c.method == "sls" then
    s.controller = assay.controller("sls-armijo", { eta0 = c.rate, eta_max = math.max(10, c.rate) })
  else
    s.schedule = assay.schedule("constant", { peak = c.rate })
  end
  local r = assay.train(s)
  if not r.diverged then r.losses = r.losses:list() end
  return r
end

local function run_one(run, c, p, data)
  local epoch = math.ceil(p.train / p.batch)
  local budget = p.epochs * epoch
  local r = c.method == "smb-auto" and train_auto(run, c, p, data, epoch, budget) or train(run, c, p, data, budget)
  if r.diverged then return { loss = GUESS, log_loss = math.log(GUESS, 10), lost = 1 } end
  local loss, updates = loss_at(r.losses, r.evaluations, budget, epoch)
  if loss ~= loss or loss > GUESS then loss = GUESS end
  return {
    loss = loss, log_loss = math.log(loss, 10), cost_per_update = r.cost / r.steps, updates = updates, lost = 0,
    last_eta = r.last_eta,
  }
end

-- --- verdict ----------------------------------------------------------------------------------------

local function is_fresh(row, p) return row.config.seed > p.tuning_seeds end

-- The log losses by seed and rate: of[seed][rate].
local function log_losses(results, problem, method)
  local of = {}
  for _, row in ipairs(results:where { problem = problem, method = method }:done()) do
    of[row.seed] = of[row.seed] or {}
    of[row.seed][row.config.rate] = row.log_loss
  end
  return of
end

-- Standard deviations over the initial rates by seed: of log10 loss, or of the loss itself.
local function spreads(results, problem, method, p, plain)
  local out = {}
  for seed, by_rate in pairs(log_losses(results, problem, method)) do
    local list = {}
    for _, rate in ipairs(p.rates) do
      local value = by_rate[rate]
      list[#list + 1] = value and plain and 10 ^ value or value
    end
    if seed > p.tuning_seeds and #list == #p.rates then out[seed] = assay.stats.sd(list) end
  end
  return out
end

local function all_rates(p)
  local out = {}
  for _, list in ipairs { p.rates, p.beyond } do table.move(list, 1, #list, #out + 1, out) end
  return out
end

local function tuned(results, problem, method, p)
  local best, least = nil, math.huge
  local of = log_losses(results, problem, method)
  for _, rate in ipairs(all_rates(p)) do
    local sum, n = 0, 0
    for seed = 1, p.tuning_seeds do
      local value = of[seed] and of[seed][rate]
      if value then sum, n = sum + value, n + 1 end
    end
    if n > 0 and sum / n < least then best, least = rate, sum / n end
  end
  return best
end

local function tuned_losses(results, problem, method, p)
  local rate, out = tuned(results, problem, method, p), {}
  for seed, by_rate in pairs(log_losses(results, problem, method)) do
    if seed > p.tuning_seeds then out[seed] = by_rate[rate] end
  end
  return out
end

local function verdict(results, p)
  local list = {}
  for _, problem in ipairs(PROBLEMS) do
    for _, method in ipairs { "smb", "smb-auto" } do
      list[#list + 1] = claims.finding(claims.paired(spreads(results, problem, method, p), spreads(results, problem,
        "sgd", p)), {
        statement = string.format("%s, %s: the loss varies less over the initial rate than that of SGD.", problem,
          method),
        unit = "difference of the spreads of log10 loss", less_than = 0,
      })
    end
    for _, other in ipairs { "adam", "sls" } do
      list[#list + 1] = claims.finding(claims.paired(tuned_losses(results, problem, "smb", p), tuned_losses(results,
        problem, other, p)), {
        statement = string.format("%s: tuned, SMB comes at least about as low as %s at equal cost.", problem, other),
        unit = "log10 of the ratio of losses", at_most = math.log(1.1, 10),
        why = string.format("within 10 %% counts as comparable; rates %g and %g", tuned(results, problem, "smb", p),
          tuned(results, problem, other, p)),
      })
    end
  end
  return list
end

-- --- report -----------------------------------------------------------------------------------------

local function mean_of(map) return assay.stats.mean(claims.values(map)) end

local function show_problem(results, problem, p)
  local fresh = results:where(function(row) return row.config.problem == problem and is_fresh(row, p) end)
  local head = { "method" }
  for _, rate in ipairs(all_rates(p)) do head[#head + 1] = report.label(rate) end
  for _, name in ipairs { "spread", "plain", "best rate", "loss there", "cost" } do head[#head + 1] = name end
  local out = report.table(head)
  for _, method in ipairs(METHODS) do
    local line, best = { method }, tuned(results, problem, method, p)
    for _, rate in ipairs(all_rates(p)) do
      local values = fresh:where({ method = method, rate = rate }):values "log_loss"
      line[#line + 1] = #values > 0 and string.format("%.2g", 10 ^ assay.stats.mean(values)) or "-"
    end
    line[#line + 1] = string.format("%.2f", mean_of(spreads(results, problem, method, p)))
    line[#line + 1] = string.format("%.2f", mean_of(spreads(results, problem, method, p, true)))
    line[#line + 1] = report.label(best)
    line[#line + 1] = string.format("%.2g", 10 ^ mean_of(tuned_losses(results, problem, method, p)))
    local at_best = fresh:where { method = method, rate = best }
    line[#line + 1] = string.format("%.2f", assay.stats.mean(at_best:values("cost_per_update")))
    out:row(line)
  end
  print(problem .. ": training loss by initial rate")
  out:print()
  print()
end

local function show(results, p)
  print(string.format("Digits, %d images, batch %d, a budget of %d epochs of gradients; geometric mean of %d fresh",
    p.train, p.batch, p.epochs, p.seeds))
  print(string.format("seeds. Spread: standard deviation of log10 loss over the rates up to %g; plain: of the loss",
    p.rates[#p.rates]))
  print(string.format("itself. Best rate: least mean log loss on %d other seeds. Cost: gradients per update there.",
    p.tuning_seeds))
  print()
  for _, problem in ipairs(PROBLEMS) do show_problem(results, problem, p) end
end

return assay.experiment {
  name = "smb-model-building",
  summary = "Does a model step in place of a failed step spare the tuning of the rate?",
  params = {
    tuning_seeds = 4, seeds = 10, train = 1079, batch = 32, epochs = 30, every = 10,
    rates = { 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10 },
    beyond = { 30, 100 }, -- for tuning alone
  },
  grid_params = { "tuning_seeds", "seeds", "rates", "beyond" },
  claim = {
    title = "Bolstering Stochastic Gradient Descent with Model Building",
    authors = "S. I. Birbil, O. Martin, G. Onay, F. Oztoprak", year = 2021, published = "arXiv:2111.07058",
    kind = "order",
    statement = "The loss of stochastic model building varies far less over the initial step than that of SGD, and it "
      .. "converges at least comparably to Adam and stochastic line search.",
  },
  setup = function(p) return assay.data("digits", { train = p.train }):load() end,
  grid = function(p)
    return { problem = PROBLEMS, method = METHODS, rate = all_rates(p), seed = assay.range(p.tuning_seeds + p.seeds) }
  end,
  run = run_one,
  report = show,
  verdict = verdict,
}
