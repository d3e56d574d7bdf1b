--- assay.runs: runs of the store as a list, each with its parameters, results and metrics.
-- @module assay.runs
local assay = require "assay"

local Run = { __name = "assay.stored_run" }
Run.__index = Run

local FIRST = { "id", "experiment", "status" } -- columns of every list; then what differs
local RESULTS = 6 -- so many results are shown

--- A metric as a curve: {x = steps, y = values, label =}, which plot takes.
function Run:metric(name)
  if type(name) ~= "string" then assay.refuse("run:metric needs the name of a metric, got %s", type(name)) end
  local x, y = {}, {}
  local points = assay.db("SELECT step, value FROM metrics WHERE run_id = ? AND key = ? ORDER BY step", self.id, name)
  for i, row in ipairs(points) do
    x[i], y[i] = row.step, row.value or 0 / 0
  end
  if #x == 0 then
    local names = table.concat(self:metrics(), ", ")
    assay.refuse("run %d has no metric \"%s\"; it has %s", self.id, name, names == "" and "none" or names)
  end
  return { x = x, y = y, label = name .. " of run " .. self.id }
end

--- The names of its metrics.
function Run:metrics()
  local names, rows = {}, assay.db("SELECT DISTINCT key FROM metrics WHERE run_id = ? ORDER BY key", self.id)
  for i, row in ipairs(rows) do names[i] = row.key end
  return names
end

Run.__tostring = function(run)
  local pretty = require "assay.pretty"
  local lines = { string.format("run %d of %s, %s", run.id, pretty.safe(run.experiment), run.status) }
  if run.error then lines[2] = "error " .. pretty.safe(run.error) end
  for _, part in ipairs { "params", "results" } do
    if next(run[part]) then lines[#lines + 1] = part .. " " .. pretty.format(run[part]) end
  end
  return table.concat(lines, "\n")
end

-- Give each run of the list the values of a view, by key.
local function attach(runs, view, where, ...)
  local by_id = {}
  for _, run in ipairs(runs) do
    by_id[run.id], run[view] = run, {}
  end
  local rows = assay.db("SELECT run_id, key, value FROM " .. view .. " WHERE run_id IN (SELECT id FROM runs WHERE "
    .. where .. ") ORDER BY key LIKE 'params.%'", ...)
  for _, row in ipairs(rows) do
    local run = by_id[row.run_id]
    local own = row.key:match "^params%.(.+)" -- of the experiment, where no coordinate of the grid has that name
    if run then run[view][own and run[view][own] == nil and own or row.key] = row.value end
  end
end

-- Keys of one part that differ between runs ("all" of them when `constant`), sorted.
local function keys_of(runs, part, constant)
  local seen, differs, names = {}, {}, {}
  for i, run in ipairs(runs) do
    for key, value in next, run[part] do
      if seen[key] == nil and i == 1 then seen[key] = value end
      if seen[key] ~= value then differs[key] = true end
      differs[key] = differs[key] or constant
    end
  end
  for key, shown in next, differs do
    if shown then names[#names + 1] = key end
  end
  table.sort(names)
  return names
end

local List = { __name = "assay.stored_runs" }

-- What was returned comes first, the last and best values of metrics ("loss.last") are left out where there is more.
local function result_names(runs)
  local returned, others = {}, {}
  for _, key in ipairs(keys_of(runs, "results", true)) do
    local list = key:find("[.]") and others or returned
    list[#list + 1] = key
  end
  local names = #returned > 0 and returned or others
  return table.move(names, 1, RESULTS, 1, {})
end

List.__tostring = function(runs)
  if #runs == 0 then return "no runs" end
  local columns, flat = { table.unpack(FIRST) }, {}
  local parts = { params = keys_of(runs, "params"), results = result_names(runs) }
  for _, part in ipairs { "params", "results" } do table.move(parts[part], 1, #parts[part], #columns + 1, columns) end
  for i, run in ipairs(runs) do
    local row = { id = run.id, experiment = run.experiment, status = run.status }
    for _, part in ipairs { "params", "results" } do
      for _, key in ipairs(parts[part]) do
        if row[key] == nil then row[key] = run[part][key] end
      end
    end
    flat[i] = row
  end
  return require "assay.rows".text(flat, columns)
end

-- The condition that a question stands for, and its values.
local function condition(what, ...)
  if what == nil then return "1" end
  if math.type(what) == "integer" then return "id = ?", what end
  if type(what) ~= "string" then
    assay.refuse("assay.runs takes a run's number or uid, an experiment, or a condition in SQL, got %s", type(what))
  end
  if what:match "^%x+$" and #what == 32 then return "uid = ?", what end
  local is_name = select("#", ...) == 0 and assay.db("SELECT 1 FROM experiment WHERE name = ?", what)[1]
  if is_name then return "experiment = ?", what end
  return what, ...
end

local function select_runs(where, ...)
  local runs = assay.db("SELECT * FROM runs WHERE " .. where .. " ORDER BY id", ...)
  attach(runs, "params", where, ...)
  attach(runs, "results", where, ...)
  for _, run in ipairs(runs) do setmetatable(run, Run) end
  return setmetatable(runs, List)
end

local find = assay.describe(function(...) return select_runs(condition(...)) end, "assay.runs([what[, value …]])",
  "Runs of the store: those of an experiment, one by its number or uid, or those of a condition in SQL over the view "
    .. "runs (? stands for a value); without an argument, all. A list of tables: run.id, run.status, run.params.NAME, "
    .. "run.results.NAME, run:metrics() names its metrics, run:metric(name) is a curve that plot takes.")
assay.describe(Run.metric, "run:metric(name)",
  "A metric of a stored run as {x = steps, y = values, label =}; plot takes it.")
assay.describe(Run.metrics, "run:metrics()", "The names of a stored run's metrics.")

return find
