--- A sweep over learning rates on made-up data, for the bench: `assay run` as the jobs of bench_train.
return assay.experiment {
  name = "bench-sweep",
  summary = "How long does a sweep take?",
  params = {
    d = 784, classes = 10, train = 20000, hidden = "256,256", batch = 64, steps = 100, rates = 64,
    log_every = 0,
  },
  setup = function(p)
    return assay.data("gaussian-mixture", { d = p.d, classes = p.classes, train = p.train, valid = 0, test = 0 }):load()
  end,
  grid = function(p) return { peak = assay.logspace(1e-4, 1e-2, p.rates) } end,
  run = function(run, c, p, data)
    return assay.train {
      run = run, data = data, seed = 1,
      model = assay.model("mlp", { hidden = p.hidden }),
      optimizer = assay.optimizer("heavy-ball", { momentum = 0.9 }),
      schedule = assay.schedule("constant", { peak = c.peak }),
      batch = p.batch, steps = p.steps, log_every = p.log_every,
    }
  end,
}
