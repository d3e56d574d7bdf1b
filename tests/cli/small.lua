-- small.lua: a sweep without data that ends at once, for tests of the command line.
return assay.experiment {
  name = "small",
  summary = "Does the sweep machinery work?",
  params = { n = 3, seeds = 2, steps = 5, sleep = 0.0, bad = "none", at = 1 },
  grid = function(p)
    return { k = assay.range(p.n), seed = assay.range(p.seeds) }
  end,
  run = function(run, c, p)
    local first = c.k == p.at and c.seed == 1
    if first and p.bad == "error" then error("a planned failure") end
    if first and p.bad == "kill" then os.execute("kill -KILL $PPID") end
    if first and p.bad == "exit" then os.exit(7) end
    local sum = 0
    for step = 1, p.steps do
      sum = sum + c.k / step + c.seed
      run:log(step, { loss = 1 / step + c.k, sum = sum })
      if p.sleep > 0 then os.execute("sleep " .. p.sleep) end
    end
    return { total = sum, label = "k" .. c.k }
  end,
  report = function(results, p)
    local first = results[1].results
    if first["loss.last"] or (results[1].status == "done" and not first.total) then error("not what was returned") end
    print("report of " .. #results .. " runs, n = " .. p.n)
  end,
}
