/**
 * Wraps a task so that it runs for the newest request alone, once in a frame: a pointer
 * moves faster than anybody can look.
 * @param {(...given: any[]) => Promise<void>} task What to run.
 * @return {(...given: any[]) => Promise<void>} Asks for it; settles when all is done.
 */
export function latest(task) {
  let waiting = null;
  let running = null;

  async function work() {
    while (waiting) {
      const given = waiting;
      waiting = null;
      await task(...given);
      await nextFrame();
    }
  }

  return (...given) => {
    waiting = given;
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}

/** Settles when the browser has drawn. @return {Promise<void>} */
export function nextFrame() {
  return new Promise((resolve) => {
    // A page in the background draws nothing, and must go on all the same.
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => resolve());
  });
}
