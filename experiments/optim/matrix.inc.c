/* matrix.inc.c: the members of struct optimizer for a file that has a `static const struct matrix_rule rule`; the descriptor
 * then has RULE_FUNCTIONS. */
#define LAYER_RATES true

static size_t state_size(const void *conf, const struct net *net, size_t n, enum dtype type)
{
  return matrix_state_size(&rule, conf, net, n, type);
}

static void init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type)
{
  (void)w;
  memset(state, 0, matrix_state_size(&rule, conf, net, n, type));
}

static enum status step_f32(const void *conf, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e)
{
  return matrix_step(&rule, conf, state, w, g, n, DTYPE_F32, s, e);
}

static enum status step_f64(const void *conf, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e)
{
  return matrix_step(&rule, conf, state, w, g, n, DTYPE_F64, s, e);
}
