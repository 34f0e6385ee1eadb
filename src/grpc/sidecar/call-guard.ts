import { status } from "@grpc/grpc-js";
import { isSameSecret } from "../../core/same-secret.ts";
import type { CallStatus } from "./call-status.ts";
import { isSameHub } from "./instance-calls.ts";

export interface CallGuardOptions {
  readonly taskHub: string;
  /** What callers must show as `authorization: Bearer <token>`. @defaultValue nothing */
  readonly token?: string | undefined;
}

/** Lets calls in that may be: with the right token, and for this task hub. */
export class CallGuard {
  readonly #taskHub: string;
  readonly #token: string | undefined;

  constructor({ taskHub, token }: CallGuardOptions) {
    this.#taskHub = taskHub;
    this.#token = token;
  }

  /**
   * Why a call is refused; `undefined` for one that may go on.
   *
   * @param header the text of a header by its name in lower case
   */
  refuse(header: (name: string) => string | undefined): CallStatus | undefined {
    if (this.#token !== undefined) {
      const shown = /^Bearer (.+)$/i.exec(header("authorization") ?? "")?.[1] ?? "";
      if (!isSameSecret(shown, this.#token)) {
        return { code: status.UNAUTHENTICATED, details: "the call has no valid bearer token" };
      }
    }
    const hub = header("taskhub");
    if (hub === undefined || hub === "" || isSameHub(hub, this.#taskHub)) return undefined;
    const details = `this server has the task hub '${this.#taskHub}' only`;
    return { code: status.NOT_FOUND, details };
  }
}
