/** Fetches files from the folder of the page, and checks them. */

import {PageError} from "./failures.js";

/**
 * Fetches a file of known size.
 * @param {{file: string, bytes: number}} wanted Its path and its size.
 * @param {(bytes: number) => void} arrived Called with the number of new bytes.
 * @return {Promise<Uint8Array>} Its content.
 */
export async function fetchBytes({file, bytes}, arrived) {
  const response = await get(file);
  const content = new Uint8Array(bytes);
  const reader = response.body.getReader();
  let offset = 0;
  for (;;) {
    const {done, value} = await reader.read();
    if (done) break;
    if (offset + value.length > bytes) throw damaged(file);
    content.set(value, offset);
    offset += value.length;
    arrived(value.length);
  }
  if (offset < bytes) throw damaged(file);
  return content;
}

/**
 * Fetches JSON.
 * @param {string} file Its path.
 * @return {Promise<any>} Its content.
 */
export async function fetchJson(file) {
  const response = await get(file);
  try {
    return await response.json();
  } catch {
    throw damaged(file);
  }
}

async function get(file) {
  let response;
  try {
    // Revalidated, since the folder may hold another export by now.
    response = await fetch(file, {cache: "no-cache"});
  } catch {
    throw new PageError(`${file} cannot be loaded: the server does not answer.`);
  }
  if (!response.ok) {
    throw new PageError(`${file} cannot be loaded: the server says ${response.status}.`);
  }
  return response;
}

function damaged(file) {
  return new PageError(`${file} is damaged or cut off; export the page again.`);
}
