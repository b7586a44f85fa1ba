/** Sliders along the principal directions, with an image at each end. */

import {shown} from "./numbers.js";

/** The range of the sliders, in standard deviations of q(z). */
const REACH = 3;

/** Sliders that move z. */
export class Sliders {
  #moved;
  #rows;

  /**
   * @param {HTMLElement} host The element for the sliders.
   * @param {import("./latent_axes.js").LatentAxes} axes The directions.
   * @param {import("./pictures.js").Painter} painter Paints the images at their ends.
   * @param {(z: Float32Array) => void} moved Called with the latents after a move.
   */
  constructor(host, axes, painter, moved) {
    this.axes = axes;
    this.painter = painter;
    this.#moved = moved;
    this.#rows = axes.directions.map((_, k) => this.#row(k));
    host.append(...this.#rows.map((row) => row.element));
  }

  /**
   * Shows the position of z.
   * @param {Float32Array} z Latents.
   */
  show(z) {
    this.z = z;
    const coordinates = this.axes.coordinates(z);
    this.#rows.forEach(({input}, k) => {
      input.value = coordinates[k];
      input.setAttribute("aria-valuetext", shown(coordinates[k], 2));
    });
  }

  /**
   * Decodes the images at the ends of the sliders.
   * @param {(z: Float32Array) => Promise<Float32Array>} decode The model's decoder.
   */
  async fill(decode) {
    for (const [k, {ends}] of this.#rows.entries()) {
      for (const [canvas, value] of ends) {
        this.painter.paint(canvas, await decode(this.axes.moved(this.z, k, value)));
      }
    }
  }

  /**
   * Marks the position of a drawing.
   * @param {?{z: Float32Array}} q Its posterior, or null.
   */
  showDrawn(q) {
    const coordinates = q && this.axes.coordinates(q.z);
    this.#rows.forEach(({mark}, k) => {
      mark.hidden = !q;
      if (!q) return;
      const share = (coordinates[k] + REACH) / (2 * REACH);
      mark.style.setProperty("--at", Math.min(Math.max(share, 0), 1));
    });
  }

  #row(k) {
    const element = document.createElement("div");
    element.className = "slider";
    const share = Math.round(100 * this.axes.shares[k]);
    const label = document.createElement("label");
    label.htmlFor = `direction-${k + 1}`;
    label.textContent = `${k + 1}`;
    label.title = `Principal direction ${k + 1}: ${share}% of the variance of E[z | x]`;
    const input = document.createElement("input");
    Object.assign(input, {
      type: "range",
      id: label.htmlFor,
      min: -REACH,
      max: REACH,
      step: "any", // an arrow key moves by a hundredth, or a tenth
    });
    input.setAttribute("aria-label", label.title);
    input.addEventListener("input", () => {
      this.#moved(this.axes.moved(this.z, k, Number(input.value)));
    });
    const mark = document.createElement("span");
    mark.className = "mark";
    mark.hidden = true;
    const track = document.createElement("div");
    track.className = "track";
    track.append(input, mark);
    const ends = [-REACH, REACH].map((value) => {
      const canvas = this.painter.canvas();
      canvas.setAttribute("aria-hidden", "true");
      return [canvas, value];
    });
    element.append(label, ends[0][0], track, ends[1][0]);
    return {element, input, mark, ends};
  }
}
