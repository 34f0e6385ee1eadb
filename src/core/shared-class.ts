/**
 * Lets `instanceof` answer for instances that another copy of this package has made: a bundle, a workspace of a monorepo
 * and the host beside its app may each have loaded one. Classes that users derive from such a class are told apart as
 * usual.
 *
 * @param name the name under which all copies, of whatever version, know the class
 * @example
 * class EntityId {
 *   static {
 *     shareAcrossCopies(EntityId, "EntityId");
 *   }
 * }
 */
export function shareAcrossCopies(type: abstract new (...args: never[]) => object, name: string): void {
  const mark = Symbol.for(`durable-functions-ts:${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      const isInstance = Function.prototype[Symbol.hasInstance].call(this, value);
      if (isInstance || this !== type) return isInstance;
      return typeof value === "object" && value !== null && mark in value;
    },
  });
}
