--- Values as readable text, within limits of depth, width and number of items.
-- @module assay.pretty
local M = {}

local MAX_ITEMS = 40

-- Characters above ASCII that a terminal acts upon: controls, marks that reorder what is read, line separators.
local function acts(c)
  return c >= 0x80 and c <= 0x9f or c == 0x61c or c == 0x200e or c == 0x200f or c >= 0x2028 and c <= 0x202e
    or c >= 0x2066 and c <= 0x2069 or c == 0xfeff
end

-- What is no UTF-8, byte by byte as \\xFF, and what a terminal acts upon as \\u{202e}.
local function escape_wide(s)
  if not s:find("[\x80-\xFF]") then return s end
  if not utf8.len(s) then return (s:gsub("[\x80-\xFF]", function(c) return string.format("\\x%02X", c:byte()) end)) end
  return (s:gsub(utf8.charpattern, function(c)
    local code = utf8.codepoint(c)
    return acts(code) and string.format("\\u{%04x}", code) or nil
  end))
end

--- A text without what would move a terminal's cursor or reorder its text: "\27[2J" as "\\x1b[2J".
-- @string s
-- @treturn string one line
function M.safe(s)
  s = s:gsub("[%c\127]", function(c)
    return c == "\n" and "\\n" or c == "\t" and "\\t" or string.format("\\x%02x", c:byte())
  end)
  return escape_wide(s)
end

local ASCII = { ["±"] = "+-", ["…"] = "...", ["×"] = "x", ["–"] = "-", ["≤"] = "<=", ["≥"] = ">=", ["→"] = "->" }

--- A text for where the locale has nothing beyond ASCII (LC_ALL=C): there "±" becomes "+-". Else as it is.
-- @string s
-- @treturn string as wide as before or wider
function M.plain(s)
  local locale = os.setlocale(nil, "ctype") or "C"
  if locale:upper():find("UTF%-?8") or not utf8.len(s) then return s end
  return (s:gsub("[\xC2-\xF4][\x80-\xBF]+", function(c) return ASCII[c] or "?" end))
end

local function quote(s, limit)
  if #s > limit then
    s = s:sub(1, limit - 1):gsub("[\xC0-\xFF][\x80-\xBF]*$", "") .. "…"
  end
  s = s:gsub('[%c\127"\\]', function(c)
    local named = { ["\n"] = "\\n", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }
    return named[c] or string.format("\\%03d", c:byte())
  end)
  return '"' .. escape_wide(s) .. '"'
end

--- A number as people write it: whole numbers whole, others with six digits.
function M.number(x)
  if math.type(x) == "integer" then return tostring(x) end
  if x ~= x then return "nan" end
  if x == math.huge or x == -math.huge then return x > 0 and "inf" or "-inf" end
  if x == math.floor(x) and math.abs(x) < 1e15 then return string.format("%.1f", x) end
  return (string.format("%.6g", x))
end

local function is_name(key)
  return type(key) == "string" and key:match("^[%a_][%w_]*$")
end

-- Keys of the part that is no list: names by the alphabet, then the rest by their text.
local function sorted_keys(t, n)
  local keys = {}
  for k in next, t do
    if not (math.type(k) == "integer" and k >= 1 and k <= n) then keys[#keys + 1] = k end
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "string" or type(a) == "number") then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local format

local function format_key(key, state)
  return is_name(key) and key or "[" .. format(key, state, 1) .. "]"
end

-- All items of a table as texts, at most MAX_ITEMS of them.
local function items(t, state, depth)
  local out, n = {}, rawlen(t)
  for i = 1, math.min(n, MAX_ITEMS) do out[#out + 1] = format(rawget(t, i), state, depth - 1) end
  local keys = sorted_keys(t, n)
  for i = 1, math.min(#keys, MAX_ITEMS) do
    out[#out + 1] = format_key(keys[i], state) .. " = " .. format(rawget(t, keys[i]), state, depth - 1)
  end
  local hidden = n + #keys - #out
  if hidden > 0 then out[#out + 1] = string.format("… %d more", hidden) end
  return out
end

local function format_table(t, state, depth)
  if state.open[t] then return "{… itself}" end
  if next(t) == nil then return "{}" end
  if depth <= 0 then return "{…}" end
  state.open[t] = true
  local parts = items(t, state, depth)
  state.open[t] = nil
  local line, indent = table.concat(parts, ", "), string.rep("  ", state.depth - depth + 1)
  if #line + #indent + 2 <= state.width and not line:find("\n", 1, true) then return "{" .. line .. "}" end
  return "{\n" .. indent .. table.concat(parts, ",\n" .. indent) .. "\n" .. indent:sub(3) .. "}"
end

format = function(value, state, depth)
  local kind = type(value)
  if kind == "string" then return quote(value, 400) end
  if kind == "number" then return M.number(value) end
  if kind == "table" then
    local meta = getmetatable(value)
    local readable = type(meta) == "table" and rawget(meta, "__tostring")
    return readable and tostring(value) or format_table(value, state, depth)
  end
  return tostring(value)
end

--- One value as text.
-- @param value anything
-- @tparam[opt] table options depth (default 4) and width (default 100)
-- @treturn string
function M.format(value, options)
  options = options or {}
  local depth = options.depth or 4
  return format(value, { open = {}, width = options.width or 100, depth = depth }, depth)
end

-- How the prompt shows values of certain metatables, by the name that these have.
local SHOWN = {
  ["assay.training"] = function(value, width)
    return "training " .. format_table(value, { open = {}, width = width, depth = 3 }, 3)
  end,
  ["assay.rows"] = function(value) return require "assay.rows".text(value, getmetatable(value).columns) end,
}

-- A method of the library: what it is, then all its parameters with their values.
local function show_object(value, width)
  local params = value:params()
  if next(params) == nil then return tostring(value) end
  local text = format_table(params, { open = {}, width = width, depth = 2 }, 2)
  return string.format("%s %s %s", value.kind, value.id, text)
end

--- What the prompt shows: rows as a table, a method with its parameters, a training's fields as a list, other values
-- as by format.
-- @param value anything
-- @treturn string
function M.show(value)
  local meta = getmetatable(value)
  local width = require "assay".terminal_width()
  local shown = type(value) == "table" and type(meta) == "table" and SHOWN[rawget(meta, "__name")]
  if shown then return shown(value, width) end
  if type(meta) == "table" and rawget(meta, "__name") == "assay.object" then return show_object(value, width) end
  return M.format(value, { width = width })
end

return M
