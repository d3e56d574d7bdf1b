-- Curvature products, per-example norms, activations and probes at the prompt.
local tap = require "tap"

-- Least squares: H = X'X / n, whatever the weights.
local x = assay.matrix { { 1, 2 }, { 3, -1 }, { 0, 2 }, { 1, 1 } }
local batch = { x = x, y = assay.matrix({ { 1 }, { 0 }, { 2 }, { 1 } }, "f32"), loss = "squared" }
local linear = assay.model("linear", { bias = false })
local w = assay.matrix { { 0.5, -0.25 } }
local hv = linear:hvp(w, assay.matrix { { 1, 0 } }, batch)
tap.near(hv[1], 11 / 4, 1e-12, "hvp gives the first column of X'X/n")
tap.near(hv[2], 0 / 4, 1e-12, "and its second number")
tap.ok(linear:gnvp(w, assay.matrix { { 1, 0 } }, batch) == hv, "gnvp is the same for a linear model")
local hv32 = linear:hvp(assay.matrix({ { 0.5, -0.25 } }, "f32"), assay.matrix({ { 1, 0 } }, "f32"), batch)
tap.near(hv32[1], 11 / 4, 1e-6, "in float32 too")
tap.fails(function() linear:hvp(w, assay.matrix({ { 1, 0 } }, "f32"), batch) end, "one type", "w and v of two types")
tap.fails(function() linear:hvp(w, assay.matrix { { 1, 0, 0 } }, batch) end, "v has 3", "a direction of another size")

local norms = linear:per_example_norms(w, batch)
tap.near(norms[1], math.abs(0.5 - 0.5 - 1) * math.sqrt(5), 1e-12, "per_example_norms: residual times |x|")
tap.is(norms:rows(), 4, "one for each example")

local mlp = assay.model("mlp", { hidden = { 3 }, activation = "relu" })
local classes = { x = x, y = { 0, 1, 1, 0 } }
local start = mlp:init(1, classes)
local acts = mlp:activations(start, classes)
tap.is(#acts, 2, "activations: one matrix for each layer")
tap.is(acts[1]:cols(), 3, "the hidden layer has 3 units")
tap.ok(acts[2] == mlp:outputs(start, classes), "the last are the outputs")
tap.fails(function() mlp:activations(w, classes) end, "weights", "weights of another model")

-- Probes.
local data = assay.data { x = x, y = { { 1 }, { 0 }, { 2 }, { 1 } }, task = "regression", train = 4, valid = 0, test = 0 }
local trace = assay.probe("hessian-trace", { draws = 50 })
local seen = trace:measure { model = linear, weights = w, data = data, loss = "squared" }
-- X'X/n = {{11, 0}, {0, 10}} / 4 (its off-diagonal is 2 - 3 + 0 + 1 = 0): no draw differs from another.
tap.near(seen.trace, 21 / 4, 1e-12, "the trace of a diagonal Hessian is exact")
tap.near(seen.trace_se, 0, 1e-12, "with standard error 0")
local top = assay.probe("hessian-top", { count = 2 }):measure { model = linear, weights = w, data = data }
tap.near(top.top[1], 11 / 4, 1e-10, "the largest eigenvalue")
tap.near(top.top[2], 10 / 4, 1e-10, "and the second")
local layers = assay.probe("layer-norms"):measure { model = linear, weights = w, start = w * 2, data = data }
tap.near(layers.frobenius[1], math.sqrt(0.3125), 1e-7, "norms are lists, one for each layer")
tap.near(layers.spectral_start[1], math.sqrt(0.3125), 1e-7, "and distances to the start")
local gram = assay.probe("input-gram"):measure { model = linear, weights = w, data = data }
tap.near(gram.input_gram[1][1][1], 11, 1e-12, "Gram matrices are matrices")
tap.fails(function() gram.input_gram[1][1] = 0 end, "", "what the cache shares cannot be changed")
local again = trace:measure { model = linear, weights = w, data = data, loss = "squared" }
tap.is(again.trace, seen.trace, "asking again gives the same")
tap.fails(function() trace:measure { model = linear, weights = w, data = data, part = "tran" } end, 'did you mean "train"', "a wrong part")
tap.fails(function() trace:measure { model = linear, weights = w, data = data, part = "test" } end, "no examples", "an empty part")
tap.fails(function() trace:measure { model = linear, data = data } end, "weights are missing", "no weights")
tap.fails(function() trace:measure { model = linear, weights = start, data = data } end, "needs 2 numbers", "weights of another model")
tap.fails(function() trace:measure { model = linear, weights = w } end, "data is missing", "no data")
tap.fails(function() trace:measure { model = linear, weight = w, data = data } end, "weights", "a misspelt key")

-- A convnet: convolution 1x3x3 -> 2, pooling to 1 x 1, dense. Patches: 9 positions of each of 4 images.
local image = { { 1, 2, 0, 1, 0, 1, 3, 1, 1 }, { 0, 1, 1, 2, 1, 0, 0, 1, 2 }, { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, { 2, 1, 0, 1, 0, 0, 1, 1, 0 } }
local images = assay.data { x = image, y = { 0, 1, 1, 0 }, train = 4, valid = 0, test = 0 }
local convnet = assay.model("convnet", { channels = { 2 }, pool_size = 3 })
local filters = convnet:init(1, images:train())
tap.is(filters:cols(), 2 * 9 + 2 + 2 * 2 + 2, "a convnet has the weights of two layers")
local patches = assay.probe("input-gram"):measure { model = convnet, weights = filters, data = images }
tap.is(#patches.input_gram, 2, "a pooling has no Gram matrix")
tap.is(patches.columns[1], 36, "a convolution's is over the patches of all positions")
tap.is(patches.input_gram[1]:rows(), 9, "by the taps of a filter")
local mean, each = convnet:loss(filters, images:train()), convnet:per_example(filters, images:train())
tap.near(mean, (each[1] + each[2] + each[3] + each[4]) / 4, 1e-15, "its loss is the mean of the losses")
local gradient, loss = convnet:grad(filters, images:train())
tap.ok(loss == mean, "with the gradient comes the same loss")
local at, g = filters:copy("f64"), gradient:copy("f64")
local near = convnet:loss(at + g * 1e-5, images:train()) - convnet:loss(at - g * 1e-5, images:train())
tap.near(near / 2e-5, g:norm() ^ 2, 1e-6, "whose change along the gradient is its square")

tap.done()
