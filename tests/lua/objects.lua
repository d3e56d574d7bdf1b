-- Constructors, parameters, help and the methods' own functions on numbers at the prompt.
local tap = require "tap"

local s = assay.schedule("cosine", { peak = 0.2, steps = 100, warmup = 10 })
tap.is(s.peak, 0.2, "a parameter is a field")
tap.is(s.steps, 100, "a whole parameter stays whole")
tap.is(math.type(s.steps), "integer", "and is an integer")
tap.is(s.id, "cosine", "the id is a field")
tap.is(s.kind, "schedule", "the kind is a field")
tap.is(assay.schedule("cosine").steps, "auto", "an automatic default shows as auto")
tap.ok(tostring(s):find("cosine", 1, true) and tostring(s):find("0.2", 1, true), "an object prints itself readably")
tap.ok(s:json():find('"peak":0.2', 1, true), "json has the values")
tap.ok(s:json():find('"warmup_shape":"linear"', 1, true), "json has the defaults")
tap.ok(s == assay.schedule("cosine", { warmup = 10, steps = 100, peak = 0.2 }), "equal objects are equal")
tap.ok(s ~= assay.schedule("cosine"), "different objects are not")
local changed = s:with { peak = 0.5 }
tap.is(changed.peak, 0.5, "with changes a parameter")
tap.is(changed.warmup, 10, "and keeps the others")
tap.is(s:params().peak, 0.2, "params lists them")
tap.is(assay.schedule(s), s, "a constructor accepts its own kind")

local message = tap.fails(function() assay.schedule("cosine", { pek = 1 }) end, 'did you mean "peak"?', "a wrong parameter")
tap.ok(message:match("objects%.lua:%d+: "), "is blamed on the script's line")
tap.fails(function() assay.optimizer("cosine") end, "optimizer", "an id of another kind")
tap.fails(function() return s.peaks end, 'did you mean "peak"?', "a wrong field")
tap.fails(function() s.peak = 1 end, "does not change", "assigning a parameter")
tap.fails(function() assay.schedule("cosine", 3) end, "one table", "parameters that are no table")
tap.fails(function() assay.schedule("cosine", { 0.1 }) end, "by name", "parameters without names")
tap.fails(function() assay.schedule {} end, "takes the id", "no id")
tap.fails(function() assay.schedule("cosine", { peak = {} }) end, "peak", "a table for a number")
tap.fails(function() assay.schedule("cosine", { peak = print }) end, "cannot be a function", "a function for a number")

-- schedules
tap.is(s:at(99), s:values()[100], "at(t) is the value t + 1 of the list")
tap.is(#s:values(), 100, "values has one rate for each update")
tap.near(s:at(9), 0.2, 1e-15, "the warm-up ends at the peak")
tap.is(assay.schedule("constant", { peak = 0.3 }):at(5, 10), 0.3, "the length may be given")
tap.fails(function() assay.schedule("constant"):at(0) end, "does not know its length", "a schedule without length")
tap.fails(function() s:at(100) end, "0 to 99", "an update beyond the end")
tap.fails(function() s.at(1) end, "schedule expected", "a method called with a dot")

-- optimizers: plain gradient descent on w^2 / 2, gradient w
for _, kind in ipairs { "f32", "f64" } do
  local w = assay.matrix({ { 1, 2 }, { 3, 4 } }, kind)
  local sgd = assay.optimizer "sgd"
  sgd:step(w, w:copy(), 0.5)
  tap.ok(w == assay.matrix { { 0.5, 1 }, { 1.5, 2 } }, "a step of sgd in " .. kind)
  tap.is(sgd:updates(), 1, "updates are counted")
  tap.ok(sgd:weights(w) == w, "the evaluation weights of sgd are its weights")
  tap.fails(function() sgd:step(assay.zeros(1, 3, kind), assay.zeros(1, 3, kind), 0.1) end, ":reset()", "a state of another size")
  sgd:reset()
  sgd:step(assay.zeros(1, 3, kind), assay.zeros(1, 3, kind), 0.1)
  tap.is(sgd:updates(), 1, "reset starts anew")
end
local w = assay.zeros(1, 2)
tap.fails(function() assay.optimizer("sgd"):step(w, assay.zeros(2, 1), 0.1) end, "agree in shape", "shapes that differ")
tap.fails(function() assay.optimizer("sgd"):step(w, assay.zeros(1, 2, "f32"), 0.1) end, "type", "types that differ")
tap.fails(function() assay.optimizer("sgd"):step(w, assay.matrix { 0 / 0, 1 }, 0.1) end, "gradient element 0", "a gradient that is no number")
tap.is(w[1], 0, "leaves the weights alone")
tap.fails(function() assay.optimizer("sgd"):step(w, w) end, "lr must be a number", "a step without a rate")

-- heavy ball against its recursion by hand: v = mu v + g, w = w - lr v
local ball, x, v, z = assay.optimizer("heavy-ball", { momentum = 0.5 }), assay.matrix { 1 }, 0, 1
for k = 1, 5 do
  v = (k == 1 and 0 or 0.5 * v) + z
  z = z - 0.1 * v
  ball:step(x, x:copy(), 0.1)
end
tap.near(x[1], z, 1e-15, "heavy ball follows its recursion")

-- averages
local average = assay.average "polyak-average"
for i = 1, 4 do average:update(assay.matrix { i, 2 * i }, 4) end
tap.is(average:value():cols(), 2, "an average has the weights' size")
tap.fails(function() assay.average("ema"):value() end, "nothing has been averaged", "an empty average")

-- samplers
local order = assay.sampler("random-reshuffling"):epoch(10, 3, 0)
local again = assay.sampler("random-reshuffling"):epoch(10, 3, 0)
local sum, same = 0, true
for i, k in ipairs(order) do
  sum = sum + k
  same = same and again[i] == k
end
tap.is(sum, 55, "an epoch is a permutation of 1 to n")
tap.ok(same, "the same seed gives the same order")
tap.fails(function() assay.sampler("iid"):epoch(0) end, "n must be from 1", "no examples")

-- models: the gradient of the loss against differences
local model = assay.model("mlp", { hidden = { 5 }, activation = "tanh" })
local batch = { x = assay.random("normal", 6, 3, 1), y = { 0, 1, 2, 0, 1, 2 }, loss = "cross-entropy" }
local p = model:init(1, batch):copy("f64")
local g, loss = model:grad(p, batch)
tap.is(g:cols(), p:cols(), "a gradient has the weights' size")
tap.near(model:loss(p, batch), loss, 1e-14, "grad returns the loss too")
tap.near(model:per_example(p, batch):mean(), loss, 1e-14, "the loss is the mean of the examples'")
tap.is(model:outputs(p, batch):rows(), 6, "outputs have a row for each example")
tap.is(model:outputs(p, batch):cols(), 3, "and a column for each class")
local worst, h = 0, 1e-5
for i = 1, p:cols() do
  local up, down = p:copy(), p:copy()
  up[i], down[i] = up[i] + h, down[i] - h
  worst = math.max(worst, math.abs((model:loss(up, batch) - model:loss(down, batch)) / (2 * h) - g[i]))
end
tap.ok(worst < 1e-8, "the gradient agrees with differences: " .. worst) -- error h^2 f''' / 6 + eps / h
tap.near(model:loss(p:copy("f32"), batch), loss, 1e-5, "float32 weights take the float32 route")
tap.fails(function() model:loss(assay.zeros(1, 3), batch) end, "weights on this batch", "weights of another size")
tap.fails(function() model:init(1, { x = batch.x, y = { 0, 1 } }) end, "2 labels", "too few labels")
tap.fails(function() model:init(1, { x = batch.x, y = { 0, 1, 2, 0, 1, 0.5 } }) end, "label 6", "a label that is no class")
local target = { x = { { 1, 2 }, { 3, 4 } }, y = { 1, -1 }, loss = "squared" }
tap.is(assay.model("linear"):init(0, target):cols(), 3, "a linear model on targets has weights and a bias")

-- rules that look around ask a function: f(w) = |w|^2 / 2 with Hessian I
local function bowl(at) return (at * at):sum() / 2, at:copy() end
local function identity(d) return d:copy() end
for _, type in ipairs { "f32", "f64" } do
  local sam, at = assay.optimizer("sam", { rho = 0.5 }), assay.matrix({ { 3, 4 } }, type)
  sam:step(at, nil, 0.1, bowl) -- the gradient at w + 0.5 w/|w| is 1.1 w
  tap.near(at[1], 3 * 0.89, 1e-6, "sam looks uphill, " .. type)
  local oasis, point = assay.optimizer("oasis", { eta0 = 0.5 }), assay.matrix({ { 3, 4 } }, type)
  oasis:step(point, point:copy(), 1, { f = bowl, hvp = identity })
  tap.near(point[1], 1.5, 1e-6, "oasis scales by the curvature, " .. type)
end
local rule, here = assay.optimizer "sam", assay.matrix { { 3, 4 } }
tap.fails(function() rule:step(here, here:copy(), 0.1) end, "needs a function", "a rule that asks, without a function")
tap.fails(function() rule:step(here, nil, 0.1) end, "matrix", "no gradient and no function")
tap.fails(function() rule:step(here, nil, 0.1, 3) end, "must be a function, got number", "a number as function")
tap.fails(function() rule:step(here, nil, 0.1, { g = bowl }) end, "\"g\"", "an unknown key among the functions")
tap.fails(function() rule:step(here, nil, 0.1, function() error("my own trouble") end) end, "my own trouble", "an error in the function")
tap.fails(function() rule:step(here, nil, 0.1, function() return "much" end) end, "must return a loss", "a loss that is no number")
tap.fails(function() rule:step(here, nil, 0.1, function() return 1, assay.zeros(2, 2) end) end, "shape and type", "a gradient of another shape")
tap.fails(function() rule:step(here, nil, 0.1, function(at) return 1, at / 0 end) end, "update 1", "a gradient that is not finite")
tap.fails(function() assay.optimizer("oasis"):step(here, nil, 0.1, bowl) end, "give a function hvp", "a product that is missing")
tap.ok(here[1] == 3 and here[2] == 4, "and the weights are as they were")

-- help
local seen
local old = print
print = function(text) seen = text end -- luacheck: ignore
local function helped(subject) help(subject); return seen end
local texts = {
  helped(s), helped("cosine"), helped(assay.train), helped("stats.mean"), helped(nil), helped("assay.stats"), helped(assay.zeros(1, 1)),
}
local wrong_fails, wrong = pcall(help, "cosin")
print = old -- luacheck: ignore
tap.ok(texts[1]:find("peak", 1, true), "help(object) explains its parameters")
tap.is(texts[2], texts[1], "help(id) is the same")
tap.ok(texts[3]:find("assay.train{", 1, true), "help(function) shows its use")
tap.ok(texts[4]:find("Arithmetic mean", 1, true), "help finds functions by name")
tap.ok(texts[5]:find("assay.schedule(", 1, true), "help() lists the library")
tap.ok(texts[6]:find("kendall", 1, true), "help(name of a table) lists its functions")
tap.ok(texts[7]:find("cholesky", 1, true), "help(matrix) lists its methods")
tap.ok(not wrong_fails and wrong:find('did you mean "cosine"', 1, true), "help of an unknown name suggests")


-- Data from tables: where the rows go.
local rows = { x = {}, y = {}, valid = 20, test = 30 }
for i = 1, 100 do rows.x[i], rows.y[i] = { i }, i % 2 end
local function first_column(part) return table.concat(part.x:t():list(), " ") end
local function numbers(first, last)
  local out = {}
  for i = first, last do out[#out + 1] = string.format("%.1f", i) end
  return table.concat(out, " ")
end
rows.order = "given"
local given = assay.data(rows)
tap.is(first_column(given:train()), numbers(1, 50), 'order = "given": the first rows train')
tap.is(first_column(given:valid()), numbers(51, 70), "the next validate")
tap.is(first_column(given:test()), numbers(71, 100), "the last test")
tap.is(given:train().y[1], 1.0, "labels stay with their rows")
rows.order = nil
tap.ok(first_column(assay.data(rows):train()) ~= numbers(1, 50), "they are shuffled unless that is said")

tap.done()
