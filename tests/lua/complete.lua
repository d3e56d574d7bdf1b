-- complete.lua: what may stand at the cursor, where lua/assay/complete.lua knows it.
local tap = require "tap"
local complete = require "assay.complete"

local files = { "a.lua", "b.csv", "folder/", "notes.md" }
local known = {
  ids = { cosine = "half a cosine" }, modules = { "report" },
  train = { "lr", "steps" }, train_many = { "replicas" }, train_replica = { "mask" }, experiment = { "grid" },
  files = function(prefix)
    local found = {}
    for _, name in ipairs(files) do
      if name:sub(1, #prefix) == prefix then found[#found + 1] = name end
    end
    return found
  end,
}

-- The names offered at the end of a text, sorted; "-" where the names in memory are to be looked at.
local function names(text)
  local found, typed = complete.offer(text, known)
  if not found then return "-" end
  local list = {}
  for name in pairs(found) do
    if name:sub(1, #typed) == typed then list[#list + 1] = name end
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function offers(text, expected) tap.is(names(text), expected, "completion of " .. text:gsub("\n", " / ")) end

offers('assay.start("', "a.lua folder/")
offers("assay.run 'a", "a.lua")
offers('assay.load("', "b.csv folder/")
offers('assay.start("x.lua", {', "jobs rerun set")
offers('assay.start("x.lua", {jobs = 2, r', "rerun")
offers('assay.start("x.lua", {jobs = ', "-")
offers('x = assay.train {\n  l', "lr")
offers("assay.train_many{replicas = {{lr = 1}, {m", "mask")
offers("assay.stats.bootstrap({1}, {le", "level")
offers("assay.schedule('cosine', {", "-")
offers('help "cos', "cosine")
offers("?cos", "cosine")
offers('require "assay.r', "assay.report")
offers("-- assay.", "")
offers("--[[ a\nassay.", "")
offers("x = 1 -- a 'quote\nassay.train{st", "steps")
offers("print('(') assay.train{st", "steps")
offers("s = [[ {' ]] assay.train{st", "steps")
offers("print(", "-")
offers("", "-")
offers('f("x"', "")
offers("t[1] ", "")
offers("x = {1}.", "-")

-- Where brackets stand, for those who go on from there.
local _, open, outer = complete.offer('f{a = "x', known)
tap.is(open .. " " .. outer, "7 2", "the innermost quote, and the bracket around it")

-- What frames say: the call, which argument, those before it.
local frames = complete.open_frames('assay.artifact(12, "we')
tap.is(frames[1].callee .. frames[1].n .. frames[1].items[1], "assay.artifact212", "a call, its argument, the one before")
tap.is(complete.open_frames('assay.bound("x"):evaluate{')[1].callee, 'assay.bound("x"):evaluate', "a method of what a call gives")
tap.is(complete.open_frames("r[1]:metric('")[1].callee, "r[1]:metric", "… or an index")
tap.is(#complete.open_frames "}) ]x", 0, "brackets that close nothing")
for i = 1, 2000 do -- any text, unfinished anywhere
  local parts, text = { "(", "{", '"', "'", "[[", "]]", "--", "\n", "assay.run", ",", "=", "\\", "x", "12", ")", "}", ":", "\xff" }, {}
  for k = 1, i % 23 do text[k] = parts[1 + (i * 7919 + k * k * 104729) // 7 % #parts] end
  if not pcall(complete.open_frames, table.concat(text)) then tap.ok(false, "open_frames of " .. table.concat(text)) end
end

-- Parameters of scripts, from their text.
local params = complete.script_params [[
-- params = 1
return assay.experiment { params = { a = 1, -- how many
  list = { 1, 2 }, text = "x, } y", -- what
  -- a comment between
  f = 2 * (3 + 4), last = assay.range(3) }, grid = 1 }
]]
local list = {}
for name, about in pairs(params) do list[#list + 1] = name .. ": " .. about end
table.sort(list)
tap.is(table.concat(list, "|"), 'a: 1: how many|f: 2 * (3 + 4)|last: assay.range(3)|list: { 1, 2 }|text: "x, } y": what',
  "parameters, their defaults and comments")
tap.is(next(complete.script_params "return 1"), nil, "a script without parameters")
tap.is(next(complete.script_params "params = {"), nil, "… or with half a table")

tap.done()
