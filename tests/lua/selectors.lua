-- Selectors: on losses of one's own, and in a training with wrong labels.
local tap = require "tap"

local lowest = assay.selector("lowest-k", { share = 0.5 })
tap.ok(lowest:weigh { 3, 1, 2, 4 } == assay.matrix { { 0, 1, 1, 0 } }, "the lower half counts")
tap.ok(lowest:updates() == 1 and lowest:reset():updates() == 0, "mini-batches are counted")
tap.fails(function() lowest:weigh {} end, "losses is empty", "no example")
tap.fails(function() lowest:weigh { 1, 0 / 0 } end, "number 2 is", "a loss that is no number")

local late = assay.selector("lowest-k", { share = 0.5, begin = 0.5 })
tap.ok(late:weigh({ 1, 2 }, 2):sum() == 2 and late:weigh({ 1, 2 }, 2):sum() == 1, "with the length of a training, begin is a part of it")

local threshold = assay.selector("adaptive-k", { begin = 0, threshold = "mean" })
tap.ok(threshold:weigh { 1, 3 } == assay.matrix { { 1, 0 } }, "the first threshold is the first mean, 2")
-- then m = (0.9 * 0.2 + 0.1 * 8)/(1 - 0.81) = 5.157…
tap.ok(threshold:weigh { 5.15, 5.16, 13.69 } == assay.matrix { { 1, 0, 0 } }, "and then the moving mean")

local data = assay.data("gaussian-mixture", { d = 8, classes = 3, train = 200, valid = 100, test = 100 })
local function train(more)
  local t = { data = data, model = assay.model("mlp", { hidden = { 8 } }), lr = 0.1, steps = 60, batch = 20, seed = 4, log_every = 1,
    keep_losses = true }
  for key, value in pairs(more) do t[key] = value end
  return assay.train(t)
end
local all, half = train {}, train { selector = lowest }
tap.ok(all.chosen == nil and half.chosen == 0.5, "a training says what part counted")
tap.ok(half.losses(1, 1) < all.losses(1, 1), "its loss is that of those that count")
tap.ok(train({ selector = assay.selector("lowest-k", { share = 1 }) }).val_loss == all.val_loss, "all count: nothing changes")
tap.ok(train({ selector = "adaptive-k" }).chosen > 0.5, "an id will do")
tap.fails(function() train { selector = "adaptive" } end, "adaptive-k", "a wrong id")
tap.fails(function() train { selector = lowest, optimizer = "oasis" } end, "Hessian-vector products", "curvature of whole mini-batches")
local many = assay.train_many { data = data, model = assay.model("mlp", { hidden = { 8 } }), steps = 60, batch = 20, seed = 4, lr = 0.1,
  replicas = { {}, { selector = lowest } } }
tap.ok(many[1].val_loss == all.val_loss and many[2].val_loss == half.val_loss, "replicas choose for themselves")
tap.done()
