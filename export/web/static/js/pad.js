/** A pad for drawing with a pen, a finger, a mouse or the keyboard. */

/** The least length of the longer side of the pad, in its own pixels. */
const SIDE = 280;
/** The width of the pen and the step of a key, relative to the shorter side. */
const PEN = 0.085;
const STEP = 1 / 28;

const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The strokes, and their ink. */
export class Pad {
  #changed;
  #strokes = [];
  #drawing = null;
  #pen = {x: 0.5, y: 0.5, down: false};

  /**
   * @param {HTMLElement} host The element for the pad.
   * @param {{width: number, height: number}} shape The size of the model's images.
   * @param {() => void} changed Called when the ink has changed.
   */
  constructor(host, shape, changed) {
    const scale = Math.ceil(SIDE / Math.max(shape.width, shape.height));
    this.host = host;
    this.size = {width: scale * shape.width, height: scale * shape.height};
    this.#changed = changed;
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, this.size, {tabIndex: 0});
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", "Pad to draw on");
    this.canvas.setAttribute("aria-describedby", "draw-hint");
    this.context = this.canvas.getContext("2d", {willReadFrequently: true});
    this.cursor = document.createElement("span");
    this.cursor.className = "cursor";
    this.state = document.createElement("span");
    this.state.className = "unseen";
    this.state.setAttribute("role", "status");
    host.style.aspectRatio = `${shape.width} / ${shape.height}`;
    host.append(this.canvas, this.cursor, this.state);
    this.#listen();
    this.#paint();
  }

  /** The ink, `[height, width]`, 0 to 255. @return {Uint8ClampedArray} */
  ink() {
    const {width, height} = this.size;
    const {data} = this.context.getImageData(0, 0, width, height);
    return Uint8ClampedArray.from({length: width * height}, (_, i) => data[4 * i]);
  }

  /** Removes all strokes. */
  clear() {
    this.#strokes = [];
    this.#redraw();
  }

  /** Removes the last stroke. */
  undo() {
    this.#strokes.pop();
    this.#redraw();
  }

  #listen() {
    const {canvas} = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.#drawing = event.pointerId;
      this.#begin(this.#place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#drawing) return;
      // All positions since the last frame, if the browser provides them.
      const events = event.getCoalescedEvents?.() ?? [];
      for (const move of events.length ? events : [event]) this.#go(this.#place(move));
      this.#redraw();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId === this.#drawing) this.#drawing = null;
      });
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#lift());
    canvas.addEventListener("focus", () => this.#showCursor());
  }

  #key(event) {
    if (event.altKey || (event.ctrlKey || event.metaKey) !== (event.key === "z")) return;
    if (event.key in MOVES) {
      const [dx, dy] = MOVES[event.key];
      this.#pen.x = Math.min(Math.max(this.#pen.x + dx * STEP, 0), 1);
      this.#pen.y = Math.min(Math.max(this.#pen.y + dy * STEP, 0), 1);
      if (this.#pen.down) {
        this.#go([this.#pen.x, this.#pen.y]);
        this.#redraw();
      }
    } else if (event.key === " ") {
      this.#pen.down = !this.#pen.down;
      this.state.textContent = this.#pen.down ? "pen down" : "pen up";
      if (this.#pen.down) this.#begin([this.#pen.x, this.#pen.y]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else if (event.key === "z") {
      this.undo();
    } else {
      return;
    }
    event.preventDefault();
    this.#showCursor();
  }

  #lift() {
    this.#pen.down = false;
    this.#showCursor();
  }

  #showCursor() {
    const {x, y, down} = this.#pen;
    this.cursor.style.left = `${100 * x}%`;
    this.cursor.style.top = `${100 * y}%`;
    this.cursor.classList.toggle("down", down);
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ];
  }

  #begin(place) {
    this.#strokes.push([place]);
    this.#redraw();
  }

  #go(place) {
    this.#strokes.at(-1)?.push(place);
  }

  #redraw() {
    this.#paint();
    this.#changed();
  }

  #paint() {
    const {context, size} = this;
    this.host.classList.toggle("blank", !this.#strokes.length);
    context.fillStyle = "#000";
    context.fillRect(0, 0, size.width, size.height);
    context.fillStyle = context.strokeStyle = "#fff";
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = PEN * Math.min(size.width, size.height);
    for (const stroke of this.#strokes) {
      const places = stroke.map(([x, y]) => [x * size.width, y * size.height]);
      context.beginPath();
      // A stroke without length is a dot; a line of length 0 would not be drawn.
      context.arc(...places[0], context.lineWidth / 2, 0, 2 * Math.PI);
      context.fill();
      context.beginPath();
      for (const place of places) context.lineTo(...place);
      context.stroke();
    }
  }
}
