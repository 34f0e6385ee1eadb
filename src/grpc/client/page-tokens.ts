import { DurableError } from "../../core/errors.ts";

const defaultPageSize = 100;
const maxPageSize = 2_147_483_647;

/** @throws DurableError `InvalidOption` */
export function pageSizeOf({ pageSize = defaultPageSize }: { readonly pageSize?: number | undefined }): number {
  if (Number.isInteger(pageSize) && pageSize > 0) return Math.min(pageSize, maxPageSize);
  throw new DurableError("InvalidOption", `'pageSize' must be a whole number above 0, but got ${pageSize}`);
}

/** Absent on the last page: some servers end with an empty token, with "0", or with the one they were given. */
export function nextTokenOf(answered: string | undefined, sent: string | undefined): string | undefined {
  return answered === "" || answered === "0" || answered === sent ? undefined : answered;
}
