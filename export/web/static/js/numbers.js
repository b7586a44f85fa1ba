/** Numbers as they are read. */

/**
 * A number with a true minus sign.
 * @param {number} value The number.
 * @param {number=} digits Behind the point.
 * @return {string}
 */
export function shown(value, digits = 1) {
  return Number.isFinite(value)
    ? value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "\u2212")
    : "not a number";
}
