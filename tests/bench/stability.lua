--- Measured stability with 64 neighbours against a sweep of 64 rates of the same size, in CPU seconds of one process.
local data = assay.data("gaussian-mixture", { d = 784, classes = 10, train = 2000, valid = 0, test = 500 }):load()
local size = { data = data, model = assay.model("mlp", { hidden = "32,32" }), sampler = "iid", batch = 64, steps = 600 }

local function with(more)
  local t = {}
  for k, v in pairs(size) do t[k] = v end
  for k, v in pairs(more) do t[k] = v end
  return t
end

local function timed(f)
  local start = os.clock()
  f()
  return os.clock() - start
end

local rates = {}
for i, lr in ipairs(assay.logspace(1e-4, 1e-2, 64)) do rates[i] = { lr = lr } end
local sweep = timed(function() assay.train_many(with { replicas = rates }) end)
local stability = timed(function() assay.stability(with { neighbours = 64, lr = 1e-3 }) end)
print(string.format("%.3f %.3f %.3f", stability / sweep, stability, sweep))
