--- What may stand at the cursor of the prompt, where that depends on more than the names in memory: parameters of
-- experiment scripts, files, names in the store, keys of tables that a function takes.
--
-- Nothing of the user's is executed: scripts are read as text, the store by queries of ours.
-- @module assay.complete
local assay = require "assay"
local settings = require "assay.settings"

local M = {}

local START = {
  set = "parameters of the script by name",
  jobs = "workers (as many as cores)",
  rerun = "true: also runs that are done",
}

-- --- what is open at the cursor --------------------------------------------------------------------------

-- Position behind a string that begins at i; nil: it is open.
local function string_end(text, i)
  local quote, j = text:sub(i, i), i + 1
  while j <= #text do
    local c = text:sub(j, j)
    if c == quote then return j + 1 end
    j = j + (c == "\\" and 2 or 1)
  end
end

-- Position behind a comment or long string whose brackets begin at i; nil: it is open.
local function long_end(text, i)
  local equals = text:match("^%[(=*)%[", i)
  local _, last = text:find("]" .. equals .. "]", i + #equals + 2, true)
  return last and last + 1
end

local KEYWORD = {}
for word in ("and do else elseif end false for function goto if in local nil not or repeat return then true until "
  .. "while"):gmatch "%a+" do
  KEYWORD[word] = true
end

local Reader = {}
Reader.__index = Reader

-- Open a bracket or a quote: what stands before it is what is called.
function Reader:open(bracket)
  self.stack[#self.stack + 1] =
    { open = bracket, at = self.i, callee = self.last.name, items = {}, n = 1 }
  self.last = {}
end

-- A closed bracket or string makes a value; behind a name it is a call, and its text is a name that can be called on.
function Reader:value(at, callee)
  local top = self.stack[#self.stack]
  local text = self.text:sub(at, self.i - 1)
  if top and not callee then top.items[top.n] = text end
  self.last = callee and { name = callee .. text } or {}
end

function Reader:close()
  local frame = table.remove(self.stack)
  self.i = self.i + 1
  if frame then self:value(frame.at, frame.callee) end
end

function Reader:punctuation(c)
  local top = self.stack[#self.stack]
  if (c == "," or c == ";") and top then
    top.n, top.key = top.n + 1, nil
  elseif c == "=" and self.text:sub(self.i + 1, self.i + 1) == "=" then
    self.i = self.i + 1
  elseif c == "=" and top and top.open == "{" then
    top.key = self.last.name
  end
  local joins = (c == "." or c == ":") and self.last.name
  self.last = joins and { name = joins .. c, dot = true } or {}
  self.i = self.i + 1
end

function Reader:word(word)
  local top = self.stack[#self.stack]
  self.i = self.i + #word
  if top and word:find "^%d" then top.items[top.n] = word end
  self.last = KEYWORD[word] and {} or { name = self.last.dot and self.last.name .. word or word }
end

-- One step; false: the rest of the text lies in a comment or a string.
function Reader:step()
  local text, i = self.text, self.i
  local c = text:sub(i, i)
  local comment, long = text:find("^%-%-", i), text:find("^%[=*%[", i)
  local word = text:match("^[%a_][%w_]*", i) or text:match("^%.?%d[%w.]*", i)
  if comment then
    local block = text:find("^%[=*%[", i + 2)
    local stop = block and long_end(text, i + 2) or not block and text:find("\n", i, true)
    if not stop then
      self:open "--"
      return false
    end
    self.i = stop
  elseif c == '"' or c == "'" or long then
    local stop = long and long_end(text, i) or not long and string_end(text, i)
    if not stop then
      self:open(long and "[[" or c)
      return false
    end
    self.i = stop
    self:value(i, self.last.name)
  elseif c:find "[%({%[]" then
    self:open(c)
    self.i = i + 1
  elseif c:find "[%)}%]]" then self:close()
  elseif word then self:word(word)
  elseif c:find "%s" then self.i = i + 1
  else self:punctuation(c) end
  return true
end

--- The brackets and quotes that are open at the end of a text, outermost first:
-- {open = "(", at =, callee = "assay.start", n = which argument, items = {texts of the arguments before},
-- key = whose value it is}.
function M.open_frames(text)
  local reader = setmetatable({ text = text, i = 1, stack = {}, last = {} }, Reader)
  while reader.i <= #text and reader:step() do end
  return reader.stack
end

-- The text of a string literal without escapes; nil if it is none.
local function literal(source)
  return source and source:match "^%s*[\"']([^\"'\\]*)[\"']%s*$"
end

-- The call that a frame is an argument of, that argument's number, and the string that is its first one.
local function call_of(stack, at)
  local frame, outer = stack[at], stack[at - 1]
  if frame.callee then return frame.callee, 1, nil end
  if outer and outer.open == "(" and outer.callee then return outer.callee, outer.n, literal(outer.items[1]) end
end

-- --- experiment scripts ------------------------------------------------------------------------------------

local function read_file(path)
  local file = io.open(path, "r")
  local text = file and file:read(1 << 18)
  if file then file:close() end
  return text
end

-- Position behind the value that begins at i: at the comma or bracket that ends it.
local function value_end(text, i)
  local reader = setmetatable({ text = text, i = i, stack = {}, last = {} }, Reader)
  while reader.i <= #text and (#reader.stack > 0 or not text:find("^[,;}]", reader.i)) and reader:step() do end
  return reader.i
end

-- Over white space and comments.
local function skip_blank(text, i)
  while true do
    local _, last = text:find("^%s+", i)
    if not last and text:find("^%-%-", i) then last = text:find("\n", i, true) or #text end
    if not last then return i end
    i = last + 1
  end
end

--- The parameters of a script as its text says them: name -> default, and the comment beside it.
function M.script_params(text)
  local params, _, i = {}, text:find "%f[%w_]params%s*=%s*{"
  while i do
    i = skip_blank(text, i + 1)
    local name, start = text:match("^([%a_][%w_]*)%s*=%s*()", i)
    if not name then return params end
    i = value_end(text, start)
    local value = text:sub(start, i - 1):gsub("%s+", " "):gsub("^(.-) $", "%1")
    local comment = text:match("^[,;]?[ \t]*%-%-[ \t]*([^\n]*)", i)
    params[name] = value .. (comment and ": " .. comment or "")
    if not text:find("^[,;]", i) then return params end
  end
  return params
end

local function params_of(path)
  local text = path and read_file(path)
  return text and M.script_params(text)
end

-- --- files ---------------------------------------------------------------------------------------------------

-- Files and folders that begin so, from the program; `fits` says of a file's name whether it is one.
local function files(prefix, list_files, fits)
  local found = {}
  for _, path in ipairs(list_files(prefix)) do
    if path:sub(-1) == "/" then
      found[path] = "folder"
    elseif not fits or fits(path) then
      local text = fits and path:find "%.lua$" and read_file(path)
      found[path] = text and text:match "summary%s*=%s*\"([^\"]*)\"" or ""
    end
  end
  return found
end

local function is_script(path) return path:find "%.lua$" ~= nil end

local DATA = { csv = true, tsv = true, txt = true, npy = true, npz = true, safetensors = true, bin = true, gz = true }
local function is_data(path) return DATA[path:match "%.(%w+)$"] == true end

local FILES = {
  ["assay.start"] = is_script, ["assay.run"] = is_script, dofile = is_script, loadfile = is_script,
  ["assay.load"] = is_data,
}

-- --- names in the store ----------------------------------------------------------------------------------------

local RECENT = "run_id > (SELECT max(id) - 1000 FROM run)" -- enough to know the names by

local function add(found, about, sql, ...)
  local ok, rows = pcall(assay.db, sql, ...)
  for _, row in ipairs(ok and rows or {}) do
    if row.name and not found[row.name] then found[row.name] = row.about or about end
  end
end

local function add_experiments(found)
  add(found, "experiment", "SELECT name, coalesce(summary, 'experiment') AS about FROM experiment ORDER BY id DESC "
    .. "LIMIT 500")
end

local function add_uids(found)
  add(found, "run", [[SELECT uid AS name, 'run ' || id || ' of ' || experiment || ', ' || status AS about FROM runs
    ORDER BY id DESC LIMIT 50]])
end

local function add_metrics(found) add(found, "metric", "SELECT name FROM metric_key LIMIT 500") end
local function add_results(found) add(found, "result", "SELECT DISTINCT key AS name FROM result WHERE " .. RECENT) end
local function add_params(found) add(found, "parameter", "SELECT DISTINCT key AS name FROM param WHERE " .. RECENT) end

local function add_statuses(found)
  for _, word in ipairs { "running", "done", "failed", "cancelled", "lost" } do found[word] = "status" end
end

local HOLDS = {
  status = { add_statuses }, experiment = { add_experiments }, uid = { add_uids }, metric = { add_metrics },
  key = { add_metrics, add_results, add_params }, name = { add_metrics, add_experiments },
  any = { add_experiments, add_metrics, add_results, add_params, add_statuses, add_uids },
}

-- A text in a query: names of what the column before it holds; without one, anything that has a name.
local function stored_names(column)
  local found = {}
  for _, add_names in ipairs(HOLDS[column] or HOLDS.any) do add_names(found) end
  return found
end

local KEYWORDS = {
  "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "USING", "AND", "OR", "NOT", "NULL", "LIKE",
  "BETWEEN", "DISTINCT", "DESC", "AS", "avg", "count", "max", "min", "sum", "json_extract" }

-- Tables, views, their columns (of those that the query names, if any), and words of SQL.
local function sql_words(sql)
  local tables, found = {}, {}
  add(tables, nil, [[SELECT name, type AS about FROM sqlite_schema
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%']])
  local named = {}
  for word in sql:gmatch "[%w_]+" do named[#named + 1] = tables[word] and word end
  for name, kind in pairs(tables) do found[name] = kind end
  for _, name in ipairs(#named > 0 and named or { "runs" }) do
    add(found, "column of " .. name, "SELECT name FROM pragma_table_info(?)", name)
  end
  for _, word in ipairs(KEYWORDS) do found[word] = "SQL" end
  return found
end

-- Inside the text of a query.
local function in_query(sql)
  local quoted = sql:gsub("'[^']*'", function(text) return ("_"):rep(#text) end):match "'([^']*)$"
  if quoted then
    local column = sql:sub(1, #sql - #quoted - 1):match "([%w_]+)%s*[=<>!]+%s*$"
      or sql:match "([%w_]+)%s+[Ii][Nn]%s*%([^)]*'[^']*$"
    return stored_names(column), quoted
  end
  return sql_words(sql), sql:match "[%w_]*$"
end

-- The text for assay.runs: an experiment, a uid, or a condition.
local function in_runs(typed)
  if typed:find "[^%w_.-]" then return in_query("FROM runs WHERE " .. typed) end
  local found = {}
  add_experiments(found)
  add_uids(found)
  add(found, "column of runs", "SELECT name FROM pragma_table_info('runs')")
  return found, typed
end

-- What a run has kept; `source` is its number or uid as it is written.
local function artifact_names(source)
  local found, run = {}, literal(source) or math.tointeger(tonumber(source))
  local ok, list = pcall(assay.artifacts, run)
  for _, artifact in ipairs(ok and list or {}) do found[artifact.name] = artifact.kind end
  return found
end

-- --- the library ---------------------------------------------------------------------------------------------

local function add_functions(found, t, prefix)
  for name, value in next, t do
    local usage = type(name) == "string" and type(value) == "function" and assay.usage(value)
    if usage then found[prefix .. name] = usage end
  end
end

-- What help "…" explains.
local function help_names(known)
  local found = {}
  for id, summary in pairs(known.ids) do found[id] = summary end
  add_functions(found, assay, "")
  for _, module in ipairs(known.modules) do found[module] = "module" end
  for _, module in ipairs { "math", "stats" } do
    found[module] = "module"
    add_functions(found, assay[module], module .. ".")
  end
  return found
end

-- The function that a dotted name stands for, by raw looks only.
local function function_named(path)
  local value = _G
  for word in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = rawget(value, word)
  end
  return type(value) == "function" and value or nil
end

-- The keys that a function's usage names in braces: "{level =, part = "test"}" -> level, and part with its default;
-- not those of "{parameter = value}", which stands for any.
local function usage_keys(callee)
  local f = function_named(callee)
  local usage, found = f and assay.usage(f), {}
  for body in (usage or ""):gmatch "{(.-)}" do
    for key, default in body:gmatch "([%a_][%w_]*)%s*=%s*([^,%]}]*)" do
      if default ~= "value" then found[key] = default ~= "" and "default " .. default:gsub("%s+$", "") or "" end
    end
  end
  return next(found) and found or nil
end

-- --- the question ----------------------------------------------------------------------------------------------

-- Inside a string, which is the last frame.
local function in_string(stack, text, known)
  local frame = stack[#stack]
  local typed = text:sub(frame.at + (frame.open == "[[" and #text:match("^%[=*%[", frame.at) or 1))
  local callee, n, first = call_of(stack, #stack)
  if not callee then return nil end
  if FILES[callee] and n == 1 then return files(typed, known.files, FILES[callee]), typed end
  if callee == "help" then return help_names(known), typed end
  if callee == "require" then
    local found = {}
    for _, module in ipairs(known.modules) do found["assay." .. module] = "module" end
    return found, typed
  end
  if (callee == "assay.artifact" or callee == "assay.artifacts") and n == 1 then return stored_names "uid", typed end
  if callee == "assay.artifact" then return artifact_names(stack[#stack - 1].items[1]), typed end
  if callee == "assay.runs" and n == 1 then return in_runs(typed) end
  if callee:find ":metric$" then return stored_names "metric", typed end
  if callee == "assay.db" and n == 1 then return in_query(typed) end
  if callee == "assay.db" and first then
    local column, i = nil, 1
    for name in first:gmatch "([%w_]*)%s*[=<>!]*%s*%?" do
      i = i + 1
      if i == n then column = name end
    end
    return stored_names(column), typed
  end
end

-- At a key of the table that is the last frame.
local function at_key(stack, known)
  local at = #stack
  local callee, n, first = call_of(stack, at)
  if callee == "assay.run" and n == 2 then return params_of(first) end
  if callee == "assay.start" and n == 2 then return START end
  if callee then return settings.of(callee, known) or usage_keys(callee) end
  local outer = stack[at - 1]
  if outer and outer.key == "set" and at > 2 then
    local start, _, script = call_of(stack, at - 1)
    return start == "assay.start" and params_of(script) or nil
  end
  if outer and outer.open == "{" and not outer.key and at > 2 and stack[at - 2].key == "replicas" then
    return settings.of("assay.train_many.replicas", known)
  end
end

-- What this module itself knows to stand here.
local function own(stack, text, known)
  local top = stack[#stack]
  if top.open == "--" then return {}, "" end
  if top.open:find "^[\"']$" or top.open == "[[" then return in_string(stack, text, known) end
  local before, typed = text:match "^(.-)([%a_]?[%w_]*)$"
  if top.open == "{" and before:find "[{,;]%s*$" then
    local found = at_key(stack, known)
    if found then return found, typed end
  end
end

--- Candidates at the end of a text.
-- @tparam string text what stands before the cursor
-- @tparam table known what the program knows: ids, modules, files(prefix), and the keys of train, train_many,
-- train_replica, experiment
-- @treturn ?table name -> a line on it; {}: nothing fits; nil: the names in memory are to be looked at
-- @treturn string|integer with a table, the part that is typed already; else where the innermost open bracket or
-- quote stands (0: there is none)
-- @treturn integer else where the one around it stands
function M.offer(text, known)
  local topic = text:match "^%s*%?%s*([%w_.:-]*)$"
  if topic then return help_names(known), topic end
  local stack = M.open_frames(text)
  local top = stack[#stack]
  local in_text = top and (top.open:find "^[\"']$" or top.open == "[[")
  if not in_text and text:find "[\"')%]}]%s*$" then return {}, "" end -- behind a value stands no other
  if not top then return nil, 0, 0 end
  local found, typed = own(stack, text, known)
  if found then return found, typed end
  return nil, stack[#stack].at, #stack > 1 and stack[#stack - 1].at or 0
end

return M
