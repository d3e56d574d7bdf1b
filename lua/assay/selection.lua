--- The runs that are marked in the workbench, seen from the prompt inside it: the global `sel`.
--
-- A list that is always up to date: each look reads the numbers of the marked runs again, from the file that the
-- environment variable ASSAY_SELECTION names. `#sel` counts them, `sel[1]` is a row of the view `runs` with the
-- tables `params` and `results` in it, `for i, run in ipairs(sel)` walks over them.
local assay = require "assay"

local function marked()
  local ids, path = {}, os.getenv "ASSAY_SELECTION"
  local file = path and io.open(path, "r")
  if file then
    for line in file:lines() do ids[#ids + 1] = math.tointeger(tonumber(line)) end
    file:close()
  end
  return ids
end

local function by_key(view, id)
  local out = {}
  for _, row in ipairs(assay.db("SELECT key, value FROM " .. view .. " WHERE run_id = ?", id)) do
    out[row.key] = row.value
  end
  return out
end

local function run_of(id)
  local row = id and assay.db("SELECT * FROM runs WHERE id = ?", id)[1]
  if row then row.params, row.results = by_key("params", id), by_key("results", id) end
  return row
end

return setmetatable({}, {
  __len = function() return #marked() end,
  __index = function(_, i) return math.type(i) == "integer" and run_of(marked()[i]) or nil end,
  __newindex = function() error("sel holds the runs that are marked on screen 1; mark others there", 2) end,
  __tostring = function() return #marked() .. " marked runs: " .. table.concat(marked(), ", ") end,
  __name = "selection",
})
