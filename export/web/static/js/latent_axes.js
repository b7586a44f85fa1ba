/**
 * Coordinates of the latent space along the principal directions of q(z).
 *
 * A coordinate is in standard deviations of q(z), from its mean. Latents that must be
 * positive are measured in their logarithms.
 */
export class LatentAxes {
  /** @param {object} latent What `model.json` says under `latent`. */
  constructor({log, mean, directions, stddevs, shares}) {
    Object.assign(this, {log, mean, directions, stddevs, shares});
  }

  /** The latents at the mean of q(z). @return {Float32Array} */
  centre() {
    return this.#latents(this.mean);
  }

  /**
   * Where z lies.
   * @param {Float32Array} z Latents.
   * @return {number[]} Its coordinate along every direction.
   */
  coordinates(z) {
    const offset = this.#measured(z).map((value, j) => value - this.mean[j]);
    return this.directions.map(
      (direction, k) =>
        direction.reduce((sum, u, j) => sum + u * offset[j], 0) / this.#unit(k),
    );
  }

  /**
   * Moves z along one direction, and leaves its other coordinates as they are.
   * @param {Float32Array} z Latents.
   * @param {number} k Which direction.
   * @param {number} value The coordinate that it gets.
   * @return {Float32Array} The latents there.
   */
  moved(z, k, value) {
    const step = (value - this.coordinates(z)[k]) * this.#unit(k);
    return this.#latents(
      this.#measured(z).map((y, j) => y + step * this.directions[k][j]),
    );
  }

  /** A direction that z never leaves has no length: it is measured in ones. */
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
