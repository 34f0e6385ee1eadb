/** How the workers and clients of this package begin their `x-user-agent`; the version follows. */
export const productPrefix = "durable-functions-ts/";
