/** Seeds as `aevb_tf.random.as_seed` takes them: whole numbers, two words of 32 bits. */

/**
 * Reads a seed.
 * @param {string} text What was typed.
 * @return {bigint|null} The seed, or null where it is no whole number.
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
 * A new seed, short enough to be read out.
 * @return {bigint}
 */
export function newSeed() {
  return BigInt(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);
}
