/* vec_typed.inc.c: the parts of vec.c that are the same for both element types. Included twice, with
 * NUMBER (float, double), KEY (unsigned integer of that size) and NAME(base) (base_f32, base_f64). */

static double NAME(sum_block)(const NUMBER *x, size_t n)
{
  double s[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t l = 0; l < SUM_LANES; l++)
      s[l] += (double)x[i + l];
  for (size_t l = 0; i < n; i++, l++)
    s[l] += (double)x[i];
  return combine_lanes(s);
}

double NAME(vec_sum)(const NUMBER *x, size_t n)
{
  if (n <= SUM_BLOCK)
    return NAME(sum_block)(x, n);
  size_t left = left_branch(n);
  return NAME(vec_sum)(x, left) + NAME(vec_sum)(x + left, n - left);
}

static double NAME(norm1_block)(const NUMBER *x, size_t n)
{
  double s[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t l = 0; l < SUM_LANES; l++)
      s[l] += fabs((double)x[i + l]);
  for (size_t l = 0; i < n; i++, l++)
    s[l] += fabs((double)x[i]);
  return combine_lanes(s);
}

double NAME(vec_norm1)(const NUMBER *x, size_t n)
{
  if (n <= SUM_BLOCK)
    return NAME(norm1_block)(x, n);
  size_t left = left_branch(n);
  return NAME(vec_norm1)(x, left) + NAME(vec_norm1)(x + left, n - left);
}

static double NAME(dot_block)(const NUMBER *x, const NUMBER *y, size_t n)
{
  double s[SUM_LANES] = {0};
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t l = 0; l < SUM_LANES; l++)
      s[l] += (double)x[i + l] * (double)y[i + l];
  for (size_t l = 0; i < n; i++, l++)
    s[l] += (double)x[i] * (double)y[i];
  return combine_lanes(s);
}

double NAME(vec_dot)(const NUMBER *x, const NUMBER *y, size_t n)
{
  if (n <= SUM_BLOCK)
    return NAME(dot_block)(x, y, n);
  size_t left = left_branch(n);
  return NAME(vec_dot)(x, y, left) + NAME(vec_dot)(x + left, y + left, n - left);
}

/* x - x is 0 for finite x and NaN otherwise, so that the sum tells without a branch per element. */
bool NAME(vec_finite)(const NUMBER *x, size_t n)
{
  NUMBER s[SUM_LANES] = {0}, all = 0;
  size_t i = 0;
  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (size_t l = 0; l < SUM_LANES; l++)
      s[l] += x[i + l] - x[i + l];
  for (size_t l = 0; i < n; i++, l++)
    s[l] += x[i] - x[i];
  for (size_t l = 0; l < SUM_LANES; l++)
    all += s[l];
  return !isnan(all);
}

/* The k-th largest key, by radix from the top: each pass counts the next digit among the keys that share the
 * digits already known. *ties = how many keys equal to it belong to the k largest. 1 <= k <= n. */
static KEY NAME(select_threshold)(const NUMBER *x, size_t n, size_t k, size_t *ties)
{
  KEY known = 0, mask = 0;
  size_t wanted = k;
  for (int left = (int)sizeof(KEY) * 8; left > 0;) {
    int digit = left < DIGIT_BITS ? left : DIGIT_BITS;
    KEY bins = (KEY)1 << digit, top = bins - 1;
    size_t count[1 << DIGIT_BITS] = {0};
    left -= digit;
    for (size_t i = 0; i < n; i++) {
      KEY key = NAME(ordered)(x[i]);
      if ((key & mask) == known)
        count[key >> left & (bins - 1)]++;
    }
    while (count[top] < wanted)
      wanted -= count[top--];
    known |= top << left;
    mask |= (bins - 1) << left;
  }
  *ties = wanted;
  return known;
}

/* Whether x is above the threshold, or one of the first ties. */
static bool NAME(select_takes)(NUMBER x, KEY threshold, size_t *ties)
{
  KEY key = NAME(ordered)(x);
  return key > threshold || (key == threshold && *ties > 0 && (*ties)--);
}

void NAME(select_top)(const NUMBER *x, size_t n, size_t k, uint32_t *index)
{
  assert(k <= n && n <= UINT32_MAX);
  if (k == 0)
    return;
  size_t ties, taken = 0;
  KEY threshold = NAME(select_threshold)(x, n, k, &ties);
  for (size_t i = 0; taken < k; i++)
    if (NAME(select_takes)(x[i], threshold, &ties))
      index[taken++] = (uint32_t)i;
}
