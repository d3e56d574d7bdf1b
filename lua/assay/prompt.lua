--- What the prompt has besides the library: plot, hist, heatmap, spy and jobs as globals, assay.examples().
--
-- They are set at the prompt only, so that a script says `assay.plot` and runs anywhere.
local assay = require "assay"

local examples = {
  { "the shape of a schedule", [[plot(assay.schedule("cosine", {peak = 0.1, steps = 200, warmup = 20}))]] },
  { "an exact test-set bound", [[assay.bound("test-binomial"):evaluate{n = 1000, errors = 30}]] },
  { "how surprising 60 heads of 100 are", [[assay.math.kl(0.6, 0.5)]] },
  { "prune a matrix by Wanda", [[W = assay.random("normal", 8, 16, 1); X = assay.random("normal", 16, 64, 2); spy(assay.pruner("wanda"):apply(W, X))]] },
  { "train a small net", [[d = assay.data("two-spirals"); r = assay.train{data = d, model = assay.model("mlp", {hidden = "16"}), steps = 200, lr = 0.1}; r]] },
  { "one step of Adam on your own numbers", [[o = assay.optimizer "adam"; w = assay.ones(1, 3); o:step(w, assay.ones(1, 3), 0.1); w]] },
  { "an interval for a mean", [[assay.stats.ci{0.104, 0.101, 0.107, 0.103, 0.105}]] },
  { "ask the store", [[assay.db "SELECT experiment, count(*) AS runs FROM runs GROUP BY experiment"]] },
  { "the runs of the store, with what differs between them", [[assay.runs()]] },
  { "numbers as a histogram", [[hist(assay.random("normal", 50, 20, 7))]] },
}

plot, hist, heatmap, spy = assay.plot, assay.plot.hist, assay.plot.heatmap, assay.plot.spy
jobs, traceback = assay.jobs, assay.traceback

--- Print short examples, or run one.
local function show_examples(n)
  if n then
    local code = (examples[n] or error("there are " .. #examples .. " examples", 2))[2]
    print("> " .. code)
    local before, last = code:match "^(.*; )(.-)$"
    return assert(load((before or "") .. "return " .. (last or code), "=example") or load(code, "=example"))()
  end
  for i, example in ipairs(examples) do print(string.format("%2d  %s\n      %s", i, example[1], example[2])) end
end

assay.examples = assay.describe(show_examples, "assay.examples([n])", "Short examples; assay.examples(3) runs the third.")

return examples
