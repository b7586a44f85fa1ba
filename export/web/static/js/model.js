/** The model in LiteRT.js: signatures by name, typed arrays in and out. */

import {loadAndCompile, loadLiteRt, Tensor} from "@litertjs/core";

import {PageError} from "./failures.js";
import {fetchBytes} from "./fetching.js";

/**
 * Loads the runtime and the model.
 * @param {object} about The content of `model.json`.
 * @param {(share: number) => void} progress Called with the loaded share, 0 to 1.
 * @return {Promise<Model>} The model.
 */
export async function openModel(about, progress) {
  if (typeof WebAssembly !== "object") {
    throw new PageError("This browser has no WebAssembly, which the model needs.");
  }
  const total = about.runtime.bytes + about.model.bytes;
  let there = 0;
  const arrived = (bytes) => progress((there += bytes) / total);
  const [wasmBinary, content] = await Promise.all([
    fetchBytes(about.runtime, arrived),
    fetchBytes(about.model, arrived),
  ]);
  try {
    // Otherwise LiteRT's own loader would fetch the binary.
    self.Module = {wasmBinary, printErr: log};
    await withoutGpu(() => loadLiteRt(about.runtime.script));
    return new Model(await loadAndCompile(content, {accelerator: "wasm"}));
  } catch (error) {
    throw new PageError(`LiteRT.js cannot run the model here: ${error.message ?? error}`);
  }
}

/** LiteRT writes its log messages as errors. */
function log(text) {
  if (/^(INFO|WARNING|VERBOSE):/.test(text)) console.debug(text);
  else console.error(text);
}

/**
 * Runs a function without the GPU, which is not used here, since its results differ
 * between machines.
 */
async function withoutGpu(load) {
  const adapter = {limits: {}, features: new Set(), requestDevice: async () => null};
  const gpu = {requestAdapter: async () => adapter};
  Object.defineProperty(navigator, "gpu", {value: gpu, configurable: true});
  try {
    return await load();
  } finally {
    delete navigator.gpu; // what the browser has is on the prototype
  }
}

/** The model, which is called with one example at a time. */
export class Model {
  #compiled;

  /** The condition of all examples: null, or an object with `values()`. */
  condition = null;

  /** @param {import("@litertjs/core").CompiledModel} compiled The compiled file. */
  constructor(compiled) {
    this.#compiled = compiled;
  }

  /**
   * Whether the file has a signature.
   * @param {string} signature Its name.
   * @return {boolean}
   */
  has(signature) {
    return signature in this.#compiled.signatures;
  }

  /**
   * Calls the model.
   * @param {string} signature The name of a signature of the file.
   * @param {Object<string, Float32Array|Int32Array>} inputs All of its inputs, flat; a
   *     condition may be left out.
   * @return {Promise<Object<string, Float32Array>>} Its outputs, flat.
   */
  async run(signature, inputs) {
    const runner = this.#compiled.signatures[signature];
    const tensors = {};
    let outputs = {};
    try {
      for (const {name, shape} of runner.getInputDetails()) {
        const values = inputs[name] ?? (name === "condition" && this.condition?.values());
        tensors[name] = new Tensor(values, [...shape]);
      }
      outputs = await runner.run(tensors);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [name, tensor.toTypedArray()]),
      );
    } finally {
      // The caller must free the memory of LiteRT.js.
      for (const tensor of [...Object.values(tensors), ...Object.values(outputs)]) {
        tensor.delete();
      }
    }
  }
}
