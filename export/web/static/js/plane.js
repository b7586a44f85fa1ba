/** Maps two latents to a unit square, where equal areas are equally likely, or linearly. */

import {cdf, inverseCdf} from "./normal.js";

const EDGE = 0.001;

/** The map between z and the square: u grows with z1, v with z2. */
export class Plane {
  /** @param {object} about The content of `model.json`. */
  constructor({standard_normal: normal, latent}) {
    this.normal = normal;
    this.latent = latent;
  }

  /**
   * The latents at a point.
   * @param {number} u From 0 to 1.
   * @param {number} v From 0 to 1.
   * @return {Float32Array} z.
   */
  latents(u, v) {
    return Float32Array.from([u, v], (p, j) => this.#latent(inside(p), j));
  }

  /**
   * The point for the latents; those outside of the square are moved to its border.
   * @param {Float32Array} z Two latents.
   * @return {number[]} u and v.
   */
  point(z) {
    return Array.from(z, (value, j) => inside(this.#position(value, j)));
  }

  #latent(p, j) {
    if (this.normal) return inverseCdf(p);
    const {log, low, high} = this.latent;
    const y = low[j] + (high[j] - low[j]) * p;
    return log ? Math.exp(y) : y;
  }

  #position(value, j) {
    if (this.normal) return cdf(value);
    const {log, low, high} = this.latent;
    return ((log ? Math.log(value) : value) - low[j]) / (high[j] - low[j] || 1);
  }
}

function inside(p) {
  return Math.min(Math.max(p, EDGE), 1 - EDGE);
}
