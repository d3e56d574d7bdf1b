-- sweep.lua: a small sweep of real trainings, for tests: schedules, rules of both routes of the engine, a line
-- search, an average, and a rate that diverges.
local assay = require "assay"

return assay.experiment {
  name = "sweep",
  params = { plan = "auto", steps = 60 },
  setup = function()
    return assay.data("digits"):load()
  end,
  grid = {
    rule = { "heavy-ball", "adam", "sls" },
    schedule = { "cosine", "wsd" },
    peak = { 0.003, 0.1, 1e6 },
    seed = { 1, 2 },
  },
  run = function(run, c, p, data)
    local settings = {
      run = run, data = data, seed = c.seed, batch = 32, steps = p.steps, plan = p.plan, diverged = "ok",
      model = assay.model("mlp", { hidden = { 24, 16 }, activation = c.seed == 1 and "relu" or "gelu" }),
      average = "ema", eval_every = 20, log_every = 7,
    }
    if c.rule == "sls" then
      settings.optimizer, settings.controller = "sgd", "sls-armijo"
    else
      settings.optimizer = c.rule
      settings.schedule = assay.schedule(c.schedule, { peak = c.peak })
    end
    return assay.train(settings)
  end,
}
