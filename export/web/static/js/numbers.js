/** Formats numbers. */

/**
 * Formats a number with a proper minus sign.
 * @param {number} value The number.
 * @param {number=} digits The number of decimals.
 * @return {string}
 */
export function shown(value, digits = 1) {
  return Number.isFinite(value)
    ? value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "\u2212")
    : "not a number";
}
