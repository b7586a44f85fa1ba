/** Seeds like those of `aevb_tf.random.as_seed`: whole numbers as two words of 32 bits. */

/**
 * Reads a seed.
 * @param {string} text The typed text.
 * @return {bigint|null} The seed, or null if it is not a whole number.
 */
export function parseSeed(text) {
  const typed = text.trim().replace(/^[\u2212\u2013]/, "-").replace(/^\+/, "");
  return /^-?\d+$/.test(typed) ? BigInt(typed) : null;
}

/**
 * The words of a seed: the low 64 bits, the high word first.
 * @param {bigint} seed Any whole number.
 * @return {Int32Array} Two words.
 */
export function wordsOf(seed) {
  const word = (value) => Number(BigInt.asIntN(32, value));
  return Int32Array.of(word(seed >> 32n), word(seed));
}

/**
 * A new seed, short enough to be written down.
 * @return {bigint}
 */
export function newSeed() {
  return BigInt(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);
}
