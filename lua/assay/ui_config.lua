--- The workbench's configuration: $XDG_CONFIG_HOME/assay/init.lua (~/.config/assay/init.lua) returns a table.
--
--     return {
--       keys = { ["Ctrl-R"] = "redraw", F6 = "schedules" },  -- a key, and the request it makes (? lists them)
--       columns = { "test_error", "peak" },                  -- shown on screen 1 besides the first results
--       colours = { blue = 39, orange = "#ff8700" }, -- of the 256, or exact: grey blue orange green red pink
--       background = "light",                   -- or "dark", where the terminal does not say so by itself
--       queries = { { "my best", "SELECT id FROM runs LIMIT 5" } }, -- in the menu of screen 9
--     }
--
-- Nothing has to be there. `print_all` turns the file into lines for the workbench, which runs it in a process of its
-- own: a mistake in it is a message, never a workbench that does not start.
local config = {}

local known = { background = true, keys = true, columns = true, colours = true, queries = true }

local function check(value, kind, what)
  if type(value) ~= kind then error(("%s must be a %s, got %s"):format(what, kind, type(value)), 0) end
  return value
end

local function line(...)
  local parts = { ... }
  for i, part in ipairs(parts) do parts[i] = tostring(part):gsub("[\t\n]", " ") end
  print(table.concat(parts, "\t"))
end

function config.print_all(path)
  local c = check(assert(loadfile(path))(), "table", "what init.lua returns")
  for name in pairs(c) do
    if not known[name] then
      error(('init.lua: no setting "%s"; there are background, columns, colours, keys and queries'):format(name), 0)
    end
  end
  for key, request in pairs(check(c.keys or {}, "table", "keys")) do line("key", key, request) end
  for _, name in ipairs(check(c.columns or {}, "table", "columns")) do line("column", name) end
  for name, colour in pairs(check(c.colours or {}, "table", "colours")) do
    local exact = type(colour) == "string" and colour:match("^#%x%x%x%x%x%x$")
    if not exact and (math.type(colour) ~= "integer" or colour < 0 or colour > 255) then
      error(('colours.%s must be 0 to 255 or "#rrggbb", got %s'):format(name, tostring(colour)), 0)
    end
    line("colour", name, colour)
  end
  if c.background then
    if c.background ~= "light" and c.background ~= "dark" then error('background must be "light" or "dark"', 0) end
    line("background", c.background)
  end
  for i, query in ipairs(check(c.queries or {}, "table", "queries")) do
    check(query, "table", "queries[" .. i .. "]")
    line("query", check(query[1], "string", "the name of a query"), check(query[2], "string", "the SQL of a query"))
  end
end

return config
