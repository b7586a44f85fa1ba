/** The evidence lower bound of a drawing and its parts, compared with the test data. */

import {element, line, list} from "./lines.js";
import {shown} from "./numbers.js";

/** Shows the bound of a drawing. */
export class BoundView {
  /**
   * @param {HTMLElement} host The element for the bound.
   * @param {?{num: number, percents: number[], nats: number[]}} spread Percentiles of the
   *     bounds of the test data.
   * @param {boolean} conditional Whether the model has a condition c.
   */
  constructor(host, spread, conditional = false) {
    this.given = conditional ? ", c" : "";
    this.host = host;
    this.spread = spread;
  }

  /**
   * Shows a bound.
   * @param {{elbo: number, kl: number, logLikelihood: number, seed: bigint}} found
   */
  show({elbo, kl, logLikelihood, seed}) {
    const parts = [
      [`log p(x | z${this.given})`, shown(logLikelihood)],
      [`KL(q(z | x${this.given}) \u2016 p(z${this.given && " | c"}))`, shown(kl)],
    ];
    this.host.replaceChildren(
      line("value", shown(elbo), " nats"),
      line("parts", `lower bound on log p(x${this.given && " | c"}), seed\u00a0${seed}`),
      list(parts),
    );
    if (this.spread && Number.isFinite(elbo)) {
      this.host.append(this.#scale(elbo), line("parts", this.#comparison(elbo)));
    }
  }

  /**
   * Shows why there is no bound.
   * @param {string} reason A sentence.
   */
  hide(reason) {
    this.host.replaceChildren(line("parts", reason));
  }

  /** A scale from the worst to the best of the data, with a mark for the drawing. */
  #scale(elbo) {
    const scale = element("div", "scale");
    scale.setAttribute("aria-hidden", "true");
    const {nats, percents} = this.spread;
    const percentile = (percent) => nats[percents.indexOf(percent)];
    const begin = Math.min(percentile(0), elbo);
    const end = Math.max(percentile(100), elbo);
    const place = (value) => `${(100 * (value - begin)) / (end - begin || 1)}%`;
    for (const [from, to] of [[0, 100], [5, 95], [25, 75]]) {
      const bar = element("span", "bar");
      bar.style.left = place(percentile(from));
      bar.style.right = `calc(100% - ${place(percentile(to))})`;
      scale.append(bar);
    }
    const mark = element("span", "mark");
    mark.style.left = place(elbo);
    scale.append(mark);
    return scale;
  }

  #comparison(elbo) {
    const {num, nats, percents} = this.spread;
    const data = `${num.toLocaleString("en")} test examples`;
    const better = nats.filter((value) => value <= elbo).length;
    if (better === 0) return `lower than all of ${data}`;
    if (better === nats.length) return `higher than all of ${data}`;
    const [low, high] = nats.slice(better - 1, better + 1);
    const share = (elbo - low) / (high - low || 1);
    const [from, to] = percents.slice(better - 1, better + 1);
    const percent = Math.round(from + share * (to - from));
    return `higher than ${percent}% of ${data}`;
  }
}
