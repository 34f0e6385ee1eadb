export { DurableError, type DurableErrorCode, isDurableError } from "./core/errors.ts";
