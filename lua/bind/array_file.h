/* array_file.h: what matrix_file.c and model.c need of array_file.c. */
#ifndef ASSAY_LUA_BIND_ARRAY_FILE_H
#define ASSAY_LUA_BIND_ARRAY_FILE_H

#include "lua/bind/bind.h"

/* Does the name end as one of the array formats does? */
bool array_file_known(const char *path);
/* Push the matrix of an NPY file and its shape as a list; of other formats, a table of matrices by name and one of
 * shapes. `type`: stack index of "f32", "f64" or nil for the file's own. Raises. */
int array_file_load(lua_State *L, const char *path, int type);
/* model:load(path[, batch]) */
int model_load(lua_State *L);

#endif
