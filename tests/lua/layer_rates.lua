-- layer_rates: a factor of the rate for each layer, by list, by name, by the rule of muP.
local tap = require "tap"

local mixture = assay.data("gaussian-mixture", { d = 6, train = 60, valid = 20, test = 20 })
local net = assay.model("mlp", { hidden = { 8, 4 } })
local function trained(layer_rates, more)
  local t = { data = mixture, model = net, batch = 20, steps = 10, lr = 0.1, keep_weights = true, layer_rates = layer_rates }
  for k, v in pairs(more or {}) do t[k] = v end
  return assay.train(t).weights
end

local plain = trained(nil)
tap.ok(trained { 1, 1, 1 } == plain, "factors of 1 change nothing")
local listed = trained { 1, 0.5, 0.1 }
tap.ok(listed ~= plain, "others do")
tap.ok(trained { input = 1, hidden = 0.5, output = 0.1 } == listed, "names mean the first, the last, and what is between")
tap.ok(trained { hidden = 0.5 } == trained { 1, 0.5, 1 }, "what is not named keeps its rate")
-- 6 inputs, layers of 8 and 4: Adam's factors for a width of 2 are 1, 2/8, 2/4; SGD's 8/2, 1, 2/4
tap.ok(trained({ mup = "adam", width = 2 }, { optimizer = "adam" }) == trained({ 1, 0.25, 0.5 }, { optimizer = "adam" }), "muP for Adam")
tap.ok(trained { mup = "sgd", width = 2 } == trained { 4, 1, 0.5 }, "and for SGD")
local pair = assay.train_many { data = mixture, model = net, batch = 20, steps = 10, lr = 0.1, keep_weights = true,
  replicas = { {}, { layer_rates = { 1, 0.5, 0.1 } } } }
tap.ok(pair[1].weights == plain and pair[2].weights == listed, "each replica has its own")

local function refused(layer_rates, part, name, more) tap.fails(function() trained(layer_rates, more) end, part, name) end
refused({ 1, 2 }, "lists 2 factors, but the model has 3 layers", "a list that is too short")
refused({ 1, -2, 1 }, "the factor of layer 2 must be a number >= 0, got -2", "a negative factor")
refused({ 1, "x", 1 }, "the factor of layer 2 must be a number", "a word")
refused({ hiden = 1 }, 'did you mean "hidden"', "an unknown name")
refused({ mup = "lion", width = 2 }, 'mup must be "adam" or "sgd", got lion', "an unknown rule")
refused({ mup = "sgd" }, "mup needs width", "muP without a width")
refused({ mup = "sgd", width = 2, hidden = 1 }, "sets the factor of hidden itself", "muP and a name")
refused({ width = 2 }, "width goes with mup", "a width alone")
refused(0.5, "layer_rates is a list of factors", "a number")
refused({ 1, 1, 1 }, "has one rate for all layers", "a rule that estimates its rate", { optimizer = "prodigy" })

tap.done()
