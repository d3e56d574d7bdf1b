-- artifacts.lua: runs that keep larger products, for artifacts.t.
return assay.experiment {
  name = "keeping",
  grid = { seed = assay.range(3) },
  run = function(run, c)
    local m = assay.random("normal", 7, 11, c.seed)
    run:artifact("old", "to be replaced")
    run:artifact("weights", m)
    run:artifact("weights f32", m:copy("f32"))
    run:artifact("mask @0.5", (m:sign() + 1) * 0.5)
    run:artifact("old", "seed " .. c.seed .. " \0 caf\xc3\xa9")
    return { sum = m:sum() }
  end,
}
