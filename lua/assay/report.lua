--- Reports: the runs of an experiment grouped by configuration, with means, intervals and paired
-- differences over seeds, as tables for people.
--
--     report = function(results)
--       results:group("schedule", "lr"):table{"val_error", "test_error"}:print()
--       local best = results:group("schedule", "lr"):best("val_error", {within = "schedule"})
--       best:paired("test_error", {baseline = {schedule = "linear-decay"}, on = "seed"}):print()
--     end
--
-- A row has config, results, status, run and, where a store holds it, id; a name is looked up in config first, then
-- in results. Only finished runs count in statistics; numbers that are not finite are left out and counted.
-- @module assay.report
local assay = require "assay"
local pretty = require "assay.pretty"
local stats = assay.stats

local M = {}

local Results = { __name = "assay.results" }
Results.__index = Results

local Groups = { __name = "assay.groups" }
Groups.__index = Groups

local Group = { __name = "assay.group" }
Group.__index = Group

local Table = { __name = "assay.table" }
Table.__index = Table

-- --- values and labels ------------------------------------------------------------------------------

local function finite(x) return type(x) == "number" and x == x and x ~= math.huge and x ~= -math.huge end

--- The value of a name in a row: its configuration's, else its result's.
function M.get(row, name)
  local value = row.config[name]
  if value == nil then value = row.results[name] end
  return value
end

--- A configuration value as a short text: what it is called, or its number.
function M.label(value)
  if type(value) == "number" then
    return math.type(value) == "integer" and tostring(value) or (string.format("%.4g", value))
  end
  if type(value) == "table" then
    local parts = {}
    for i, item in ipairs(value) do parts[i] = M.label(item) end
    return table.concat(parts, ",")
  end
  return (tostring(value):gsub("^%a+ ", "", type(value) == "userdata" and 1 or 0))
end

-- Numbers by size, all else by text.
local function before(a, b)
  if type(a) == "number" and type(b) == "number" then return a < b end
  return M.label(a) < M.label(b)
end

--- "0.1042 ±.0011 (5)": a mean, the half width of its interval, and how many values it stands for.
-- @number mean
-- @tparam ?number half nil when there are too few values
-- @int n
function M.interval(mean, half, n)
  if not finite(mean) then return string.format("- (%d)", n) end
  local digits = 4
  if half and half > 0 then digits = math.max(0, math.min(12, 1 - math.floor(math.log(half, 10)))) end
  if not half and mean ~= 0 then digits = math.max(0, math.min(12, 3 - math.floor(math.log(math.abs(mean), 10)))) end
  if half == 0 then return string.format("%s (%d)", M.label(mean), n) end
  local text = string.format("%." .. digits .. "f", mean)
  if half then text = text .. " ±" .. string.format("%." .. digits .. "f", half):gsub("^0%.", ".") end
  return string.format("%s (%d)", text, n)
end

-- --- results ----------------------------------------------------------------------------------------

--- Rows with methods.
-- @tparam table rows a list of {config =, results =, status =, run =}
function M.results(rows)
  for _, row in ipairs(rows) do
    setmetatable(row, { __index = function(self, key) return rawget(self, "config") and M.get(self, key) end })
  end
  return setmetatable(rows, Results)
end

--- The rows for which a condition holds: a function of a row, or a table of values.
-- @return results
function Results:where(condition)
  local holds = condition
  if type(condition) == "table" then
    holds = function(row)
      for name, value in pairs(condition) do
        if M.get(row, name) ~= value then return false end
      end
      return true
    end
  end
  local out = {}
  for _, row in ipairs(self) do
    if holds(row) then out[#out + 1] = row end
  end
  return setmetatable(out, Results)
end

--- The finished rows.
function Results:done() return self:where(function(row) return row.status == "done" end) end

--- The finite numbers of a name over the finished rows, and how many rows had none.
-- @treturn {number,...} values
-- @treturn int missing
function Results:values(name)
  local out, missing = {}, 0
  for _, row in ipairs(self) do
    local value = M.get(row, name)
    if row.status == "done" and finite(value) then
      out[#out + 1] = value
    else
      missing = missing + 1
    end
  end
  return out, missing
end

-- The row (or group) with the least value; ties go to the first.
local function least(list, value, largest)
  local found, found_value
  for _, item in ipairs(list) do
    local v = value(item)
    if finite(v) and (found_value == nil or (largest and v > found_value) or (not largest and v < found_value)) then
      found, found_value = item, v
    end
  end
  return found, found_value
end

--- The finished row with the least (or, with "max", largest) value.
function Results:best(name, direction)
  return least(self:done(), function(row) return M.get(row, name) end, direction == "max")
end

-- The points of one metric of all finished rows that the store holds, in order of their steps.
local function points_of(rows, name)
  local ids = {}
  for _, row in ipairs(rows:done()) do ids[#ids + 1] = math.type(row.id) == "integer" and row.id or nil end
  return #ids == 0 and {} or assay.db("SELECT step, avg(value) AS mean, count(value) AS n FROM metrics WHERE key = ? "
    .. "AND run_id IN (" .. table.concat(ids, ",") .. ") GROUP BY step ORDER BY step", name)
end

--- A metric over the course of the finished runs: the mean over them at each step that they logged, with the number of
-- runs it stands for. Steps at which no run has a number are left out.
-- @tparam string name of the metric
-- @treturn {{step=,mean=,n=},...}
function Results:curve(name)
  local out = {}
  for _, point in ipairs(points_of(self, name)) do
    if point.n > 0 then out[#out + 1] = { step = point.step, mean = point.mean, n = point.n } end
  end
  return out
end

--- How many rows have each status: {done = 10, failed = 1}.
function Results:counts()
  local out = {}
  for _, row in ipairs(self) do out[row.status] = (out[row.status] or 0) + 1 end
  return out
end

--- Rows with equal values of the given names, as groups in the order of those values.
-- @param ... names; none: every name of the configurations that varies, but seed
function Results:group(...)
  local names = { ... }
  if #names == 0 then names = M.varying(self) end
  local by_key, list = {}, {}
  for _, row in ipairs(self) do
    local parts, keys = {}, {}
    for i, name in ipairs(names) do
      keys[name] = M.get(row, name)
      parts[i] = M.label(keys[name])
    end
    local key = table.concat(parts, "\0")
    if not by_key[key] then
      by_key[key] = setmetatable({ keys = keys, rows = setmetatable({}, Results) }, Group)
      list[#list + 1] = by_key[key]
    end
    table.insert(by_key[key].rows, row)
  end
  table.sort(list, function(a, b)
    for _, name in ipairs(names) do
      local x, y = a.keys[name], b.keys[name]
      if before(x, y) then return true end
      if before(y, x) then return false end
    end
    return false
  end)
  list.names = names
  return setmetatable(list, Groups)
end

--- Names of the configurations that do not have the same value everywhere, without seed, sorted.
function M.varying(rows)
  local first, varies = {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row.config) do
      local label = M.label(value)
      if first[name] == nil then first[name] = label end
      if first[name] ~= label and name ~= "seed" then varies[name] = true end
    end
  end
  local out = {}
  for name in pairs(varies) do out[#out + 1] = name end
  table.sort(out)
  return out
end

--- Names of the numeric results, sorted; timings (…_s) last.
function M.numeric(rows)
  local seen, out = {}, {}
  for _, row in ipairs(rows) do
    for name, value in pairs(row.results) do
      if type(value) == "number" and not seen[name] then
        seen[name] = true
        out[#out + 1] = name
      end
    end
  end
  table.sort(out, function(a, b)
    local s, t = a:match("_s$") ~= nil, b:match("_s$") ~= nil
    if s ~= t then return t end
    return a < b
  end)
  return out
end

--- Whether the finished rows have more than one value of a result.
function M.differs(rows, name)
  local first
  for _, row in ipairs(rows) do
    local value = row.results[name]
    if row.status == "done" and value ~= nil then
      if first == nil then first = value end
      if value ~= first then return true end
    end
  end
  return false
end

-- --- one group --------------------------------------------------------------------------------------

--- Mean of a name over the group's finished runs; nil without any.
function Group:mean(name)
  local values = self.rows:values(name)
  return #values > 0 and stats.mean(values) or nil
end

--- Mean, half width of the 95 % t interval (nil for fewer than two values), number of values, number missing.
function Group:summary(name, level)
  local values, missing = self.rows:values(name)
  if #values == 0 then return nil, nil, 0, missing end
  local mean, half = stats.mean(values), nil
  if #values > 1 then
    local low, high = stats.ci(values, level or 0.95)
    half = (high - low) / 2
  end
  return mean, half, #values, missing
end

--- The summary as text: "0.1042 ±.0011 (5)"; "!1" tells how many runs of the group failed or diverged.
function Group:text(name)
  local mean, half, n, missing = self:summary(name)
  local text = M.interval(mean, half, n)
  return missing > 0 and text .. " !" .. missing or text
end

--- The group's keys as text.
function Group:label(names)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = M.label(self.keys[name]) end
  return table.concat(parts, " ")
end

-- --- many groups ------------------------------------------------------------------------------------

local function same_names(groups, list)
  local out = setmetatable(list, Groups)
  out.names = groups.names
  return out
end

--- The groups for which a function of the group holds.
function Groups:where(holds)
  local out = {}
  for _, group in ipairs(self) do
    if holds(group) then out[#out + 1] = group end
  end
  return same_names(self, out)
end

--- The group with the least mean of a name; with {within = "schedule"} the best of each schedule, as groups.
-- Groups in which a run is missing (failed, diverged) come last: they are chosen only if there is no other.
-- @tparam string name
-- @tparam[opt] table options within, largest
function Groups:best(name, options)
  options = options or {}
  local function pick(list)
    local whole = {}
    for _, group in ipairs(list) do
      local _, _, n, missing = group:summary(name)
      if n > 0 and missing == 0 then whole[#whole + 1] = group end
    end
    return (least(#whole > 0 and whole or list, function(group) return group:mean(name) end, options.largest))
  end
  if not options.within then return pick(self) end
  local parts, order = {}, {}
  for _, group in ipairs(self) do
    local key = M.label(group.keys[options.within])
    if not parts[key] then
      parts[key] = {}
      order[#order + 1] = key
    end
    table.insert(parts[key], group)
  end
  local out = {}
  for _, key in ipairs(order) do out[#out + 1] = pick(parts[key]) end
  return same_names(self, out)
end

--- The groups in the order of the mean of a name (least first; {largest = true} turns it).
function Groups:sort(name, options)
  local list, mean = {}, {}
  for i, group in ipairs(self) do
    list[i] = group
    mean[group] = group:mean(name) or math.huge
    if options and options.largest then mean[group] = -(group:mean(name) or -math.huge) end
  end
  local place = {}
  for i, group in ipairs(list) do place[group] = i end
  table.sort(list, function(a, b)
    if mean[a] ~= mean[b] then return mean[a] < mean[b] end
    return place[a] < place[b]
  end)
  return same_names(self, list)
end

--- A table: the groups' keys, then mean, interval and count of each name.
-- @tparam {string,...} names metrics; default: all numeric results that differ (where none does, all), but timings
function Groups:table(names)
  if not names then
    local rows = {}
    for _, group in ipairs(self) do table.move(group.rows, 1, #group.rows, #rows + 1, rows) end
    local all = {}
    names = {}
    for _, name in ipairs(M.numeric(rows)) do
      if not name:match("_s$") then
        all[#all + 1] = name
        if M.differs(rows, name) then names[#names + 1] = name end
      end
    end
    if #names == 0 then names = all end
  end
  local head = table.move(self.names, 1, #self.names, 1, {})
  table.move(names, 1, #names, #head + 1, head)
  local out = M.table(head)
  for _, group in ipairs(self) do
    local cells = {}
    for i, name in ipairs(self.names) do cells[i] = M.label(group.keys[name]) end
    for _, name in ipairs(names) do cells[#cells + 1] = group:text(name) end
    out:row(cells)
  end
  return out
end

-- Values of two groups for the runs whose names `on` agree.
local function matched(a, b, name, on)
  local other, x, y = {}, {}, {}
  for _, row in ipairs(b.rows) do
    if row.status == "done" then other[M.label(M.get(row, on))] = M.get(row, name) end
  end
  for _, row in ipairs(a.rows) do
    local value, base = M.get(row, name), other[M.label(M.get(row, on))]
    if row.status == "done" and finite(value) and finite(base) then
      x[#x + 1], y[#y + 1] = value, base
    end
  end
  return x, y
end

local function is_baseline(group, baseline)
  for name, value in pairs(baseline) do
    if M.label(group.keys[name]) ~= M.label(value) then return false end
  end
  return true
end

--- Paired differences of each group to a baseline group: interval, t test adjusted by Holm, Wilcoxon's test.
-- @tparam string name the metric
-- @tparam table options baseline = {schedule = "linear-decay"}; on = "seed" (what pairs the runs)
-- @return a table to print; its list `differences` has {group, mean, low, high, p, p_holm, wilcoxon, n}
-- @raise if no group, or more than one, is the baseline
function Groups:paired(name, options)
  local on, base = options.on or "seed", nil
  for _, group in ipairs(self) do
    if is_baseline(group, options.baseline) then
      if base then error("paired: several groups are the baseline; choose one run per value first (groups:best)", 2) end
      base = group
    end
  end
  if not base then error("paired: no group is the baseline", 2) end
  local list, p = {}, {}
  for _, group in ipairs(self) do
    if group ~= base then
      local x, y = matched(group, base, name, on)
      local d = { group = group, n = #x, mean = #x > 0 and stats.mean(x) - stats.mean(y) or nil }
      local fine, test = pcall(stats.paired_t, x, y)
      if fine then
        d.mean, d.low, d.high, d.p = test.mean, test.low, test.high, test.p
        p[#p + 1] = test.p
      end
      local able, w = pcall(stats.wilcoxon, x, y)
      if able then d.wilcoxon = w.p end
      list[#list + 1] = d
    end
  end
  local adjusted, at = #p > 0 and stats.holm(p) or {}, 0
  for _, d in ipairs(list) do
    if d.p then
      at = at + 1
      d.p_holm = adjusted[at]
    end
  end
  return M.paired_table(self.names, base, name, list)
end

local function p_text(p) return p and (p < 0.0001 and "<.0001" or (string.format("%.4f", p):gsub("^0", ""))) or "-" end

--- The differences of Groups:paired as a table.
function M.paired_table(names, base, name, list)
  local against = "against " .. base:label(names)
  local out = M.table { against, name .. " difference", "95 % interval", "p (Holm)", "p (Wilcoxon)" }
  for _, d in ipairs(list) do
    out:row {
      d.group:label(names), d.mean and string.format("%+.4g (%d)", d.mean, d.n) or "-",
      d.low and string.format("%+.4g to %+.4g", d.low, d.high) or "-", p_text(d.p_holm), p_text(d.wilcoxon),
    }
  end
  out.differences = list
  return out
end

-- --- tables as text ---------------------------------------------------------------------------------

-- Texts come from scripts and stores, and go to terminals.
local function cell_text(cell)
  return pretty.plain(pretty.safe(cell == nil and "" or type(cell) == "string" and cell or M.label(cell)))
end

--- A new table with a heading.
-- @tparam {string,...} head
function M.table(head)
  local safe = {}
  for i, name in ipairs(head) do safe[i] = cell_text(name) end
  return setmetatable({ head = safe, rows = {} }, Table)
end

--- Add a row of texts or numbers.
function Table:row(cells)
  local row = {}
  for i = 1, #self.head do
    row[i] = cell_text(cells[i])
  end
  self.rows[#self.rows + 1] = row
  return self
end

local function width(text) return utf8.len(text) or #text end

-- A column whose cells all begin like numbers is aligned to the right.
local function numeric_column(rows, i)
  for _, row in ipairs(rows) do
    if row[i] ~= "" and row[i] ~= "-" and not row[i]:match("^[+-]?%.?%d") then return false end
  end
  return #rows > 0
end

local function layout(self)
  local widths, right = {}, {}
  for i, name in ipairs(self.head) do
    widths[i] = width(name)
    right[i] = numeric_column(self.rows, i)
    for _, row in ipairs(self.rows) do widths[i] = math.max(widths[i], width(row[i])) end
  end
  return widths, right
end

local function pad(text, n, right)
  local space = string.rep(" ", n - width(text))
  return right and space .. text or text .. space
end

--- The table as aligned text.
function Table:text()
  local widths, right = layout(self)
  local function line(cells)
    local out = {}
    for i, cell in ipairs(cells) do out[i] = pad(cell, widths[i], right[i]) end
    return (table.concat(out, "  "):gsub(" +$", ""))
  end
  local lines, rule = { line(self.head) }, {}
  for i, n in ipairs(widths) do rule[i] = string.rep("-", n) end
  lines[2] = table.concat(rule, "  ")
  for _, row in ipairs(self.rows) do lines[#lines + 1] = line(row) end
  return table.concat(lines, "\n")
end

--- The table in Markdown.
function Table:markdown()
  local _, right = layout(self)
  local function line(cells)
    local out = {}
    for i, cell in ipairs(cells) do out[i] = cell:gsub("|", "\\|") end
    return "| " .. table.concat(out, " | ") .. " |"
  end
  local rule = {}
  for i = 1, #self.head do rule[i] = right[i] and "---:" or "---" end
  local lines = { line(self.head), "| " .. table.concat(rule, " | ") .. " |" }
  for _, row in ipairs(self.rows) do lines[#lines + 1] = line(row) end
  return table.concat(lines, "\n")
end

Table.__tostring = Table.text

--- Print the table.
function Table:print()
  print(self:text())
  return self
end

--- The report of an experiment that has none of its own: groups over seeds, all numeric results.
function M.summary(results)
  local failed = #results - #results:done()
  local groups = results:group()
  local sizes = groups:table()
  if #sizes.head > 0 then sizes:print() end
  if failed > 0 then print(string.format("%d of %d runs did not finish", failed, #results)) end
end

return setmetatable(M, { __help = [[
assay.report: the runs of an experiment, grouped, summed up and compared; report = function(results) … end gets them.
  results:where{key = value}   the rows of which this holds; also a function of a row
  results:done()               the finished rows;  results:counts() how many rows have each status
  results:best(name[, "max"])  the row with the least value;  results:values(name) the finite numbers
  results:group(name, …)       groups of rows with equal values; without names, all but the seed
  groups:table(names)          mean, interval and count as a table;  groups:best(name, {within = key})
  groups:sort(name)            in the order of the mean;  groups:paired(name, options) differences to a baseline
  report.table{"head", …}      a table of your own: row{…}, text(), markdown(), print()
  report.summary(results)      what is printed where an experiment has no report]] })
