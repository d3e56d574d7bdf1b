-- Every function and method, called with values it does not expect: an error message or a result, never a crash.
local tap = require "tap"

local odd = {
  false, 0, -1, 1.5, 0 / 0, math.huge, math.mininteger, "", "cosine", "x\0y", {}, { 1 }, { { 1 } }, { {} }, { x = 1 },
  { { 1, 2 }, { 3 } }, print, coroutine.create(print), assay.zeros(0, 0), assay.zeros(2, 3), assay.ones(1, 1, "f32"),
  assay.schedule("cosine"), assay.model("linear"), assay.optimizer("adam"), assay.average("ema"), assay.sampler("iid"),
}

-- The library's functions, and the methods of its types; what runs scripts or writes files is left out.
local calls = {}
local function collect(t, prefix, self)
  for name, f in pairs(t) do
    if type(f) == "function" and name ~= "run" and name ~= "save" and name ~= "help" then
      calls[#calls + 1] = { name = prefix .. name, call = f, self = self }
    end
  end
end
collect(assay, "assay.")
collect(assay.stats, "assay.stats.")
collect(assay.math, "assay.math.")
for _, self in ipairs(odd) do
  local meta = type(self) == "userdata" and getmetatable(self)
  if meta and meta.methods then collect(meta.methods, "matrix:", self) end
  for _, name in ipairs { "at", "values", "step", "weights", "update", "value", "epoch", "init", "loss", "grad", "with", "param" } do
    local found, f = pcall(function() return type(self) == "userdata" and self[name] end)
    if found and type(f) == "function" then calls[#calls + 1] = { name = name, call = f, self = self } end
  end
end
table.sort(calls, function(a, b) return a.name < b.name end)

local without, count = {}, 0
local function try(c, ...)
  count = count + 1
  local fine, message = pcall(c.call, ...)
  if not fine and (type(message) ~= "string" or #message < 5) then without[#without + 1] = c.name end
end
for _, c in ipairs(calls) do
  for _, a in ipairs(odd) do
    if c.self then try(c, c.self, a) end
    try(c, a)
    for _, b in ipairs(odd) do
      if c.self then try(c, c.self, a, b) else try(c, a, b) end
    end
  end
end
collectgarbage()
tap.ok(count > 10000, count .. " odd calls")
tap.is(table.concat(without, " "), "", "each failure has a message")

-- Objects that were closed by hand.
local m <const>, s <const> = assay.ones(2, 2), assay.schedule("cosine")
getmetatable(m).__gc(m)
getmetatable(s).__gc(s)
tap.fails(function() return m[1] end, "outside", "a closed matrix is empty")
tap.fails(function() return s.peak end, "closed", "a closed object says so")
tap.is(tostring(s), "(closed)", "and prints so")
getmetatable(m).__gc(m)
tap.fails(function() getmetatable(m).__index({}, 1) end, "matrix", "a method of a matrix on a table")

tap.done()
