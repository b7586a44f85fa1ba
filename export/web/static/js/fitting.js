/**
 * Resamples a drawing to the size of the model's images, like the digits of MNIST: scaled
 * to fit 20 of 28 pixels, with the centre of mass in the middle, and with soft edges.
 */

/** The part of an image that a digit fills. */
const BOX = 20 / 28;
/** The largest scale, so that a dot is not enlarged to a digit. */
const LARGEST = 2;

/**
 * Resamples a drawing to the size of an image.
 * @param {Uint8ClampedArray} ink `[size.height, size.width]`, 0 to 255.
 * @param {{width: number, height: number}} size The size of the drawing.
 * @param {{width: number, height: number}} shape The size of the image.
 * @param {boolean} fit Whether to centre and scale the drawing.
 * @return {Uint8ClampedArray} `[shape.height, shape.width]`, 0 to 255.
 */
export function fitted(ink, size, shape, fit) {
  const plain = size.width / shape.width; // pixels of the drawing for one of the image
  let step = plain;
  let centre = {x: size.width / 2, y: size.height / 2};
  const extent = fit && measure(ink, size);
  if (extent) {
    const fits = Math.max(
      extent.width / (BOX * shape.width),
      extent.height / (BOX * shape.height),
    );
    step = Math.max(fits, plain / LARGEST);
    centre = extent.centre;
  }
  const left = centre.x - (step * shape.width) / 2;
  const top = centre.y - (step * shape.height) / 2;
  const across = shrink(ink, size.width, size.height, left, step, shape.width);
  const turned = transpose(across, shape.width, size.height);
  const down = shrink(turned, size.height, shape.width, top, step, shape.height);
  return Uint8ClampedArray.from(transpose(down, shape.height, shape.width));
}

/** Bounding box and centre of mass of the ink; null if there is none. */
function measure(ink, {width, height}) {
  let [sum, x, y] = [0, 0, 0];
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let i = 0; i < ink.length; i++) {
    if (!ink[i]) continue;
    const [column, row] = [i % width, Math.floor(i / width)];
    sum += ink[i];
    x += ink[i] * (column + 0.5);
    y += ink[i] * (row + 0.5);
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
  }
  if (!sum) return null;
  return {
    width: right + 1 - left,
    height: bottom + 1 - top,
    centre: {x: x / sum, y: y / sum},
  };
}

/** Resamples every row of `[rows, width]` to `count` pixels, with a tent filter. */
function shrink(values, width, rows, begin, step, count) {
  const shrunk = new Float64Array(rows * count);
  const reach = Math.max(step, 1);
  for (let i = 0; i < count; i++) {
    const centre = begin + (i + 0.5) * step;
    const weights = [];
    let total = 0;
    for (let j = Math.ceil(centre - reach - 0.5); j + 0.5 < centre + reach; j++) {
      const weight = 1 - Math.abs(j + 0.5 - centre) / reach;
      total += weight;
      if (j >= 0 && j < width) weights.push([j, weight]);
    }
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (const [j, weight] of weights) sum += weight * values[row * width + j];
      shrunk[row * count + i] = sum / total;
    }
  }
  return shrunk;
}

/** Transposes `[rows, width]` to `[width, rows]`. */
function transpose(values, width, rows) {
  const turned = new Float64Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) turned[j * rows + row] = values[row * width + j];
  }
  return turned;
}
