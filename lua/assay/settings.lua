--- What the keys of tables mean that functions of the library take: for help and for completion.
-- @module assay.settings
local M = {}

--- The keys of assay.train and its like.
M.train = {
  average = "an average of the iterates, evaluated too: an id or assay.average(…)",
  batch = "examples of a mini-batch (64)",
  batching = "how many mini-batches make an update (one): an id or assay.batching(…); steps count mini-batches "
    .. "all the same, the result's updates those that were made",
  checkpoints = "numbers of updates after which distances are taken",
  controller = "a step size that adapts, instead of a schedule: assay.controller(…)",
  coupled = "true: the first replica is the base of neighbours with one example replaced",
  data = "what to train on: an id or assay.data(…)",
  diverged = '"ok": divergence is a result, not a failure',
  epochs = "passes over the training examples",
  eval_every = "updates between evaluations; at the end there is always one",
  init = "initial weights, a matrix of one row",
  init_seed = "seed of the initial weights (seed)",
  keep_evaluations = "true: the result has each evaluation: step, val_error, cost, …",
  keep_losses = "true: the result has the losses of mini-batches, every log_every updates",
  keep_probes = "true: the result has what each probe gave, as probes: step, sharpness, …",
  keep_weights = "true: the result has the weights",
  label = "a name for messages",
  layer_rates = "factors of the rate: {1, 0.5, …} for the layers that have weights, {input =, hidden =, output =}, "
    .. 'or {mup = "adam", width = 64}: those that keep the best rate of a net of that width as layers grow',
  log_every = "updates between logged losses",
  loss = "the loss: an id or assay.loss(…)",
  lr = "a constant learning rate",
  mask = "weights that stay zero: a matrix of 0 and 1",
  model = "the model: an id or assay.model(…)",
  norms = "true: logs grad_norm and grad_norm_l1 of mini-batches, every log_every updates; kept with keep_losses",
  optimizer = "the optimizer: an id or assay.optimizer(…) (sgd)",
  order_seed = "seed of the order of examples (seed)",
  plan = "how replicas are computed; results do not depend on it",
  probe = 'facts measured along the training and logged by name: {"sharpness", "trace", "grad_noise"}, or {top = '
    .. 'assay.probe("hessian-top"), sharpness = {rho = 0.1}}; before the first update and after the last, too; no '
    .. "part of cost",
  probe_every = "updates between those measurements (a tenth of the training)",
  probe_examples = "training examples that they look at, always the same (256)",
  replace = "one example replaced: {at =, by =} by one of the test part, or {at =, by_train =}",
  replicas = "a list of tables, one for each replica",
  rows = "the training examples to use",
  run = "the run that logs",
  sampler = "the order of examples: an id or assay.sampler(…) (random-reshuffling)",
  schedule = "the learning rate over time: assay.schedule(…), an id with lr as its peak, or a function of (t, T)",
  seed = "seed of weights and order",
  selector = "which examples of a mini-batch count (all): an id or assay.selector(…); the result has their "
    .. "share, chosen",
  skip_test = "true: no evaluation on test data",
  steps = "updates",
  until_loss = "stop after the first epoch of at most this mean loss",
}

--- The fields of assay.experiment.
M.experiment = {
  claim = "of a paper's script: what it says; see help(\"claims\")",
  grid = "what to combine: function(p) that returns lists by name, or a table",
  grid_params = "parameters that only grid and report read: they are no part of a run's identity, so that more seeds "
    .. "keep the runs already done",
  group = "function(c, p): runs with equal results may share a worker",
  more = "function(results, p): further configurations that depend on what came out; asked whenever all runs so far "
    .. "have ended, until it has nothing new",
  name = "name in the store",
  params = "parameters with their defaults; --set changes them",
  report = "function(results, p): tables and plots after the sweep",
  run = "function(run, c, p, shared): one run; what it returns are its results",
  setup = "function(p): loads what the runs share",
  summary = "the question, in a line",
  verdict = "function(results, p): whether the claim holds",
}

-- What each function takes: the list of keys that the program checks, and the texts on them.
local TAKEN = {
  ["assay.train"] = { keys = "train", texts = M.train },
  ["assay.train_many"] = { keys = "train_many", texts = M.train },
  ["assay.train_many.replicas"] = { keys = "train_replica", texts = M.train },
  ["assay.experiment"] = { keys = "experiment", texts = M.experiment },
}

--- The keys that a function takes, each with its text; nil where nothing is known of it.
-- @tparam string callee "assay.train", …
-- @tparam {train={string,...},...} known the lists that the program checks
-- @treturn ?table key -> text
function M.of(callee, known)
  local taken = TAKEN[callee]
  if not taken then return nil end
  local found = {}
  for _, key in ipairs(known[taken.keys]) do found[key] = taken.texts[key] or "" end
  return found
end

-- Words in lines of at most `width` characters behind an indent; the first line stands behind `first`.
local function wrap(text, width, indent, first)
  local lines, line = {}, first
  for word in text:gmatch "%S+" do
    if utf8.len(line) + 1 + utf8.len(word) > width and line:find "%S" and line ~= first then
      lines[#lines + 1] = line
      line = string.rep(" ", indent) .. word
    else
      line = line .. (line:find "%S$" and " " or "") .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- Lines that are too long broken between words, at their own indent; others stay as they are.
local function narrow(text, width)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local indent = line:match "^ *"
    lines[#lines + 1] = (utf8.len(line) or 0) <= width and line or wrap(line, width, #indent, indent)
  end
  return table.concat(lines, "\n")
end

--- The help of a function: how it is called, what it does, and the keys of the table that it takes.
-- @tparam string text its help, the call in the first line
-- @tparam table known as of M.of
-- @int width columns
-- @treturn string
function M.page(text, known, width)
  local found = M.of(text:match "^[%w_.]+", known)
  local lines, names, longest = { narrow(text, width) }, {}, 0
  for name in pairs(found or {}) do
    names[#names + 1] = name
    longest = math.max(longest, #name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    lines[#lines + 1] = wrap(found[name], width, longest + 4, "  " .. name .. string.rep(" ", longest - #name + 2))
  end
  return table.concat(lines, "\n")
end

return M
