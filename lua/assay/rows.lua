--- Rows of a query as a table of text, within the width of the terminal.
-- @module assay.rows
local assay = require "assay"
local pretty = require "assay.pretty"
local report = require "assay.report"

local M = {}

local MOST_ROWS, HEAD_ROWS, LONGEST = 40, 30, 36

local function cell(value)
  if value == nil then return "" end
  if type(value) == "number" then return pretty.number(value) end
  local text = pretty.safe(tostring(value))
  local cut = utf8.len(text) and utf8.len(text) > LONGEST and utf8.offset(text, LONGEST)
  return cut and text:sub(1, cut - 1) .. "…" or text
end

-- Columns a text takes, as near as characters tell it.
local function width(text) return utf8.len(text) or #text end

-- The cells of each column, and how wide it is.
local function read_columns(rows, columns, n)
  local out = {}
  for i, name in ipairs(columns) do
    local column = { name = name, width = width(name) }
    for k = 1, n do
      column[k] = cell(rows[k][name])
      column.width = math.max(column.width, width(column[k]))
    end
    out[i] = column
  end
  return out
end

-- How many of the columns fit; the first one always does.
local function count_fitting(columns, room)
  local used = 0
  for i, column in ipairs(columns) do
    used = used + column.width + (i > 1 and 2 or 0)
    if used > room and i > 1 then return i - 1 end
  end
  return #columns
end

local function left_out(rows, n, columns, shown)
  local parts, hidden = {}, {}
  if #rows > n then parts[1] = string.format("%d more rows", #rows - n) end
  for i = shown + 1, #columns do hidden[#hidden + 1] = columns[i].name end
  if #hidden > 0 then parts[#parts + 1] = "columns " .. table.concat(hidden, ", ") end
  return #parts > 0 and "\n… " .. table.concat(parts, "; ") or ""
end

--- The text of rows, each a table by column name.
-- @tparam {table,...} rows
-- @tparam {string,...} columns in this order
-- @treturn string
function M.text(rows, columns)
  if #rows == 0 then return "no rows (" .. table.concat(columns, ", ") .. ")" end
  local n = #rows > MOST_ROWS and HEAD_ROWS or #rows
  local all, head = read_columns(rows, columns, n), {}
  local shown = count_fitting(all, assay.terminal_width())
  for i = 1, shown do head[i] = all[i].name end
  local out = report.table(head)
  for k = 1, n do
    local cells = {}
    for i = 1, shown do cells[i] = all[i][k] end
    out:row(cells)
  end
  return out:text() .. pretty.plain(left_out(rows, n, all, shown))
end

return M
