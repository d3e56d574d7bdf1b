--- What the workbench has in hand, seen from the prompt inside it: the globals `sel` and `run`.
--
-- `sel` is a list of the marked runs that is always up to date: each look reads their numbers again, from the file
-- that the environment variable ASSAY_SELECTION names. `#sel` counts them, `sel[1]` is a row of the view `runs` with
-- the tables `params` and `results` in it, `for i, r in ipairs(sel)` walks over them.
--
-- `run` is the run on screen 2, likewise always up to date: run.params, run.results, plot(run:metric("loss")). Of a
-- config with several runs it is the first, and `run.all` lists all of them.
local runs = require "assay.runs"

-- Numbers in the file: those of the marked runs, or those after the word "run".
local function numbers(pattern)
  local ids, path = {}, os.getenv "ASSAY_SELECTION"
  local file = path and io.open(path, "r")
  if file then
    for line in file:lines() do ids[#ids + 1] = math.tointeger(tonumber(line:match(pattern))) end
    file:close()
  end
  return ids
end

local function marked() return numbers "^%d+$" end
local function shown() return numbers "^run (%d+)$" end

local function run_of(id) return id and runs(id)[1] end

local function list_of(ids) return runs("id IN (" .. table.concat(ids, ", ") .. ")") end

-- The last run that was read, until the workbench shows another one.
local kept
local function current()
  local id = shown()[1]
  if not kept or kept.id ~= id then kept = run_of(id) end
  return kept
end

local run = setmetatable({}, {
  __index = function(_, key)
    local row = current()
    if not row then error("screen 2 shows no run: choose one on screen 1 with Enter", 2) end
    if key == "all" then return list_of(shown()) end
    return row[key]
  end,
  __pairs = function() return next, current() or {} end,
  __newindex = function() error("run is the run on screen 2; show another one there", 2) end,
  __tostring = function()
    local row, n = current(), #shown()
    if not row then return "screen 2 shows no run" end
    return tostring(row) .. (n > 1 and string.format("\nthe first of %d runs; run.all lists them", n) or "")
  end,
  __name = "run",
})

return setmetatable({}, {
  __len = function() return #marked() end,
  __index = function(_, i)
    if i == "run" then return run end
    return math.type(i) == "integer" and run_of(marked()[i]) or nil
  end,
  __newindex = function() error("sel holds the runs that are marked on screen 1; mark others there", 2) end,
  __tostring = function()
    local ids = marked()
    return #ids == 0 and "no runs are marked on screen 1" or tostring(list_of(ids))
  end,
  __name = "selection",
})
