-- Gradient descent with large steps on separable logistic regression, against textbook loops.
local tap = require "tap"

local n, d = 40, 6
local direction, x, y = assay.random("normal", d, 1, 5), {}, {}
for i, row in ipairs(assay.random("normal", 400, d, 6):list()) do
  local z = 0
  for j = 1, d do z = z + row[j] * direction(j, 1) end
  if math.abs(z) > 0.3 and #x < n then x[#x + 1], y[#y + 1] = row, z > 0 and 1 or 0 end
  if i == 400 then tap.is(#x, n, "forty separable rows") end
end
local data = assay.data { x = x, y = y, standardize = false, order = "given" }
local f = assay.objective("logistic-regression", { data = data, l2 = 0 })
local rows = data:train().x:list() -- as they are held, in float32

local function share(m) return m > 0 and math.exp(-m) / (1 + math.exp(-m)) or 1 / (1 + math.exp(m)) end
local function half(m) return m < 0 and 1 or m == 0 and 0.5 or 0 end

-- Steps w <- w + rate sum_i s(m_i) y_i a_i / total until all margins are positive or there have been `most`; weights, count, longest step.
local function loop(s, rate, normalized, most)
  local w, longest = {}, 0
  for j = 1, d do w[j] = 0 end
  for t = 0, most do
    local sum, total, behind = {}, normalized and 0 or n, 0
    for j = 1, d do sum[j] = 0 end
    for i = 1, n do
      local m, sign = 0, y[i] == 1 and 1 or -1
      for j = 1, d do m = m + sign * rows[i][j] * w[j] end
      if m <= 0 then behind = behind + 1 end
      if normalized then total = total + s(m) end
      for j = 1, d do sum[j] = sum[j] + s(m) * sign * rows[i][j] end
    end
    if behind == 0 or t == most then return w, t, longest end
    local length = 0
    for j = 1, d do
      w[j] = w[j] + rate * sum[j] / total
      length = length + (rate * sum[j] / total) ^ 2
    end
    longest = math.max(longest, math.sqrt(length))
  end
end

local function difference(w, expected)
  local most, size = 0, 0
  for j = 1, d do
    most, size = math.max(most, math.abs(w(1, j) - expected[j])), math.max(size, math.abs(expected[j]))
  end
  return most / size
end

local function agrees(id, settings, s, rate, normalized, most, name)
  local w, steps, longest = loop(s, rate, normalized, most)
  local r = assay.minimizer(id, settings):minimize(f, { iterations = most, passes = 1e9 })
  tap.is(r.iterations, steps, name .. ": as many steps as the textbook loop")
  tap.ok(difference(r.w, w) < 1e-10, name .. ": and its weights")
  return r, longest, w
end

local slow = agrees("lr-gd-large-step", { gamma = 0.5, separated = true }, share, 0.5, false, 2000, "gamma = 0.5")
local fast = agrees("lr-gd-large-step", { gamma = 100, separated = true }, share, 100, false, 2000, "gamma = 100")
tap.ok(fast.iterations < slow.iterations, "larger steps separate in fewer of them")
local highest = 0
for _, value in ipairs(fast.trace.value) do highest = math.max(highest, value) end
tap.ok(highest > math.log(2), "at a loss above that of the start")
local _, _, limit = agrees("lr-gd-large-step", { perceptron = true, separated = true }, half, 1, false, 2000, "the perceptron")
local huge = assay.minimizer("lr-gd-large-step", { gamma = 1e8, separated = true }):minimize(f, { iterations = 2000, passes = 1e9 })
tap.ok(difference(huge.w * 1e-8, limit) < 1e-6, "gamma = 1e8 follows it, without overflow")
local _, longest = agrees("lr-gd-normalized", { gamma = 2, separated = true }, share, 2, true, 2000, "normalized")
local far = 0
for _, row in ipairs(rows) do
  local square = 0
  for j = 1, d do square = square + row[j] ^ 2 end
  far = math.max(far, math.sqrt(square))
end
tap.ok(longest <= 2 * far * (1 + 1e-12), "a normalized step is at most gamma max|a_i|")
agrees("lr-gd-large-step", { gamma = 1 }, share, 1, false, 3, "three steps")
local on = assay.minimizer("lr-gd-large-step", { gamma = 100 }):minimize(f, { iterations = 500, passes = 1e9 })
tap.is(on.iterations, 500, "it goes on unless the end is asked for")
tap.fails(function()
  assay.minimizer("lr-gd-normalized"):minimize(assay.objective("logistic-regression", { data = data, l2 = 0.1 }), { passes = 1 })
end, "at l2 = 0 only, and l2 is 0.1", "a penalty is refused")
tap.fails(function() assay.minimizer("lr-gd-normalized"):minimize(assay.objective("quadratic"), { passes = 1 }) end,
  "is no logistic regression on two classes", "and so is another objective")

tap.done()
