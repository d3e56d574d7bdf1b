/* keys.c: names of keys, and which request a key makes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "app/ui/ui_int.h"
#include "experiments/params.h"

static const struct request_row rows[REQUEST_COUNT] = {
#define REQUEST(id, name, group, keys, help) [REQUEST_##id] = {name, group, keys, help},
#include "app/ui/requests.def"
#undef REQUEST
};

const struct request_row *request_row(enum request r) { return r > REQUEST_NONE && r < REQUEST_COUNT ? &rows[r] : NULL; }

static const struct { const char *name; uint32_t key; } names[] = {
  {"Enter", '\r'}, {"Esc", 27}, {"Tab", '\t'}, {"Space", ' '}, {"Up", UI_KEY_UP}, {"Down", UI_KEY_DOWN}, {"Left", UI_KEY_LEFT},
  {"Right", UI_KEY_RIGHT}, {"PgUp", UI_KEY_PAGE_UP}, {"PgDn", UI_KEY_PAGE_DOWN}, {"Home", UI_KEY_HOME}, {"End", UI_KEY_END},
  {"Shift-Tab", UI_KEY_SHIFT_TAB}, {"Delete", UI_KEY_DELETE}, {"Insert", UI_KEY_INSERT}, {"Backspace", UI_KEY_BACKSPACE},
};

uint32_t key_from_name(const char *name, size_t n)
{
  utf8proc_int32_t rune;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i].name) == n && strncmp(names[i].name, name, n) == 0)
      return names[i].key;
  if (n == 6 && strncmp(name, "Ctrl-", 5) == 0 && name[5] >= '@' && name[5] <= '_')
    return (uint32_t)(name[5] & 31);
  if (n >= 2 && name[0] == 'F' && strspn(name + 1, "0123456789") >= n - 1) {
    long number = strtol(name + 1, NULL, 10);
    return number >= 1 && number <= 12 ? UI_KEY_F1 + (uint32_t)number - 1 : 0;
  }
  if (n == 0 || utf8proc_iterate((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)n, &rune) != (utf8proc_ssize_t)n)
    return 0;
  return (uint32_t)rune;
}

const char *key_label(uint32_t key, char out[16])
{
  out[0] = '\0';
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].key == key)
      return strcpy(out, names[i].name);
  if (key >= UI_KEY_F1 && key <= UI_KEY_F12)
    snprintf(out, 16, "F%u", key - UI_KEY_F1 + 1);
  else if (key < 32)
    snprintf(out, 16, "Ctrl-%c", (char)(key + '@'));
  else if (key < UI_KEY_UP)
    out[utf8proc_encode_char((utf8proc_int32_t)key, (utf8proc_uint8_t *)out)] = '\0';
  return out;
}

/* Is the key among these names, separated by blanks? */
static bool among(const char *keys, uint32_t key)
{
  while (keys && *keys) {
    size_t n = strcspn(keys, " ");
    if (key_from_name(keys, n) == key)
      return true;
    keys += n + strspn(keys + n, " ");
  }
  return false;
}

enum request key_request(const struct ui *ui, const struct binding *own, uint32_t key)
{
  for (size_t i = 0; ui && i < ui->n_bound; i++)
    if (ui->bound[i].key == key)
      return ui->bound[i].request;
  for (; own && own->keys; own++)
    if (among(own->keys, key))
      return own->request;
  for (enum request r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++)
    if (among(rows[r].keys, key))
      return r;
  return REQUEST_NONE;
}

const char *request_key(const struct ui *ui, const struct binding *own, enum request r, char out[16])
{
  const char *keys = rows[r].keys;
  for (size_t i = 0; ui && i < ui->n_bound; i++)
    if (ui->bound[i].request == r)
      return key_label(ui->bound[i].key, out);
  for (const struct binding *b = own; b && b->keys; b++)
    if (b->request == r)
      return snprintf(out, 16, "%.*s", (int)strcspn(b->keys, " "), b->keys), out;
  while (keys && *keys) { /* the first key that the view has not given away */
    size_t n = strcspn(keys, " ");
    if (key_request(ui, own, key_from_name(keys, n)) == r)
      return snprintf(out, 16, "%.*s", (int)n, keys), out;
    keys += n + strspn(keys + n, " ");
  }
  out[0] = '\0';
  return out;
}

const char *key_bind(struct ui *ui, const char *key, const char *request)
{
  static char why[128];
  const char *known[REQUEST_COUNT], *near;
  uint32_t code = key_from_name(key, strlen(key));
  if (!code)
    return snprintf(why, sizeof why, "no key '%.40s'; keys are named Enter, Esc, Ctrl-X, F5, PgUp or by their character", key), why;
  for (enum request r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++) {
    known[r - 1] = rows[r].name;
    if (strcmp(rows[r].name, request) != 0)
      continue;
    if (ui->n_bound == sizeof ui->bound / sizeof *ui->bound)
      return "too many keys bound";
    ui->bound[ui->n_bound].key = code;
    ui->bound[ui->n_bound++].request = r;
    return NULL;
  }
  near = nearest_name(request, known, REQUEST_COUNT - 1);
  snprintf(why, sizeof why, near ? "no request '%.40s'; did you mean '%s'?" : "no request '%.40s'", request, near);
  return why;
}
