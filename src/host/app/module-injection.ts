import Module from "node:module";

type Require = (this: unknown, specifier: string) => unknown;

/**
 * Answers `require(specifier)` with `value` for all code of this process. It has to be in place before anything loads
 * `@azure/functions`, which asks for its core module once and remembers a failure for good; `Module.prototype.require`
 * is where the genuine worker answers, for CommonJS and ES module apps alike.
 *
 * Returns a function that takes the answer away again; it keeps what others have patched since.
 */
export function injectModule(specifier: string, value: object): () => void {
  const prototype = Module.prototype as unknown as { require: Require };
  const original = prototype.require;
  let active = true;
  const patched: Require = function (requested) {
    if (active && requested === specifier) return value;
    return original.call(this, requested);
  };
  prototype.require = patched;
  return () => {
    active = false;
    if (prototype.require === patched) prototype.require = original;
  };
}
