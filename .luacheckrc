std = "lua54"
read_globals = { "assay" }
max_line_length = 110
