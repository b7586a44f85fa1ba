/** The standard normal distribution: Phi and its inverse. */

const CENTRE = [
  [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269,
    -30.66479806614716, 2.506628277459239],
  [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972,
    -13.28068155288572, 1],
];
const TAIL = [
  [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
    4.374664141464968, 2.938163982698783],
  [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
];
const BREAK = 0.02425;
/** The largest |z|: beyond it, Phi is 0 or 1 in single precision. */
const FARTHEST = 6;

/**
 * The inverse of Phi, by Acklam's rational approximation, accurate to 1e-8.
 * @param {number} p Probability, 0 < p < 1.
 * @return {number} z with Phi(z) = p.
 */
export function inverseCdf(p) {
  if (p > 0.5) return -inverseCdf(1 - p);
  if (p < BREAK) return ratio(TAIL, Math.sqrt(-2 * Math.log(p)));
  const q = p - 0.5;
  return q * ratio(CENTRE, q * q);
}

/**
 * Phi, the inverse of `inverseCdf`, by bisection.
 * @param {number} z Any number.
 * @return {number} A probability, 0 < p < 1.
 */
export function cdf(z) {
  if (z > 0) return 1 - cdf(-z);
  let [low, high] = [0, 0.5];
  const wanted = Math.max(z, -FARTHEST);
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (inverseCdf(middle) < wanted) low = middle;
    else high = middle;
  }
  return high;
}

function ratio([above, below], x) {
  const polynomial = (coefficients) => coefficients.reduce((sum, c) => sum * x + c, 0);
  return polynomial(above) / polynomial(below);
}
