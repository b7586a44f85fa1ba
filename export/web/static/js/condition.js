/** The fields for the condition c of the model, which all sections use. */

/** A selection or a number for each part of c. */
export class Condition {
  #fields;
  #values;

  /**
   * @param {HTMLFormElement} form The element for the fields.
   * @param {object} about The entry `condition` of `model.json`.
   * @param {() => void} changed Called after a valid change.
   */
  constructor(form, about, changed) {
    Object.assign(this, {about, changed});
    this.#values = [...about.start];
    this.#fields = about.fields.map((field, i) => this.#field(field, i));
    this.message = document.createElement("p");
    this.message.className = "message";
    this.message.setAttribute("role", "status");
    this.message.hidden = true;
    form.append(...this.#fields.map(({element}) => element), this.message);
    form.classList.toggle("sticky", about.fields.length === 1);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  }

  /**
   * The input `condition` of the model, for one example.
   * @return {Int32Array|Float32Array}
   */
  values() {
    const kind = this.about.dtype === "int32" ? Int32Array : Float32Array;
    return kind.from(this.#values);
  }

  /**
   * The condition as an argument in Python.
   * @return {string}
   */
  inPython() {
    const written = this.#fields.map(({python}) => python());
    if (this.about.kind === "labels") return written[0];
    if (this.about.kind === "array") return `[${written.join(", ")}]`;
    const names = this.about.fields.map(({label}) => JSON.stringify(label));
    return `{${written.map((value, i) => `${names[i]}: ${value}`).join(", ")}}`;
  }

  #field(field, i) {
    const made = field.levels ? this.#selection(field, i) : this.#number(field, i);
    made.input.id = `condition-${i + 1}`;
    const label = document.createElement("label");
    label.htmlFor = made.input.id;
    label.textContent = field.label;
    const element = document.createElement("div");
    element.append(label, made.input);
    return {...made, element};
  }

  #selection({levels}, i) {
    const input = document.createElement("select");
    levels.forEach((level, k) => input.add(new Option(String(level), k)));
    input.value = this.#values[i];
    input.addEventListener("change", () => this.#set(i, Number(input.value)));
    return {input, python: () => literal(levels[Number(input.value)])};
  }

  #number(field, i) {
    const input = document.createElement("input");
    const units = UNITS[field.kind] ?? UNITS.real;
    input.type = units.type;
    input.size = 8;
    if (units.type === "text") input.inputMode = "decimal";
    input.spellcheck = false;
    let shown = this.#values[i] * field.scale + field.location;
    input.value = units.write(shown);
    input.addEventListener("change", () => {
      const number = units.read(input.value);
      const isValid = Number.isFinite(number) && units.allows(number);
      input.setAttribute("aria-invalid", String(!isValid));
      this.message.hidden = isValid;
      this.message.textContent = isValid ? "" : `${field.label} must be ${units.wanted}.`;
      if (!isValid) return;
      shown = number;
      this.#set(i, (number - field.location) / field.scale);
    });
    return {input, python: () => units.python(shown)};
  }

  #set(i, value) {
    this.#values[i] = value;
    this.changed();
  }
}

const DAY = 24 * 60 * 60 * 1000;
const plain = (value) => String(Number(value.toPrecision(6)));
const typed = (text) => (text.trim() ? Number(text.trim().replace("\u2212", "-")) : NaN);
const date = (days) => new Date(days * DAY).toISOString();

/** How numbers are written and read; dates and times are days since 1970-01-01. */
const UNITS = {
  real: {
    type: "text",
    write: plain,
    read: typed,
    allows: () => true,
    wanted: "a number, such as 0.5",
    python: plain,
  },
  positive: {
    type: "text",
    write: plain,
    read: typed,
    allows: (value) => value > 0,
    wanted: "a number above 0",
    python: plain,
  },
  count: {
    type: "text",
    write: plain,
    read: typed,
    allows: (value) => value >= 0 && Number.isInteger(value),
    wanted: "0, 1, 2, ...",
    python: plain,
  },
  date: {
    type: "date",
    write: (days) => date(Math.round(days)).slice(0, 10),
    read: (text) => Date.parse(text) / DAY,
    allows: () => true,
    wanted: "a date",
    python: (days) => `np.datetime64("${date(Math.round(days)).slice(0, 10)}")`,
  },
  time: {
    type: "datetime-local",
    write: (days) => date(days).slice(0, 19),
    read: (text) => Date.parse(`${text}Z`) / DAY,
    allows: () => true,
    wanted: "a date and a time",
    python: (days) => `np.datetime64("${date(days).slice(0, 19)}")`,
  },
};

/** A level as Python writes it. */
function literal(level) {
  if (typeof level === "boolean") return level ? "True" : "False";
  return JSON.stringify(level);
}
