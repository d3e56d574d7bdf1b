--- The runs that are marked in the workbench, seen from the prompt inside it: the global `sel`.
--
-- A list that is always up to date: each look reads the numbers of the marked runs again, from the file that the
-- environment variable ASSAY_SELECTION names. `#sel` counts them, `sel[1]` is a row of the view `runs` with the
-- tables `params` and `results` in it, `for i, run in ipairs(sel)` walks over them.
local runs = require "assay.runs"

local function marked()
  local ids, path = {}, os.getenv "ASSAY_SELECTION"
  local file = path and io.open(path, "r")
  if file then
    for line in file:lines() do ids[#ids + 1] = math.tointeger(tonumber(line)) end
    file:close()
  end
  return ids
end

local function run_of(id) return id and runs(id)[1] end

return setmetatable({}, {
  __len = function() return #marked() end,
  __index = function(_, i) return math.type(i) == "integer" and run_of(marked()[i]) or nil end,
  __newindex = function() error("sel holds the runs that are marked on screen 1; mark others there", 2) end,
  __tostring = function()
    local ids = marked()
    if #ids == 0 then return "no runs are marked on screen 1" end
    return tostring(runs("id IN (" .. table.concat(ids, ", ") .. ")"))
  end,
  __name = "selection",
})
