/** The section for drawing: encoding, reconstruction and bound of a drawing. */

import {AnomalyView} from "./anomaly.js";
import {BoundView} from "./bound.js";
import {fitted} from "./fitting.js";
import {latest} from "./latest.js";
import {Pad} from "./pad.js";
import {wordsOf} from "./seeds.js";

/** The seed for the noise of the bound, fixed so that equal drawings score equally. */
const SEED = 0n;

/** The pad, and the outputs of the model for the drawing. */
export class Draw {
  #answerLatest;

  /**
   * @param {import("./model.js").Model} model The model.
   * @param {object} about The content of `model.json`.
   * @param {import("./pictures.js").Painter} painter Paints its images.
   * @param {(q: ?object) => void} encoded Called with q(z|x) of the drawing, or null.
   */
  constructor(model, about, painter, encoded) {
    Object.assign(this, {model, about, painter, encoded});
    const get = (id) => document.getElementById(id);
    this.seen = painter.canvas(get("seen"));
    this.reconstructed = painter.canvas(get("reconstructed"));
    this.bound = new BoundView(get("bound"), about.bounds, Boolean(about.condition));
    this.anomaly = new AnomalyView(get("anomaly"), model, about);
    this.fit = get("fit");
    this.#answerLatest = latest(() => this.#answer());
    const changed = () => void this.#answerLatest();
    this.pad = new Pad(get("pad"), painter, changed);
    get("clear").addEventListener("click", () => this.pad.clear());
    get("undo").addEventListener("click", () => this.pad.undo());
    this.fit.addEventListener("change", changed);
    changed();
  }

  /** Shows the outputs again, for another condition. */
  update() {
    void this.#answerLatest();
  }

  /** Settles when the page shows the outputs for the current drawing. */
  settled() {
    return this.#answerLatest();
  }

  async #answer() {
    const ink = fitted(this.pad.ink(), this.pad.size, this.painter, this.fit.checked);
    const x = this.painter.values(ink);
    this.painter.paint(this.seen, x);
    if (!ink.some(Boolean)) {
      this.painter.canvas(this.reconstructed);
      this.bound.hide("Draw something to see its bound on log p(x) here.");
      await this.anomaly.show(null);
      this.encoded(null);
      return;
    }
    const {model} = this;
    if (model.has("reconstruct")) {
      const {x_mean: mean} = await model.run("reconstruct", {x});
      this.painter.paint(this.reconstructed, mean);
    }
    if (model.has("encode")) {
      const q = await model.run("encode", {x});
      this.encoded({z: q.z ?? q.mean, stddev: q.mean && q.stddev});
    }
    await this.#score(x);
    await this.anomaly.show(x);
  }

  async #score(x) {
    if (!this.model.has("elbo")) {
      const why = this.about.left_out.elbo;
      this.bound.hide(`The bound is not in this file: ${why}.`);
      return;
    }
    const {elbo, kl, log_likelihood: logLikelihood} = await this.model.run("elbo", {
      x,
      seed: wordsOf(SEED),
    });
    if (Number.isNaN(elbo[0])) {
      this.bound.hide(`The model cannot score this: it needs ${this.about.x_range}.`);
      return;
    }
    this.bound.show({
      elbo: elbo[0],
      kl: kl[0],
      logLikelihood: logLikelihood[0],
      seed: SEED,
    });
  }
}
