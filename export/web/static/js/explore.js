/** The section for the latent space, which shows the decoded z. */

import {latest} from "./latest.js";
import {LatentAxes} from "./latent_axes.js";
import {Manifold} from "./manifold.js";
import {shown} from "./numbers.js";
import {Plane} from "./plane.js";
import {newSeed, wordsOf} from "./seeds.js";
import {Sliders} from "./sliders.js";

const HINTS = {
  plane:
    "Move over the manifold, or focus it and use the arrow keys. Equal areas are " +
    "equally likely under the prior.",
  linear: "Move over the manifold, or focus it and use the arrow keys.",
  sliders:
    "Each slider moves z along a principal direction of the latents of the data, by up " +
    "to three standard deviations. The images show the ends of each slider.",
};

/** A point z in the latent space, shown as an image, moved by a pointer or by sliders. */
export class Explore {
  /**
   * @param {import("./model.js").Model} model The model.
   * @param {object} about The content of `model.json`.
   * @param {import("./pictures.js").Painter} painter Paints its images.
   */
  constructor(model, about, painter) {
    this.model = model;
    this.painter = painter;
    this.canvas = painter.canvas(document.getElementById("decoded"));
    this.axes = new LatentAxes(about.latent);
    this.drawing = null;
    const move = (z) => void this.show(z);
    this.flat = about.latent_dim === 2;
    if (this.flat) {
      const plane = new Plane(about);
      this.view = new Manifold(document.getElementById("plane"), plane, painter, move);
    } else {
      const host = document.getElementById("sliders");
      this.view = new Sliders(host, this.axes, painter, move);
    }
    const kind = this.flat ? (about.standard_normal ? "plane" : "linear") : "sliders";
    document.getElementById("explore-hint").textContent = HINTS[kind];
    this.#buttons();
    this.#decodeLatest = latest(async (z) => {
      this.image = await this.decode(z);
      painter.paint(this.canvas, this.image);
      if (!this.flat) await this.view.fill((there) => this.decode(there));
    });
    this.#fillLatest = latest(() => this.view.fill((z) => this.decode(z)));
  }

  #decodeLatest;
  #fillLatest;

  /** Shows the centre, and the images around it. */
  async start() {
    await this.show(this.axes.centre());
    if (this.flat) await this.#fillLatest();
  }

  /** Settles when all images are shown. */
  async settled() {
    await this.#decodeLatest(this.z);
    if (this.flat) await this.#fillLatest();
  }

  /** Decodes all images again, for another condition. */
  update() {
    void this.settled();
  }

  /**
   * The mean of p(x|z).
   * @param {Float32Array} z Latents.
   * @return {Promise<Float32Array>} The image.
   */
  async decode(z) {
    return (await this.model.run("decode", {z})).x_mean;
  }

  /**
   * Moves to a point.
   * @param {Float32Array} z Latents.
   * @return {Promise<void>} Settles when the image is shown.
   */
  show(z) {
    this.z = z;
    this.view.show(z);
    const where = this.flat
      ? Array.from(z, (value, j) => `z${"₁₂"[j]} = ${shown(value, 2)}`).join(", ")
      : "";
    document.getElementById("where").textContent = where;
    return this.#decodeLatest(z);
  }

  /**
   * Moves to a point, and scrolls to this section.
   * @param {Float32Array} z Latents.
   */
  async visit(z) {
    await this.show(z);
    const {top, bottom} = this.canvas.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) {
      document.getElementById("explore").scrollIntoView();
    }
  }

  /**
   * Marks the position of a drawing.
   * @param {?{z: Float32Array, stddev: ?Float32Array}} q Its posterior, or null.
   */
  showDrawn(q) {
    this.drawing = q;
    this.view.showDrawn(q);
    document.getElementById("from-drawing").disabled = !q;
  }

  #buttons() {
    const on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("centre", () => this.show(this.axes.centre()));
    on("from-drawing", () => this.show(this.drawing.z));
    const random = document.getElementById("random");
    random.hidden = !this.model.has("sample");
    on("random", async () => {
      const inputs = {first: Int32Array.of(0), seed: wordsOf(newSeed())};
      await this.show((await this.model.run("sample", inputs)).z);
    });
  }
}
