--- Plots as text: assay.plot{…}, assay.plot.line, bar, scatter and heatmap.
-- A plot prints itself; plot:text{width =, height =, ascii =} gives its text, plot:save(file) an SVG.
-- @module assay.plot
local assay = require "assay"

local M = {}

local Plot = { __name = "assay.plot" }
Plot.__index = Plot

local SPEC_KEYS = {
  kind = true, title = true, x_label = true, y_label = true, log_x = true, log_y = true, series = true,
  names = true, row_names = true, z = true, width = true, height = true, ascii = true, colour = true,
}
local SERIES_KEYS = { label = true, x = true, y = true, low = true, high = true }

local function check_keys(t, known, what)
  for key in pairs(t) do
    if not known[key] then error(string.format('%s has no key "%s"', what, tostring(key)), 4) end
  end
end

--- The text of the plot.
-- @tparam[opt] table options width, height, ascii, colour
-- @treturn string
function Plot:text(options)
  local spec = {}
  for k, v in pairs(self.spec) do spec[k] = v end
  for k, v in pairs(options or {}) do spec[k] = v end
  return assay.plot_text(spec)
end

function Plot:__tostring() return self:text() end

-- At the prompt: as wide as the terminal, in colours, or as a picture, where the terminal can.
function Plot:__show()
  local spec = {}
  for k, v in pairs(self.spec) do spec[k] = v end
  spec.width = spec.width or assay.terminal_width()
  io.stdout:flush()
  if not assay.plot_show(spec) then print(self:text()) end
end

--- Write the plot as SVG (or as text, if the name ends in .txt).
-- @tparam string path
-- @raise if the file cannot be written
function Plot:save(path)
  local drawing = path:match("%.txt$") and self:text() or assay.plot_svg(self.spec)
  local file, problem = io.open(path, "w")
  if not file then error("cannot write " .. problem, 2) end
  local written, trouble = file:write(drawing, "\n")
  file:close()
  if not written then error("cannot write " .. path .. ": " .. trouble, 2) end
  return self
end

local function new(spec)
  check_keys(spec, SPEC_KEYS, "plot")
  for _, series in ipairs(spec.series or {}) do check_keys(series, SERIES_KEYS, "a series") end
  return setmetatable({ spec = spec }, Plot)
end

local function is_schedule(data) return type(data) == "userdata" and tostring(data):match("^schedule ") ~= nil end

-- A list of numbers, a matrix, a schedule, or a series: as a series.
local function as_one(data)
  if is_schedule(data) then return { y = data:values(), label = tostring(data):sub(10):gsub(" +", " ") } end
  if type(data) == "userdata" or (type(data) == "table" and type(data[1]) == "number") then return { y = data } end
  if type(data) ~= "table" then error("plot: a series is a list, matrix, table or schedule, no " .. type(data), 5) end
  return data
end

-- One of these or a list of them: as a list of series.
local function as_series(data, what)
  if type(data) ~= "userdata" and type(data) ~= "table" then
    error(what .. " needs a list of numbers, a matrix, a schedule or {series = {…}}, got " .. type(data), 4)
  end
  if type(data) == "userdata" or type(data[1]) == "number" then return { as_one(data) } end
  local series = {}
  for i, one in ipairs(data) do series[i] = as_one(one) end
  return series
end

local function plot(kind, data, options)
  local spec = {}
  if type(data) == "table" and (data.series or data.y or data.z) then
    for k, v in pairs(data) do spec[k] = v end
    if data.y then -- one series written directly
      spec.series = { { label = data.label, x = data.x, y = data.y, low = data.low, high = data.high } }
      for key in pairs(SERIES_KEYS) do spec[key] = nil end
    end
  elseif kind ~= "heat" then
    spec.series = as_series(data, "plot")
  end
  for k, v in pairs(options or {}) do spec[k] = v end
  spec.kind = spec.kind or kind
  return new(spec)
end

--- Lines: assay.plot.line(list), line{y =, x =, …} or line{series = {{label =, x =, y =, low =, high =}, …}}.
function M.line(data, options) return plot("line", data, options) end

--- Points, with the same arguments as line.
function M.scatter(data, options) return plot("scatter", data, options) end

--- Bars: assay.plot.bar(list, {names = {…}}) or bar{name = number, …}, sorted by name.
function M.bar(data, options)
  if type(data) == "table" and not data.series and not data.y and data[1] == nil then
    local names, values = {}, {}
    for name in pairs(data) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do values[i] = data[name] end
    data = { y = values, names = names }
  end
  return plot("bar", data, options)
end

--- A heat map of a matrix or list of lists; options: names (columns), row_names, title.
function M.heatmap(z, options)
  local data = type(z) == "table" and z.z and z or { z = z }
  return plot("heat", data, options)
end

-- All finite numbers of a list, matrix or schedule, and how many were not finite.
local function finite_numbers(data)
  local out, left = {}, 0
  local function take(x)
    if x == x and x ~= math.huge and x ~= -math.huge then out[#out + 1] = x else left = left + 1 end
  end
  if is_schedule(data) then data = data:values() end
  if type(data) == "userdata" then
    local rows, cols = data:rows(), data:cols()
    for i = 1, rows do for j = 1, cols do take(data(i, j)) end end
  else
    for _, x in ipairs(data) do take(x) end
  end
  return out, left
end

--- A histogram of the numbers of a list or matrix.
-- options: bins (default: by Freedman and Diaconis 1981, 5 to 40), title.
function M.hist(data, options)
  options = options or {}
  local x, left = finite_numbers(data)
  if #x == 0 then error("hist: no finite numbers to count", 2) end
  table.sort(x)
  local low, high, n = x[1], x[#x], options.bins
  if not n then
    local quartile = function(q) return x[math.max(1, math.ceil(q * #x))] end
    local width = 2 * (quartile(0.75) - quartile(0.25)) / (#x) ^ (1 / 3)
    n = width > 0 and math.min(40, math.max(5, math.ceil((high - low) / width))) or 5
  end
  if high == low then low, high, n = low - 0.5, high + 0.5, 1 end
  local counts, names = {}, {}
  for i = 1, n do
    counts[i] = 0
    names[i] = string.format("%.4g", low + (i - 1) * (high - low) / n)
  end
  for _, value in ipairs(x) do
    local i = math.min(n, 1 + math.floor((value - low) / (high - low) * n))
    counts[i] = counts[i] + 1
  end
  local rest = left > 0 and ", " .. left .. " not finite" or ""
  local title = options.title or string.format("%d numbers from %.4g to %.4g%s", #x, x[1], x[#x], rest)
  return plot("bar", { y = counts, names = names, title = title, width = options.width })
end

--- Where a matrix is not zero: blocks of it, the darker the fuller. options: rows, cols (of the picture), title.
function M.spy(matrix, options)
  options = type(options) == "table" and options or {} -- pruner:apply(W, X) gives more than the weights
  local rows, cols = matrix:rows(), matrix:cols()
  local high, wide, filled = math.min(rows, options.rows or 24), math.min(cols, options.cols or 48), 0
  local z, size = {}, {}
  for r = 1, high do
    z[r], size[r] = {}, {}
    for c = 1, wide do z[r][c], size[r][c] = 0, 0 end
  end
  for i = 1, rows do
    local r = 1 + (i - 1) * high // rows
    for j = 1, cols do
      local c = 1 + (j - 1) * wide // cols
      size[r][c] = size[r][c] + 1
      if matrix(i, j) ~= 0 then
        z[r][c] = z[r][c] + 1
        filled = filled + 1
      end
    end
  end
  for r = 1, high do for c = 1, wide do z[r][c] = z[r][c] / size[r][c] end end
  local share = 100 * filled / math.max(1, rows * cols)
  local title = options.title or string.format("%d x %d, %d not zero (%.1f %%)", rows, cols, filled, share)
  return plot("heat", { z = z, title = title })
end

return setmetatable(M, {
  __help = [[
assay.plot(what[, options]), assay.plot.line, .scatter, .bar, .heatmap, .hist, .spy
  Draw numbers as text. What: a list, a matrix, a schedule, a list of these, or series by name:
    assay.plot {3, 1, 2}
    assay.plot(assay.schedule("cosine", {steps = 100}))
    assay.plot {series = {{label = "a", x = {1, 2}, y = {3, 4}, low = {2, 3}, high = {4, 5}}}, log_y = true}
    assay.plot.bar {sgd = 0.12, adam = 0.1}
    assay.plot.heatmap(matrix)
    assay.plot.hist(matrix)           how its numbers are spread
    assay.plot.spy(matrix)            where it is not zero
  Options: title, x_label, y_label, log_x, log_y, names, row_names, width, height, ascii, colour.
  plot:text{width =, height =, ascii =} gives the text, plot:save("file.svg") writes a picture.]],
  __call = function(_, data, options)
    local kind = type(data) == "table" and data.kind or "line"
    return plot(kind, data, options)
  end,
})
