-- assay.objective and assay.minimizer at the prompt.
local tap = require "tap"

-- A quadratic on the axes: f = sum lambda_j (w_j - o_j)^2 / 2.
local q = assay.objective("quadratic", { d = 3, eigenvalues = { 3, 2, 1 }, rotate = false, seed = 4 })
local o, w = q:optimum(), { 1, -2, 0.5 }
local f, g = 0, {}
for j = 1, 3 do
  local lambda = 4 - j
  f = f + lambda * (w[j] - o(1, j)) ^ 2 / 2
  g[j] = lambda * (w[j] - o(1, j))
end
tap.near(q:value(w), f, 1e-14, "a diagonal quadratic has the value of its formula")
local gradient, value = q:gradient(w)
tap.near(value, f, 1e-14, "its gradient comes with the value")
local worst = 0
for j = 1, 3 do worst = math.max(worst, math.abs(gradient(1, j) - g[j])) end
tap.near(worst, 0, 1e-14, "and is that of the formula")
local hv, h = q:hvp(w, { 1, 1, 1 }), q:hessian(w)
for j = 1, 3 do
  tap.near(hv(1, j), 4 - j, 1e-14, "its Hessian product, " .. j)
  tap.near(h(j, j), 4 - j, 1e-14, "and its Hessian, " .. j)
end
local facts = q:facts()
tap.ok(facts.d == 3 and facts.n == 1 and facts.minimum == 0 and facts.smoothness == 3 and facts.strong_convexity == 1, "its facts")

-- Gradient descent has a closed form there.
local gd = assay.minimizer("gradient-descent", { rule = "fixed", rate = 0.1 })
local r = gd:minimize(q, { iterations = 25, every = 0 })
local start, expected = q:start(), 0
for j = 1, 3 do
  local left = (1 - 0.1 * (4 - j)) ^ 25 * (start(1, j) - o(1, j))
  tap.near(r.w(1, j) - o(1, j), left, 1e-14, "25 steps shrink each coordinate by (1 - rate lambda)^25, " .. j)
  expected = expected + (4 - j) * left ^ 2 / 2
end
tap.near(r.value, expected, 1e-14, "and the value follows")
tap.ok(r.iterations == 25 and r.status == "iterations" and r.passes == 26 and r.gradients == 26 and r.hvps == 0, "what it cost")
tap.ok(#r.trace.value == 26 and r.trace.iteration[26] == 25 and r.trace.step[2] == 0.1 and r.trace.value[26] == r.value,
  "the trace has the start and each iteration")
tap.ok(r.seconds >= 0 and #r.trace.seconds == 26, "and processor time")

-- A finite sum on data: its mean of components, and the stochastic minimizer.
local data = assay.data("breast-cancer", { standardize = true })
local lr = assay.objective("logistic-regression", { data = data, l2 = 0.01 })
tap.is(lr:facts().n, data.n, "as many components as examples")
local at, sum = lr:start(), 0
for i = 1, data.n do
  local _, v = lr:component(i, at)
  sum = sum + v
end
tap.near(sum / data.n, lr:value(at), 1e-13, "the mean of the components is the value")
tap.near(lr:value(at), math.log(2), 1e-14, "which is ln 2 at zero")
local sgd = assay.minimizer("stochastic", { batch = 8, schedule = assay.schedule("cosine", { peak = 0.3 }) })
local a, b = sgd:minimize(lr, { passes = 20, seed = 1 }), sgd:minimize(lr, { passes = 20, seed = 1 })
local c = sgd:minimize(lr, { passes = 20, seed = 2 })
tap.ok(a.value == b.value and a.value ~= c.value, "the seed decides, and nothing else")
tap.ok(a.value < 0.2 and a.passes >= 20 and a.passes < 21, "it learns")
-- Optimizers that ask for the batch at other points.
local function around(id, batch, settings)
  local rule, rate = assay.optimizer(id, settings), id == "oasis" and 1 or 0.3
  return assay.minimizer("stochastic", { optimizer = rule, batch = batch, schedule = assay.schedule("constant", { peak = rate }) })
end
for _, id in ipairs { "sam", "gam", "gr-fd", "smb" } do
  tap.ok(around(id, 8):minimize(lr, { passes = 40 }).value < 0.2, id .. " minimizes a sum by its batches")
end
local budget = { iterations = 50, passes = 1e9 }
tap.is(around("sam", 8):minimize(lr, budget).gradients, 2 * around("sgd", 8):minimize(lr, budget).gradients,
  "sam asks for two gradients of each batch")
budget.iterations = 200
tap.ok(around("oasis", data.n):minimize(lr, budget).value < 0.1095, "oasis takes the whole sum, to its minimum of 0.10945")
tap.fails(function() around("oasis", 8):minimize(lr, { passes = 1 }) end, "set batch = " .. data.n, "and no part of it")
-- By hand on the quadratic: SAM's gradient at w + rho g/|g|.
local here = assay.matrix { w }
local there = here + q:gradient(w) * (0.2 / q:gradient(w):norm())
local one = around("sam", 1, { rho = 0.2 }):minimize(q, { iterations = 1, start = w })
tap.near((one.w - (here - q:gradient(there) * 0.3)):norm(), 0, 1e-13, "sam's step is that of its formula")

local mean = assay.minimizer("stochastic", { batch = 8, schedule = assay.schedule("constant", { peak = 0.3 }), average = "polyak-average" })
tap.ok(mean:minimize(lr, { passes = 20 }).value < 0.2, "and so does the average of the iterates")
local wild = assay.minimizer("stochastic", { schedule = assay.schedule("constant", { peak = 1e6 }) })
tap.is(wild:minimize(assay.objective("rosenbrock"), { passes = 50 }).status, "diverged", "divergence is a result")

-- Logging and plotting take a trace as it is.
tap.ok(pcall(function() assay.plot.line { x = r.trace.iteration, y = r.trace.value } end), "a trace can be plotted")

-- Known minima are reached: an independent route to each formula.
local lbfgs = assay.minimizer("lbfgs")
for _, case in ipairs {
  { "saddle" }, { "saddle", { shape = "monkey", c = 0.5 } }, { "quartic", { d = 6 } }, { "phase-retrieval" }, { "matrix-sensing", { fit = 4 } },
  { "diagonal-linear-net" }, { "rosenbrock", { d = 2 } } } do
  local known = assay.objective(case[1], case[2])
  local reached = lbfgs:minimize(known, { passes = 3000, gap = 1e-9 })
  tap.ok(reached.status == "gap" and reached.value > known:facts().minimum - 1e-12, case[1] .. ": L-BFGS reaches its minimum, not less")
end
-- Phase retrieval with absolute errors: |r| against r^2/4, component by component, and their gradients.
local square, robust = assay.objective("phase-retrieval", { d = 6 }), assay.objective("phase-retrieval", { d = 6, loss = "absolute" })
local off = 0
for i = 1, 10 do
  local gs, vs = square:component(i, square:start())
  local gr, vr = robust:component(i, square:start())
  off = math.max(off, math.abs(vs - vr ^ 2 / 4), (gs - gr * (vr / 2)):abs():max())
end
tap.near(off, 0, 1e-14, "absolute phase retrieval is the root of the squared one")
local point, small = robust:start(), 1e-6
local change = robust:gradient(point * (1 + small)) - robust:gradient(point * (1 - small))
tap.near((robust:hvp(point, point) - change / (2 * small)):abs():max(), 0, 1e-8, "beside its kinks it has second derivatives")
local retrieved = assay.minimizer("prox-linear", { schedule = assay.schedule("inverse-sqrt", { peak = 0.1 }) })
tap.ok(retrieved:minimize(robust, { passes = 300 }).value < 1e-6, "prox-linear retrieves the vector")
-- The start of (1, start) with start = 0 lies on the saddle's stable line.
local stuck = assay.minimizer("newton-cg"):minimize(assay.objective("saddle", { start = 0 }), { passes = 200 })
tap.near(stuck.value, 0, 1e-12, "from the stable line of a saddle Newton's method ends in it")

-- Two classes: softmax regression at (-w/2, w/2) is logistic regression at w, with half the penalty.
local two = assay.objective("softmax-regression", { data = data, l2 = 0.02 })
local half, whole = {}, {}
for j = 1, lr:facts().d do
  whole[j] = math.sin(j) / 3
  half[j], half[lr:facts().d + j] = -whole[j] / 2, whole[j] / 2
end
tap.near(two:value(half), lr:value(whole), 1e-13, "softmax regression of two classes is logistic regression")

-- The resisting oracle: before its last piece is seen the maximum of coordinates stays above 0.
local resisting = assay.objective("max-affine", { d = 20, mu = 1 })
local path = assay.minimizer("gradient-descent", { rule = "fixed", rate = 0.1 }):minimize(resisting, { iterations = 19, every = 0 })
local above = true
for _, v in ipairs(path.trace.value) do above = above and v >= 0 end
tap.ok(above and #path.trace.value == 20, "19 steps on 20 pieces stay above 0, the minimum being -1/40")

-- The order matters: reshuffling beats drawing with replacement where pulls cancel within an epoch.
local pulls = assay.objective("shuffling-sum", { n = 100, l = 1, mu = 1 })
local function error_of(sampler)
  local total = 0
  for k = 1, 5 do
    total = total + assay.minimizer("stochastic", { sampler = sampler, schedule = assay.schedule("constant", { peak = 0.002 }) })
      :minimize(pulls, { passes = 60, seed = k }).value
  end
  return total / 5
end
tap.ok(error_of("random-reshuffling") < 0.2 * error_of("iid"), "reshuffling leaves less than a fifth of the error of drawing with replacement")

-- A consistent system of condition 1000: acceleration pays, in the setting that is proved; the other one's steps are too long there.
local consistent = assay.objective("least-squares", { data = assay.data("quadratic", { d = 20, train = 200, condition = 1000 }) })
local l_max, l = consistent:facts().smoothness_max, consistent:facts().smoothness
local function passes_of(minimizer)
  local done = minimizer:minimize(consistent, { passes = 1000, gap = 1e-10 })
  return done.status == "gap" and done.passes or math.huge, done.status
end
local accelerated = assay.minimizer("interpolation-asgd", { rho = l_max / l, sampler = "iid" })
local plain = assay.minimizer("stochastic", { sampler = "iid", schedule = assay.schedule("constant", { peak = 1 / l_max }) })
tap.ok(passes_of(accelerated) < 0.25 * passes_of(plain) and passes_of(plain) < 1000,
  "where components share their minimum, accelerated SGD needs less than a quarter of SGD's passes")
tap.is(select(2, passes_of(accelerated:with { setting = "sqrt-rho" })), "diverged", "with sqrt-rho it diverges, as the source's derivation expects")

-- Refusals.
tap.fails(function() q:value({ 1, 2 }) end, "3 numbers, got 2", "a point of the wrong size is refused")
tap.fails(function() q:value(1) end, "w must be a matrix or a list", "and what is no point")
tap.fails(function() q:component(2, w) end, "i must", "and a component that is not there")
tap.fails(function() gd:minimize(q, { pases = 3 }) end, 'did you mean "passes"', "a misspelt option")
tap.fails(function() gd:minimize(q, { passes = -1 }) end, "passes must be", "a budget out of range")
tap.fails(function() gd:minimize(lr, { gap = 1e-3 }) end, "give minimum", "gap without a known minimum")
tap.fails(function() gd:minimize(data) end, "objective", "what is no objective")
tap.fails(function() assay.objective("logistic-regression", { file = "nothing.libsvm" }):facts() end, "nothing.libsvm", "a file that is not there")
tap.fails(function() assay.minimizer("gradient-descent"):minimize("rosenbrock") end, "no known L", "1/L where there is no L")
tap.is(tostring(q):sub(1, 19), "objective quadratic", "objects print as what they are")
tap.done()
