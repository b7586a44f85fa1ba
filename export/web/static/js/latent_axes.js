/**
 * Coordinates of the latent space along the principal directions of q(z).
 *
 * A coordinate is the distance from the mean of q(z) in its standard deviations. For
 * positive latents, coordinates are those of their logarithms.
 */
export class LatentAxes {
  /** @param {object} latent The entry `latent` of `model.json`. */
  constructor({log, mean, directions, stddevs, shares}) {
    Object.assign(this, {log, mean, directions, stddevs, shares});
  }

  /** The latents at the mean of q(z). @return {Float32Array} */
  centre() {
    return this.#latents(this.mean);
  }

  /**
   * The coordinates of z.
   * @param {Float32Array} z Latents.
   * @return {number[]} The coordinate along every direction.
   */
  coordinates(z) {
    const offset = this.#measured(z).map((value, j) => value - this.mean[j]);
    return this.directions.map(
      (direction, k) =>
        direction.reduce((sum, u, j) => sum + u * offset[j], 0) / this.#unit(k),
    );
  }

  /**
   * Moves z along one direction, without changing its other coordinates.
   * @param {Float32Array} z Latents.
   * @param {number} k The direction.
   * @param {number} value The new coordinate.
   * @return {Float32Array} The new latents.
   */
  moved(z, k, value) {
    const step = (value - this.coordinates(z)[k]) * this.#unit(k);
    return this.#latents(
      this.#measured(z).map((y, j) => y + step * this.directions[k][j]),
    );
  }

  /** A direction without variance has standard deviation 0, which is replaced by 1. */
  #unit(k) {
    return this.stddevs[k] || 1;
  }

  #measured(z) {
    return Array.from(z, this.log ? Math.log : Number);
  }

  #latents(y) {
    return Float32Array.from(y, this.log ? Math.exp : Number);
  }
}
