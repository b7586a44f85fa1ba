/** Lines and lists of what the model answers for a drawing. */

/**
 * Creates a paragraph.
 * @param {string} name Its class.
 * @param {...string} texts A text, and units after it.
 * @return {HTMLElement}
 */
export function line(name, ...texts) {
  const paragraph = element("p", name);
  texts.forEach((text, i) => paragraph.append(i ? small(text) : text));
  return paragraph;
}

/**
 * Creates a list of names and values.
 * @param {string[][]} parts Pairs of a name and a formatted value.
 * @return {HTMLElement}
 */
export function list(parts) {
  const terms = element("dl", "terms");
  for (const [name, value] of parts) {
    const term = document.createElement("dt");
    const number = document.createElement("dd");
    term.textContent = name;
    number.textContent = value;
    terms.append(term, number);
  }
  return terms;
}

/**
 * Creates an element.
 * @param {string} tag Its tag.
 * @param {string} name Its class.
 * @return {HTMLElement}
 */
export function element(tag, name) {
  const created = document.createElement(tag);
  created.className = name;
  return created;
}

function small(text) {
  const unit = element("span", "unit");
  unit.textContent = text;
  return unit;
}
