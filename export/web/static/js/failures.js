/** Shows errors on the page, not only in the console. */

/** An error whose message is meant for the reader of the page. */
export class PageError extends Error {}

/**
 * Shows an error.
 * @param {unknown} error What went wrong.
 */
export function tell(error) {
  const box = document.getElementById("failure");
  box.textContent =
    error instanceof PageError
      ? error.message
      : `Something went wrong: ${error?.message ?? error}`;
  box.hidden = false;
  document.getElementById("loading").hidden = true;
}

/** Shows errors that nothing else has caught. */
export function tellAll() {
  addEventListener("error", (event) => tell(event.error ?? event.message));
  addEventListener("unhandledrejection", (event) => tell(event.reason));
}
