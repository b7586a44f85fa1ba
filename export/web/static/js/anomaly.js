/** Whether a drawing is an anomaly: its score, its p-value and the verdict. */

import {line, list} from "./lines.js";
import {shown} from "./numbers.js";
import {wordsOf} from "./seeds.js";

/** Shows what the detector says of a drawing; nothing if there is no detector. */
export class AnomalyView {
  /**
   * @param {HTMLElement} host The element for the verdict.
   * @param {import("./model.js").Model} model The model.
   * @param {object} about The content of `model.json`.
   */
  constructor(host, model, about) {
    Object.assign(this, {host, model, about});
    host.hidden = !about.anomaly;
  }

  /**
   * Shows the verdict on an image.
   * @param {?Float32Array} x The image, or null if nothing is drawn.
   */
  async show(x) {
    const {host, model, about} = this;
    if (!about.anomaly) return;
    const explain = (text) => host.replaceChildren(line("parts", text));
    if (!model.has("anomaly")) {
      explain(`The anomaly score is not in this file: ${about.left_out.anomaly}.`);
      return;
    }
    if (!x) {
      explain("Draw something to see whether it is an anomaly.");
      return;
    }
    const seed = wordsOf(BigInt(about.anomaly.seed));
    const answer = await model.run("anomaly", {x, seed});
    const [score, p, isAnomaly] = ["score", "p_value", "is_anomaly"].map(
      (output) => answer[output][0],
    );
    if (Number.isNaN(score)) {
      explain(`The model cannot score this: it needs ${about.x_range}.`);
      return;
    }
    const {score: name, false_alarm_rate: rate, num_calibration: num} = about.anomaly;
    const percent = Number((100 * rate).toPrecision(3));
    host.replaceChildren(
      line("value", isAnomaly ? "an anomaly" : "normal", `, p-value ${shown(p, 3)}`),
      line("parts", `At most ${percent}% of normal examples are called anomalies.`),
      list([
        [`score: ${name.replaceAll("_", " ")}`, shown(score, 3)],
        ["normal examples that set the threshold", num.toLocaleString("en")],
      ]),
    );
  }
}
