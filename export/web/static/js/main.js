/** Starts the page: loads the model, then starts each section. */

import {Condition} from "./condition.js";
import {Draw} from "./draw.js";
import {Explore} from "./explore.js";
import {PageError, tell, tellAll} from "./failures.js";
import {fetchJson} from "./fetching.js";
import {openModel} from "./model.js";
import {Painter} from "./pictures.js";
import {Samples} from "./samples.js";

/** The version of `model.json` that this page reads. */
const FORMAT_VERSION = 1;
/** The signatures that each section needs. */
const NEEDS = {explore: ["decode"], draw: ["encode", "reconstruct"], samples: ["sample"]};

/** Settles when the model and all sections, by name, are ready. */
export const ready = start();
ready.catch(tell);

async function start() {
  tellAll();
  const about = await fetchJson("model.json");
  if (about.format_version !== FORMAT_VERSION) {
    throw new PageError("model.json has another version than this page reads.");
  }
  describe(about);
  const progress = document.getElementById("progress");
  const model = await openModel(about, (share) => (progress.value = share));
  document.getElementById("loading").hidden = true;
  document.getElementById("page").hidden = false;
  const painter = new Painter(about);
  const sections = {};
  if (about.condition) {
    const update = () => Object.values(sections).forEach((section) => section.update());
    const form = document.getElementById("condition");
    document.querySelector(".given").hidden = false;
    model.condition = new Condition(form, about.condition, update);
  }
  const open = (name, make) => {
    const missing = NEEDS[name].filter((signature) => !model.has(signature));
    if (missing.length) excuse(name, missing, about.left_out);
    else sections[name] = make();
  };
  open("explore", () => new Explore(model, about, painter));
  open("samples", () => {
    return new Samples(model, painter, (z) => void sections.explore?.visit(z));
  });
  open("draw", () => {
    const show = (q) => sections.explore?.showDrawn(q);
    return new Draw(model, about, painter, show);
  });
  await sections.samples?.start();
  await sections.explore?.start();
  return {model, about, ...sections};
}

function describe(about) {
  // "StandardNormal" becomes "Standard Normal".
  const words = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, " ");
  document.title = about.name;
  document.getElementById("name").textContent = about.name;
  const [height, width, channels] = about.image_shape;
  const kind = {1: "grey", 3: "colour"}[channels] ?? `${channels}-channel`;
  document.getElementById("about").replaceChildren(
    ...[
      `A VAE of ${kind} images, ${height} \u00d7 ${width}`,
      about.latent_dim === 1 ? "1 latent" : `${about.latent_dim} latents`,
      `posterior: ${words(about.posterior)}`,
      `prior: ${words(about.prior)}`,
      `likelihood: ${words(about.likelihood)}`,
    ].map(fact),
  );
  document.getElementById("versions").textContent =
    `LiteRT.js ${about.runtime.version}, Apache License 2.0.`;
}

/** Words that are not separated by a line break. */
function fact(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

/** Shows why a section is not available. */
function excuse(section, missing, reasons) {
  const why = missing.map((name) => `${name}: ${reasons[name]}`);
  const message = document.createElement("p");
  message.className = "excuse";
  message.textContent = `This file cannot do that. It does not contain ${why.join("; ")}.`;
  const host = document.getElementById(section);
  host.replaceChildren(host.querySelector("h2"), message);
}
