/** The section for samples: the images of `vae.sample(num, seed=...)` in Python. */

import {latest} from "./latest.js";
import {newSeed, parseSeed, wordsOf} from "./seeds.js";

const NUM = 24;
const FIRST = 42n;
const IN_LINK = /^#seed=(-?\d{1,40})$/;

/** A seed, and a grid of its samples. */
export class Samples {
  #sampleLatest;

  /**
   * @param {import("./model.js").Model} model The model.
   * @param {import("./pictures.js").Painter} painter Paints its images.
   * @param {(z: Float32Array) => void} chosen Called with the latents of a sample.
   */
  constructor(model, painter, chosen) {
    this.model = model;
    this.painter = painter;
    this.z = [];
    const get = (id) => document.getElementById(id);
    this.input = get("seed");
    this.message = get("seed-message");
    this.code = get("in-python");
    this.tiles = Array.from({length: NUM}, (_, i) => this.#tile(i, chosen));
    get("grid").append(...this.tiles.map(({item}) => item));
    this.#sampleLatest = latest((seed) => this.#sample(seed));
    get("seed-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#read();
    });
    get("another").addEventListener("click", () => void this.#choose(newSeed()));
    addEventListener("hashchange", () => void this.start());
  }

  /** Draws the samples of the seed in the page's address, or of the default seed. */
  async start() {
    const named = IN_LINK.exec(location.hash);
    await this.show(named ? BigInt(named[1]) : FIRST);
  }

  /**
   * Draws the samples of a seed.
   * @param {bigint} seed The seed.
   * @return {Promise<void>} Settles when all samples are shown.
   */
  show(seed) {
    this.seed = seed;
    this.input.value = String(seed);
    this.#complain("");
    return this.#sampleLatest(seed);
  }

  /** Settles when all samples are shown. */
  settled() {
    return this.#sampleLatest(this.seed);
  }

  /** Draws the samples again, for another condition. */
  update() {
    void this.settled();
  }

  #read() {
    const seed = parseSeed(this.input.value);
    if (seed === null) {
      this.#complain("The seed must be a whole number, such as 42 or \u22127.");
      return;
    }
    return this.#choose(seed);
  }

  /** Shows a seed, and writes it to the page's address. */
  #choose(seed) {
    history.replaceState(null, "", `#seed=${seed}`);
    return this.show(seed);
  }

  #complain(message) {
    this.message.textContent = message;
    this.input.setAttribute("aria-invalid", String(Boolean(message)));
  }

  async #sample(seed) {
    const words = wordsOf(seed);
    for (const [i, {canvas, button}] of this.tiles.entries()) {
      const inputs = {first: Int32Array.of(i), seed: words};
      const {x_mean: image, z} = await this.model.run("sample", inputs);
      this.painter.paint(canvas, image);
      button.setAttribute("aria-label", `Sample ${i + 1} of seed ${seed}`);
      this.z[i] = z;
    }
    const {condition} = this.model;
    const given = condition ? `, condition=${condition.inPython()}` : "";
    this.code.textContent = `vae.sample(${NUM}, seed=${seed}${given})`;
  }

  #tile(i, chosen) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tile";
    const canvas = this.painter.canvas();
    button.append(canvas);
    button.addEventListener("click", () => this.z[i] && chosen(this.z[i]));
    item.append(button);
    return {item, button, canvas};
  }
}
