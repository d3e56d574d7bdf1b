std = "lua54"
read_globals = { "assay", "help" }
max_line_length = 120
files["tests/lua"] = { max_line_length = 150 }
files["lua/assay/prompt.lua"] = { globals = { "plot", "hist", "heatmap", "spy", "jobs", "traceback", "assay" }, max_line_length = 170 }
