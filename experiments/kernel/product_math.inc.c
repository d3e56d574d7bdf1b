/* product_math.inc.c: exp, tanh, erf, log on the lanes of one of the product_lanes_*.h.
 *
 * Included once per instruction set; only additions, products, fused multiply-adds, divisions and
 * selections in one fixed order, so that every set gives the same bits. Polynomials: Chebyshev
 * interpolation of the named function on the named interval, done in exact rational arithmetic.
 * tests/unit/kernel/product.c holds their errors against libm. */

/* e^x: x = n ln 2 + r, |r| <= ln 2 / 2; e^r = 1 + r + r^2 q(r). 0 below -87.3, inf above 88.7. */
static inline vf v_exp(vf x)
{
  const vf log2e = v_set1(1.44269504f), hi = v_set1(0.693145752f), lo = v_set1(1.42860677e-6f);
  vf n = v_round(v_mul(x, log2e));
  n = v_select(v_lt(n, v_set1(-126.0f)), v_set1(-126.0f), n);
  n = v_select(v_lt(v_set1(127.0f), n), v_set1(127.0f), n);
  vf r = v_fma(v_sub(v_set1(0.0f), n), hi, x);
  r = v_fma(v_sub(v_set1(0.0f), n), lo, r);
  vf q = v_set1(1.39261836e-3f);
  q = v_fma(q, r, v_set1(8.36317905e-3f));
  q = v_fma(q, r, v_set1(4.16665546e-2f));
  q = v_fma(q, r, v_set1(1.66665770e-1f));
  q = v_fma(q, r, v_set1(0.5f));
  vf p = v_add(v_fma(v_mul(r, r), q, r), v_set1(1.0f));
  p = v_mul(p, v_pow2(n));
  p = v_select(v_lt(x, v_set1(-87.3365f)), v_set1(0.0f), p);
  return v_select(v_lt(v_set1(88.7228f), x), v_set1((float)INFINITY), p);
}

/* tanh x: x + x^3 p(x^2) below 0.625, else 1 - 2 / (e^{2|x|} + 1). */
static inline vf v_tanh(vf x)
{
  vf a = v_abs(x), s = v_mul(x, x);
  vf p = v_set1(2.29274493e-3f);
  p = v_fma(p, s, v_set1(-8.34394566e-3f));
  p = v_fma(p, s, v_set1(2.17689187e-2f));
  p = v_fma(p, s, v_set1(-5.39592596e-2f));
  p = v_fma(p, s, v_set1(1.33333036e-1f));
  p = v_fma(p, s, v_set1(-3.33333332e-1f));
  vf small = v_fma(v_mul(x, s), p, x);
  vf e = v_exp(v_add(a, a));
  vf large = v_sub(v_set1(1.0f), v_div(v_set1(2.0f), v_add(e, v_set1(1.0f))));
  return v_select(v_lt(a, v_set1(0.625f)), small, v_copysign(large, x));
}

/* erf x: x p(x^2) below 0.95, else 1 - exp(p(|x|)) with p a fit of ln erfc on [0.9, 4]; 1 from 4 on. */
static inline vf v_erf(vf x)
{
  vf a = v_abs(x), s = v_mul(x, x);
  vf p = v_set1(-9.66704429e-6f);
  p = v_fma(p, s, v_set1(1.12659590e-4f));
  p = v_fma(p, s, v_set1(-8.48408039e-4f));
  p = v_fma(p, s, v_set1(5.22103181e-3f));
  p = v_fma(p, s, v_set1(-2.68654307e-2f));
  p = v_fma(p, s, v_set1(1.12837825e-1f));
  p = v_fma(p, s, v_set1(-3.76126385e-1f));
  p = v_fma(p, s, v_set1(1.12837917f));
  vf small = v_mul(x, p);
  vf q = v_set1(1.64306366e-6f);
  q = v_fma(q, a, v_set1(-4.61638586e-5f));
  q = v_fma(q, a, v_set1(5.97585770e-4f));
  q = v_fma(q, a, v_set1(-4.76262583e-3f));
  q = v_fma(q, a, v_set1(2.64276371e-2f));
  q = v_fma(q, a, v_set1(-1.10087166e-1f));
  q = v_fma(q, a, v_set1(-6.31823918e-1f));
  q = v_fma(q, a, v_set1(-1.13023106f));
  q = v_fma(q, a, v_set1(3.18539662e-4f));
  vf large = v_sub(v_set1(1.0f), v_exp(q));
  large = v_select(v_lt(a, v_set1(4.0f)), large, v_set1(1.0f));
  vf y = v_select(v_lt(a, v_set1(0.95f)), small, v_copysign(large, x));
  return v_select(v_lt(a, v_set1((float)INFINITY)), y, v_select(v_lt(v_set1(3.0e38f), a), v_copysign(v_set1(1.0f), x), x));
}

/* ln x in float64 for x > 0, normal and finite (NaN gives NaN): x = 2^e m, m in [sqrt(1/2), sqrt 2);
 * ln m = 2 artanh((m-1)/(m+1)). Without branches, so that a loop over it becomes vectors. */
static inline double log_of(double x)
{
  int64_t bits, mantissa;
  memcpy(&bits, &x, sizeof bits);
  int64_t e = (bits - 0x3fe6a09e667f3bcd) >> 52; /* arithmetic shift: floor */
  mantissa = bits - e * 0x10000000000000;
  double m, exponent = (double)e;
  memcpy(&m, &mantissa, sizeof m);
  double f = (m - 1.0) / (m + 1.0), s = f * f;
  double p = 1.0 / 21.0;
  p = fma(p, s, 1.0 / 19.0);
  p = fma(p, s, 1.0 / 17.0);
  p = fma(p, s, 1.0 / 15.0);
  p = fma(p, s, 1.0 / 13.0);
  p = fma(p, s, 1.0 / 11.0);
  p = fma(p, s, 1.0 / 9.0);
  p = fma(p, s, 1.0 / 7.0);
  p = fma(p, s, 1.0 / 5.0);
  p = fma(p, s, 1.0 / 3.0);
  double lm = 2.0 * fma(f * s, p, f);
  return fma(x, 0.0, fma(exponent, 0.6931471805599453094, lm));
}

/* x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2. */
static inline vf v_gelu(vf x)
{
  vf e = v_erf(v_mul(x, v_set1(0.70710678f)));
  vf h = v_mul(x, v_set1(0.5f));
  return v_fma(h, e, h);
}

/* d/dx of it: Phi(x) + x phi(x). */
static inline vf v_gelu_slope(vf x)
{
  vf e = v_erf(v_mul(x, v_set1(0.70710678f)));
  vf phi = v_mul(v_set1(0.39894228f), v_exp(v_mul(v_mul(x, x), v_set1(-0.5f))));
  return v_fma(x, phi, v_fma(e, v_set1(0.5f), v_set1(0.5f)));
}
