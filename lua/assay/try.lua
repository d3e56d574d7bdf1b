--- A method at work on a small input of its kind, as text: screen 7 of the workbench tries methods with it.
--
-- A schedule is its curve; an optimizer goes down (x^2 + 2 y^2 + 3 z^2) / 2 from (1, 1, 1); a score or solver prunes a
-- random matrix, and what it keeps is drawn. What needs a net or data of its own is shown with its parameters.
-- @module assay.try
local assay = require "assay"

local HEIGHT = 14
local show = {}

function show.schedule(object, id, width)
  local fine, values = pcall(object.values, object)
  values = fine and values or object:values(1000) -- without a length of its own
  return assay.plot { y = values, title = id, x_label = "step", width = width, height = HEIGHT }
end

-- The loss and gradient at w, and its Hessian times v.
local function quadratic(w)
  local loss, gradient = 0, assay.zeros(1, 3)
  for j = 1, 3 do
    loss, gradient[j] = loss + j * w[j] ^ 2 / 2, j * w[j]
  end
  return loss, gradient
end

local function product(v)
  local out = assay.zeros(1, 3)
  for j = 1, 3 do out[j] = j * v[j] end
  return out
end

function show.optimizer(object, id, width)
  local w, y = assay.ones(1, 3), {}
  for i = 1, 60 do
    local loss, gradient = quadratic(w)
    y[i] = loss
    object:step(w, gradient, 0.1, { f = quadratic, hvp = product })
  end
  local title = id .. " on (x^2 + 2 y^2 + 3 z^2) / 2, rate 0.1"
  return assay.plot { y = y, title = title, x_label = "step", width = width, height = HEIGHT }
end

local function pruned(object, id, width)
  local W, X = assay.random("normal", 12, 48, 1), assay.random("normal", 48, 96, 2)
  local fine, kept = pcall(object.apply, object, W, X)
  if fine then
    return id .. ": what it keeps of a random 12 x 48 matrix\n" .. tostring(assay.plot.spy(kept, { width = width }))
  end
  return tostring(object) .. "\n" .. tostring(kept)
end
show.score, show.solver = pruned, pruned

--- The picture or description of an object.
-- @tparam string kind of the object
-- @param object made by assay.KIND(id, parameters)
-- @tparam[opt] number width columns
-- @treturn string
return function(kind, object, width)
  local draw = show[kind]
  if not draw then return tostring(object) end
  return tostring(draw(object, tostring(object):match "^%S+%s+(%S+)" or kind, width))
end
