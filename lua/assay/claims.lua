--- Claims: what a published paper says, put to the test.
--
-- A paper is one file, experiments/papers/<id>.lua: an experiment script as any other, whose name is the id of
-- the paper, with two keys more. `claim` says what was published, `verdict` asks the runs.
--
--     return assay.experiment {
--       name = "sgd-dynamical-stability", summary = "…", params = …, grid = …, run = …, report = …,
--       claim = {
--         title = "The Implicit Regularization of Dynamical Stability in …", authors = "L. Wu, W. J. Su", year = 2023,
--         published = "ICML 2023, arXiv:2305.17490",
--         statement = "A minimum at which SGD is stable has a Hessian of trace at most 2/eta.",
--         kind = "exact",         -- exact: an identity or inequality that holds at any scale; order: A at least as
--       },                        --   good as B; rate: a slope; number: a figure
--       verdict = function(results, p)
--         local d = claims.paired(sgd_errors, gd_errors)   -- {effect =, low =, high =, n =}
--         d.less_than, d.unit, d.why = 0, "test error, SGD - GD", "12 seeds at the largest stable rate"
--         return d
--       end,
--     }
--
-- A finding is an effect, its interval and the region that the claim allows. Nobody writes the verdict: it is
-- *holds* where the whole interval lies in the region, *fails* where none of it does, else *inconclusive*.
--
--   effect, low, high   numbers; low and high may be left out where kind is "exact" (a measured violation has no
--                       interval; the tolerance is the region)
--   at_least, at_most   the region, its ends included;  more_than, less_than   its ends excluded
--   unit, why           what the effect is; what it rests on, in a sentence
--   kind, statement     of this finding, where the paper claims several things: the function then returns a list
--                       of findings. The paper fails if one of them fails; it holds if all of them hold.
--   n                   how many pairs or runs
--   verdict             "inconclusive" (with `why`) where nothing can be said; any other word must be what follows
--                       from the numbers, or it is refused
--
-- `results` are the finished and diverged runs, as a report gets them. The verdict is kept in the store with the
-- script, the parameters and the time; `assay papers` lists it, and says when the script has changed since.
-- @module assay.claims
local assay = require "assay"
local stats = assay.stats

local M = {}

local KINDS = { exact = true, order = true, rate = true, number = true }
local CLAIM = {
  title = "string", authors = "string", year = "number", published = "string", statement = "string", kind = "string",
}
local FINDING = {
  effect = "number", low = "number", high = "number", at_least = "number", at_most = "number", more_than = "number",
  less_than = "number", unit = "string", why = "string", kind = "string", statement = "string", n = "number",
  verdict = "string",
}

local function refuse(...) error(string.format(...), 0) end

local function finite(x) return x == x and x ~= math.huge and x ~= -math.huge end

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

-- Known keys of the right types, numbers finite.
local function check_fields(what, t, fields)
  for key, value in pairs(t) do
    local expected = fields[key]
    if not expected then refuse("%s has no key \"%s\" (it has: %s)", what, tostring(key), sorted(fields)) end
    if type(value) ~= expected then refuse("%s: %s must be a %s, got %s", what, key, expected, type(value)) end
    if expected == "number" and not finite(value) then refuse("%s: %s must be finite, got %s", what, key, value) end
    if expected == "string" and not value:match("%S") then refuse("%s: %s is empty", what, key) end
  end
  if t.kind and not KINDS[t.kind] then refuse("%s: kind must be one of %s, got \"%s\"", what, sorted(KINDS), t.kind) end
end

--- Check a claim: called by assay.experiment.
function M.check(claim)
  check_fields("claim", claim, CLAIM)
  for key in pairs(CLAIM) do
    if claim[key] == nil then refuse("claim: %s is missing", key) end
  end
  if math.type(claim.year) ~= "integer" then refuse("claim: year must be a whole number, got %s", claim.year) end
end

-- --- from numbers to a word -------------------------------------------------------------------------

-- Does x lie in the region of a finding?
local function inside(f, x)
  return (f.at_least == nil or x >= f.at_least) and (f.at_most == nil or x <= f.at_most)
    and (f.more_than == nil or x > f.more_than) and (f.less_than == nil or x < f.less_than)
end

-- Does the interval from low to high meet the region at all? The region is an interval, too.
local function meets(f, low, high)
  return (f.at_least == nil or high >= f.at_least) and (f.at_most == nil or low <= f.at_most)
    and (f.more_than == nil or high > f.more_than) and (f.less_than == nil or low < f.less_than)
end

local function word(f)
  if inside(f, f.low) and inside(f, f.high) then return "holds" end
  return meets(f, f.low, f.high) and "inconclusive" or "fails"
end

-- The region holds some number.
local function check_region(what, f)
  local low = math.max(f.at_least or -math.huge, f.more_than or -math.huge)
  local high = math.min(f.at_most or math.huge, f.less_than or math.huge)
  if low == -math.huge and high == math.huge then
    refuse("%s: the region is missing (at_least, at_most, more_than or less_than)", what)
  end
  if low > high or low == high and not inside(f, low) then refuse("%s: no number lies in the region", what) end
end

-- A copy of the finding with its interval and its verdict.
local function judge_one(what, given, claim)
  if type(given) ~= "table" then refuse("%s must be a table, got %s", what, type(given)) end
  check_fields(what, given, FINDING)
  local f = {}
  for key, value in pairs(given) do f[key] = value end
  f.kind, f.statement = f.kind or claim.kind, f.statement or claim.statement
  if f.effect == nil then
    if f.verdict == "inconclusive" and f.why and f.low == nil and f.high == nil then return f end
    refuse("%s: effect is missing (a finding without one is {verdict = \"inconclusive\", why = …})", what)
  end
  check_region(what, f)
  if f.kind == "exact" and f.low == nil and f.high == nil then f.low, f.high = f.effect, f.effect end
  if f.low == nil or f.high == nil then refuse("%s: a claim of kind %s needs low and high", what, f.kind) end
  if f.low > f.effect or f.effect > f.high then
    refuse("%s: the effect %.17g lies outside its interval from %.17g to %.17g", what, f.effect, f.low, f.high)
  end
  local follows = word(f)
  if f.verdict == "inconclusive" and f.why then return f end
  if f.verdict and f.verdict ~= follows then
    refuse("%s: the verdict \"%s\" does not follow from the numbers; \"%s\" does", what, f.verdict, follows)
  end
  f.verdict = follows
  return f
end

-- The first finding that decides: one that fails, else one that is inconclusive, else the first.
local function deciding(parts)
  for _, wanted in ipairs { "fails", "inconclusive" } do
    for _, part in ipairs(parts) do
      if part.verdict == wanted then return part end
    end
  end
  return parts[1]
end

--- Ask a script for its verdict: called by `assay run` and `assay papers --run` after the report.
-- @tparam table spec the experiment
-- @param results as a report gets them
-- @tparam table p the parameters
-- @treturn table verdict, effect, low, high, … of the finding that decides; parts: all findings; claim
function M.judge(spec, results, p)
  local given = spec.verdict(results, p)
  if type(given) ~= "table" then refuse("verdict must return a finding or a list of findings, got %s", type(given)) end
  local list, parts = #given > 0 and given or { given }, {}
  for i, finding in ipairs(list) do
    local what = #list > 1 and string.format("verdict: finding %d", i) or "verdict"
    parts[i] = judge_one(what, finding, spec.claim)
  end
  local out = { parts = parts, claim = spec.claim }
  for key, value in pairs(deciding(parts)) do out[key] = value end
  return out
end

-- --- figures for findings ---------------------------------------------------------------------------

--- A result of the finished rows by seed: what paired() and mean() take.
-- @param rows results, as a report gets them: one row a seed, else the last one counts
-- @param of the name of a result, or a function of a row; rows where it is nil are left out
-- @treturn table {[seed] = value}
function M.by_seed(rows, of)
  local value = type(of) == "function" and of or function(row) return row[of] end
  local out = {}
  for _, row in ipairs(rows:done()) do out[row.config.seed] = value(row) end
  return out
end

--- The numbers of a table with any keys, as a list in ascending order.
function M.values(by_key)
  local out = {}
  for _, value in pairs(by_key) do out[#out + 1] = value end
  table.sort(out)
  return out
end

--- Slope of the least-squares line through points: the exponent of a rate, where both are logs.
-- @tparam {number,...} x
-- @tparam {number,...} y as many
-- @treturn ?number nil where the x do not differ, or are fewer than two
function M.slope(x, y)
  local n, sxy, sxx = #x, 0, 0
  if n ~= #y then refuse("claims.slope: %d x and %d y", n, #y) end
  if n < 2 then return nil end
  local mx, my = stats.mean(x), stats.mean(y)
  for i = 1, n do
    sxy, sxx = sxy + (x[i] - mx) * (y[i] - my), sxx + (x[i] - mx) ^ 2
  end
  if sxx == 0 then return nil end
  return sxy / sxx
end

--- Slopes by seed.
-- @tparam {number,...} x
-- @tparam {table,...} y as many tables by seed, as by_seed() gives them: y[i][seed] stands over x[i]
-- @treturn table {[seed] = slope} of the seeds that have a value over every x
function M.slopes(x, y)
  local out = {}
  for seed in pairs(y[1] or {}) do
    local column, whole = {}, true
    for i = 1, #x do
      column[i] = y[i][seed]
      whole = whole and column[i] ~= nil
    end
    if whole then out[seed] = M.slope(x, column) end
  end
  return out
end

--- The largest of a result over the finished rows, as the beginning of an exact finding: what holds by algebra holds in
-- every run. Inconclusive where no row has it, or where it is not a number.
-- @param rows results
-- @param of the name of a result, or a function of a row; rows where it is nil are left out
-- @treturn table {kind = "exact", effect =, n =}
function M.largest(rows, of)
  local value, most, n = type(of) == "function" and of or function(row) return row[of] end, -math.huge, 0
  for _, row in ipairs(rows:done()) do
    local v = value(row)
    if v and v ~= v then return { kind = "exact", verdict = "inconclusive", why = "not a number in some run" } end
    if v then most, n = math.max(most, v), n + 1 end
  end
  if n == 0 then return { kind = "exact", verdict = "inconclusive", why = "no run has a value", n = 0 } end
  return { kind = "exact", effect = most, n = n }
end

--- A finding: figures, and what they are to show. An inconclusive one keeps its reason.
-- @tparam table figures {effect =, low =, high =, n =}, as paired() and mean() give them; changed in place
-- @tparam table about statement, unit, the region, why, kind
-- @treturn table figures
function M.finding(figures, about)
  local reason = figures.verdict and figures.why
  for key, value in pairs(about) do figures[key] = value end
  figures.why = reason or figures.why
  return figures
end

--- Mean and t interval of numbers as the beginning of a finding; inconclusive below two values.
-- @tparam table values a list, or by any key
-- @number[opt=0.95] level
function M.mean(values, level)
  values = M.values(values) -- the order of keys must not show in the last bit of the mean
  if #values < 2 then
    return { verdict = "inconclusive", why = string.format("only %d finite values", #values), n = #values }
  end
  local low, high = stats.ci(values, level or 0.95)
  return { effect = stats.mean(values), low = low, high = high, n = #values }
end

--- Mean and t interval of the differences x - y, pair by pair, as the beginning of a finding. Pairs in which a
-- number is missing or not finite are left out; `n` tells how many remain.
-- @tparam table x values by pair: a list, or by any key
-- @tparam table y values by the same keys
-- @number[opt=0.95] level
function M.paired(x, y, level)
  local differences = {}
  for key, value in pairs(x) do
    local d = value - (y[key] or 0 / 0)
    if finite(d) then differences[#differences + 1] = d end
  end
  return M.mean(differences, level)
end

return setmetatable(M, { __help = [[
assay.claims: what a published paper says, put to the test by assay.experiment{claim = {…}, verdict = function …}
  verdict(results, p) returns  {effect =, low =, high =, unit =, why =} with at_least, at_most, more_than or less_than,
                               or a list of such; holds, fails or inconclusive follows from the numbers
  claims.paired(x, y)          mean and t interval of the differences, as the beginning of a finding
  claims.mean(values)          the same of one list, or of a table by seed
  claims.by_seed(rows, name)   {[seed] = value} of the finished rows; name may be a function of a row
  claims.values(by_seed)       the numbers of such a table as an ascending list
  claims.slope(x, y)           of the least-squares line: an exponent, where x and y are logs
  claims.slopes(x, {…})        by seed, of tables by seed: one for each x
  claims.largest(rows, name)   the largest over the finished rows, as the beginning of an exact finding
  claims.finding(f, {…})       f with statement, unit, region, why; an inconclusive f keeps its own why]] })
