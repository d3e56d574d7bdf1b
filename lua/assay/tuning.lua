--- Tuning: the fair way to compare methods that each have a rate to choose.
--
-- Every arm (a combination of the names in `by`, say schedule and optimizer) tries the same number of rates on the same
-- few seeds; the rate is chosen on validation data; an arm whose best rate stands at the edge of its grid tries the
-- next one beyond, until it does not. Only then is the arm scored, on seeds that no choice has seen.
--
--     local o = { by = { "schedule" }, rate = "peak", score = "val_error", seeds = 2, fresh = 5 }
--     return assay.experiment {
--       grid = { schedule = { "cosine", "wsd" }, peak = tuning.rates(0.03, 7), seed = tuning.seeds(2) },
--       more = function(results) return tuning.more(results, o) end,
--       run = function(run, c) … if tuning.is_fresh(c.seed) then … score on test data … end end,
--       report = function(results) for _, arm in ipairs(tuning.arms(results, o)) do … arm.rate … end end,
--     }
-- @module assay.tuning
local assay = require "assay"
local report = require "assay.report"

local M = {}

-- Seeds above this are fresh; in the config a fresh run is the same as a tuning run but for its seed.
local FRESH = 1000

-- Rates come from the series 1, 2, 5, 10, 20, 50, …, so that a grid that grows meets no rate twice: number 0 is 1.
local MANTISSA = { "1", "2", "5" }
local function in_series(number) return tonumber(MANTISSA[number % 3 + 1] .. "e" .. number // 3) end
local function number_of(rate) return math.floor(3 * math.log(rate, 10) + 0.5) end

--- The rates of a grid: n neighbours in the series 1, 2, 5, 10, … around a centre.
-- @number centre
-- @int n
function M.rates(centre, n)
  local out, first = {}, number_of(centre) - (n - 1) // 2
  for i = 1, n do out[i] = in_series(first + i - 1) end
  return out
end

--- The seeds on which rates are chosen, and those on which the choice is scored.
function M.seeds(n) return assay.range(n) end
function M.fresh_seeds(n)
  local out = {}
  for i = 1, n do out[i] = FRESH + i end
  return out
end
function M.is_fresh(seed) return seed > FRESH end

--- The rows of an experiment's results whose seeds are fresh.
function M.fresh(results)
  return results:where(function(row) return M.is_fresh(row.config.seed) end)
end

local function copy(t)
  local out = {}
  for key, value in pairs(t) do out[key] = value end
  return out
end

-- The rates that an arm has tried, in order, each with its mean score; nil where a run is missing (it diverged).
local function tried(rows, o)
  local out = {}
  for _, group in ipairs(rows:group(o.rate)) do
    local mean, _, _, missing = group:summary(o.score)
    if group.keys[o.rate] ~= nil then
      out[#out + 1] = { rate = group.keys[o.rate], mean = missing == 0 and mean or nil, lost = missing }
    end
  end
  return out
end

local function at_edge(list, best, o)
  if #list >= (o.most or 13) then return nil end
  if not best or best == list[1] then return in_series(number_of(list[1].rate) - 1) end -- all diverged: too large
  if best == list[#list] then return in_series(number_of(best.rate) + 1) end
end

--- The arms with what their tuning says.
-- @param results of the experiment
-- @tparam table o by (names), rate (a name), score (a name; less is better), most (rates at most, 13)
-- @treturn {table,...} {keys =, rate = the best (nil: none was without a divergence, or the arm has none), score = the
--   mean there, tried = {{rate =, mean =, lost =}, …}, beyond = the rate to try next where the best stands at the edge}
function M.arms(results, o)
  local tuning = results:where(function(row) return not M.is_fresh(row.config.seed) end)
  local out = {}
  for _, group in ipairs(tuning:group(table.unpack(o.by))) do
    local list, best = tried(group.rows, o), nil
    for _, each in ipairs(list) do
      if each.mean and (not best or each.mean < best.mean) then best = each end
    end
    out[#out + 1] = {
      keys = group.keys, tried = list, rate = best and best.rate, score = best and best.mean, fixed = #list == 0,
      beyond = #list > 0 and at_edge(list, best, o) or nil,
    }
  end
  return out
end

-- Does a table of settings have these values?
local function has(settings, keys)
  for name, value in pairs(keys) do
    if report.label(settings[name]) ~= report.label(value) then return false end
  end
  return true
end

--- Of the arms with these keys the one whose best rate has the least mean score, the first of equals; nil where there
-- is none.
-- @tparam {table,...} arms as arms() gives them
-- @tparam table keys values of some or all of the names in `by`
function M.best(arms, keys)
  local found
  for _, arm in ipairs(arms) do
    if has(arm.keys, keys) and (not found or (arm.score or math.huge) < (found.score or math.huge)) then found = arm end
  end
  return found
end

local function configs(arm, o, rate, seeds, out)
  for _, seed in ipairs(seeds) do
    local config = copy(arm.keys)
    config[o.rate], config.seed = rate, seed
    out[#out + 1] = config
    for _, other in ipairs(o.also and M.is_fresh(seed) and o.also(config) or {}) do out[#out + 1] = other end
  end
end

--- What an experiment's `more` returns: rates beyond the edges, or fresh seeds at the rate chosen.
-- @param results
-- @tparam table o as for arms, and seeds (how many tune), fresh (how many score), also (function(config): further
--   configs for each fresh one)
function M.more(results, o)
  local out = {}
  for _, arm in ipairs(M.arms(results, o)) do
    if arm.beyond then
      configs(arm, o, arm.beyond, M.seeds(o.seeds), out)
    elseif arm.rate or arm.fixed then
      configs(arm, o, arm.rate, M.fresh_seeds(o.fresh), out)
    end
  end
  return out
end

--- Decades of rates whose mean score stays within 10 % of the arm's best, by straight lines between the rates tried.
function M.good_range(arm)
  local points, best, width = {}, math.huge, 0
  for _, each in ipairs(arm.tried) do
    if each.mean then
      points[#points + 1] = { x = math.log(each.rate, 10), y = each.mean }
      best = math.min(best, each.mean)
    end
  end
  local limit = 1.1 * best
  for i = 2, #points do
    local a, b = points[i - 1], points[i]
    if a.y <= limit and b.y <= limit then
      width = width + b.x - a.x
    elseif a.y <= limit or b.y <= limit then
      width = width + (b.x - a.x) * (limit - math.min(a.y, b.y)) / math.abs(b.y - a.y)
    end
  end
  return width
end

--- The rows of an arm's fresh seeds that fulfil a condition (a function of a row; none: all).
function M.scored(results, arm, condition)
  return results:where(function(row)
    return M.is_fresh(row.config.seed) and has(row.config, arm.keys) and (condition == nil or condition(row))
  end)
end

return M
