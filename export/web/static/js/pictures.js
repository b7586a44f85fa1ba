/** Images of the model on canvases: 0 is black and 1 is white, without rescaling. */

/** Paints images with the model's shape and range of values. */
export class Painter {
  /** @param {object} about The content of `model.json`. */
  constructor({image_shape: [height, width, channels], value_range: [low, high]}) {
    Object.assign(this, {height, width, channels, low, high});
  }

  /**
   * Returns a black canvas with the size of one image.
   * @param {HTMLCanvasElement=} canvas The canvas to resize; by default a new one.
   * @return {HTMLCanvasElement} The canvas.
   */
  canvas(canvas = document.createElement("canvas")) {
    canvas.width = this.width;
    canvas.height = this.height;
    canvas.style.aspectRatio = `${this.width} / ${this.height}`;
    const context = canvas.getContext("2d");
    context.fillRect(0, 0, this.width, this.height);
    return canvas;
  }

  /**
   * Paints one image.
   * @param {HTMLCanvasElement} canvas The canvas.
   * @param {Float32Array} values `[height, width, channels]`, flat.
   * @param {number=} column The column in a sheet of images.
   * @param {number=} row The row in a sheet of images.
   */
  paint(canvas, values, column = 0, row = 0) {
    const picture = new ImageData(this.width, this.height);
    for (let i = 0; i < this.width * this.height; i++) {
      for (let c = 0; c < 3; c++) {
        // One channel is grey, three are RGB; for other numbers the first is shown.
        const from = i * this.channels + (this.channels === 3 ? c : 0);
        picture.data[4 * i + c] = Math.round(255 * this.#share(values[from]));
      }
      picture.data[4 * i + 3] = 255;
    }
    const context = canvas.getContext("2d");
    context.putImageData(picture, column * this.width, row * this.height);
  }

  /**
   * Converts ink to an input of the model.
   * @param {Uint8ClampedArray} ink `[height, width]`, 0 to 255.
   * @return {Float32Array} `[height, width, channels]`, flat.
   */
  values(ink) {
    const values = new Float32Array(ink.length * this.channels);
    for (let i = 0; i < values.length; i++) {
      const share = ink[Math.floor(i / this.channels)] / 255;
      values[i] = this.low + (this.high - this.low) * share;
    }
    return values;
  }

  #share(value) {
    return Math.min(Math.max((value - this.low) / (this.high - this.low || 1), 0), 1);
  }
}
