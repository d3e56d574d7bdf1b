/* complete_method.c: see complete_int.h. Texts are read backward from the cursor: what stands there was typed a moment ago. */
#include <string.h>

#include "experiments/registry.h"
#include "lua/bind/complete_int.h"

bool complete_is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

size_t complete_name_start(const char *text, size_t end)
{
  while (end > 0 && (complete_is_word(text[end - 1]) || text[end - 1] == '.' || text[end - 1] == ':'))
    end--;
  return end;
}

/* Where a text ends without these characters behind it. */
static size_t without(const char *text, size_t end, const char *characters)
{
  while (end > 0 && text[end - 1] && strchr(characters, text[end - 1]))
    end--;
  return end;
}

bool complete_kind_before(const char *text, size_t end, enum kind *kind)
{
  end = without(text, end, " ");
  size_t start = complete_name_start(text, end);
  char name[64];
  if (end - start < 7 || end - start >= sizeof name || strncmp(text + start, "assay.", 6) != 0)
    return false;
  memcpy(name, text + start + 6, end - start - 6);
  name[end - start - 6] = '\0';
  return kind_parse(name, kind) && !strcmp(kind_name(*kind), name);
}

/* The method of an id in quotes, the second of which is at end - 1. */
static const struct method *method_of_id(const char *text, size_t end)
{
  size_t id_end = end - 1, id = id_end;
  enum kind kind;
  char name[64];
  while (id > 0 && text[id - 1] != text[id_end])
    id--;
  if (id == 0 || id_end - id >= sizeof name || !complete_kind_before(text, without(text, id - 1, " ("), &kind))
    return NULL;
  memcpy(name, text + id, id_end - id);
  name[id_end - id] = '\0';
  return registry_find(kind, name);
}

/* The method of a call whose closing bracket is at end - 1: its first argument is the id. */
static const struct method *method_of_call(const char *text, size_t end)
{
  size_t open = end - 1, depth = 1;
  while (open > 0 && depth > 0) {
    open--;
    depth = text[open] == ')' ? depth + 1 : text[open] == '(' ? depth - 1 : depth;
  }
  size_t first = open + 1 + strspn(text + open + 1, " ");
  if (depth > 0 || (text[first] != '"' && text[first] != '\''))
    return NULL;
  const char *last = memchr(text + first + 1, text[first], end - first - 1);
  return last ? method_of_id(text, (size_t)(last - text) + 1) : NULL;
}

const struct method *complete_method_before(const char *text, size_t end)
{
  end = without(text, end, " ,");
  char c = end > 0 ? text[end - 1] : '\0';
  return c == ')' ? method_of_call(text, end) : c == '"' || c == '\'' ? method_of_id(text, end) : NULL;
}
