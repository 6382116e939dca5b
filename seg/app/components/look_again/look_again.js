// The component: nothing to see. After a while it has the part of the page that it stands in drawn anew.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */

/** @type {WeakMap<Element | ShadowRoot, number>} */
const timers = new WeakMap();

/** @param {FrontendRendererArgs<{ due: number }, { seconds: number, number: number }>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const stop = () => window.clearTimeout(timers.get(parentElement));
  stop();
  timers.set(
    parentElement,
    window.setTimeout(() => setTriggerValue("due", data.number), 1000 * data.seconds),
  );
  return stop;
}
