/** The manifold of two latents: a sheet of decoded images, with markers. */

import {nextFrame} from "./latest.js";
import {shown} from "./numbers.js";

/** Images along each side. */
const SIDE = 20;
const SVG = "http://www.w3.org/2000/svg";
const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
const STEP = 1 / 40;

/** The sheet, and markers for the current point and for the drawing. */
export class Manifold {
  #moved;

  /**
   * @param {HTMLElement} host The element for the sheet.
   * @param {import("./plane.js").Plane} plane The map between z and the sheet.
   * @param {import("./pictures.js").Painter} painter Paints the images.
   * @param {(z: Float32Array) => void} moved Called with the latents under the pointer.
   */
  constructor(host, plane, painter, moved) {
    Object.assign(this, {plane, painter});
    this.#moved = moved;
    this.point = [0.5, 0.5];
    this.canvas = document.createElement("canvas");
    this.canvas.width = SIDE * painter.width;
    this.canvas.height = SIDE * painter.height;
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-describedby", "explore-hint");
    this.region = document.createElementNS(SVG, "svg");
    this.region.setAttribute("viewBox", "0 0 1 1");
    this.region.setAttribute("preserveAspectRatio", "none");
    this.region.setAttribute("aria-hidden", "true");
    this.outline = document.createElementNS(SVG, "path");
    this.region.append(this.outline);
    [this.marker, this.drawn] = ["marker", "drawn"].map((name) => {
      const dot = document.createElement("span");
      dot.className = `dot ${name}`;
      return dot;
    });
    this.drawn.hidden = true;
    host.style.aspectRatio = `${painter.width} / ${painter.height}`;
    host.append(this.canvas, this.region, this.drawn, this.marker);
    host.hidden = false;
    this.#listen();
  }

  /**
   * Decodes the sheet row by row, so that the page stays responsive.
   * @param {(z: Float32Array) => Promise<Float32Array>} decode The model's decoder.
   */
  async fill(decode) {
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const [u, v] = [(column + 0.5) / SIDE, 1 - (row + 0.5) / SIDE];
        const image = await decode(this.plane.latents(u, v));
        this.painter.paint(this.canvas, image, column, row);
      }
      await nextFrame();
    }
  }

  /**
   * Shows the position of z.
   * @param {Float32Array} z Two latents.
   */
  show(z) {
    this.point = this.plane.point(z);
    put(this.marker, this.point);
    const [z1, z2] = Array.from(z, (value) => shown(value, 2));
    this.canvas.setAttribute("aria-label", `Manifold, at z1 ${z1}, z2 ${z2}`);
  }

  /**
   * Shows the position of a drawing.
   * @param {?{z: Float32Array, stddev: ?Float32Array}} q Its posterior, or null.
   */
  showDrawn(q) {
    this.drawn.hidden = !q;
    this.outline.setAttribute("d", q?.stddev ? this.#ellipse(q) : "");
    if (q) put(this.drawn, this.plane.point(q.z));
  }

  /** The outline at two standard deviations of q(z|x). */
  #ellipse({z, stddev}) {
    const places = Array.from({length: 64}, (_, i) => {
      const angle = (2 * Math.PI * i) / 64;
      const [u, v] = this.plane.point([
        z[0] + 2 * stddev[0] * Math.cos(angle),
        z[1] + 2 * stddev[1] * Math.sin(angle),
      ]);
      return `${u} ${1 - v}`;
    });
    return `M${places.join("L")}Z`;
  }

  #listen() {
    const follow = (event) => {
      const box = this.canvas.getBoundingClientRect();
      this.#go(
        (event.clientX - box.left) / box.width,
        1 - (event.clientY - box.top) / box.height,
      );
    };
    this.canvas.addEventListener("pointermove", follow);
    this.canvas.addEventListener("pointerdown", follow);
    this.canvas.addEventListener("keydown", (event) => {
      if (!(event.key in MOVES) || event.ctrlKey || event.altKey || event.metaKey) return;
      const [du, dv] = MOVES[event.key];
      const step = event.shiftKey ? 4 * STEP : STEP;
      this.#go(this.point[0] + du * step, this.point[1] + dv * step);
      event.preventDefault();
    });
  }

  #go(u, v) {
    this.#moved(this.plane.latents(u, v));
  }
}

function put(dot, [u, v]) {
  dot.style.left = `${100 * u}%`;
  dot.style.top = `${100 * (1 - v)}%`;
}
