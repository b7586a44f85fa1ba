/**
 * Wraps a task so that it runs at most once per frame, and only for the latest request,
 * since a pointer can move faster than frames are drawn.
 * @param {(...given: any[]) => Promise<void>} task The task.
 * @return {(...given: any[]) => Promise<void>} Requests the task; settles when no request
 *     is left.
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

/** Settles when the browser has drawn a frame. @return {Promise<void>} */
export function nextFrame() {
  return new Promise((resolve) => {
    // A page in the background draws no frames, but must continue as well.
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => resolve());
  });
}
