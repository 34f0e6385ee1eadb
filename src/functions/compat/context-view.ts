type Call = (...args: unknown[]) => unknown;

/**
 * A context with what differs for code that was written for another SDK. Members that the code adds stay with it.
 *
 * @param own members that stand before those of the context
 * @param options.wrap makes what the code calls of a method
 * @param options.set takes an assignment, and says so
 */
export function createContextView<T extends object>(
  context: T,
  own: Map<PropertyKey, unknown>,
  options: {
    readonly wrap?: (name: PropertyKey, call: Call) => Call;
    readonly set?: (name: PropertyKey, value: unknown) => boolean;
  } = {},
): T {
  const { wrap = (_name: PropertyKey, call: Call) => call, set = () => false } = options;
  return new Proxy(context, {
    get(_target, name) {
      if (own.has(name)) return own.get(name);
      const value: unknown = Reflect.get(context, name, context);
      // Values change from one episode to the next; methods are of the object behind.
      if (typeof value !== "function") return value;
      const call = wrap(name, (...args) => value.apply(context, args) as unknown);
      own.set(name, call);
      return call;
    },
    set(_target, name, value: unknown) {
      if (!set(name, value)) own.set(name, value);
      return true;
    },
    has: (_target, name) => own.has(name) || Reflect.has(context, name),
  });
}
