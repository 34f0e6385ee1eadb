import type { Quarantine, QuarantinedContent, QuarantinePage, QuarantineQuery } from "../core/quarantine.ts";

/** The quarantine of a hub that is opened when it is asked for the first time. */
export class ConnectedQuarantine implements Quarantine {
  readonly #connect: () => Promise<Quarantine>;

  constructor(connect: () => Promise<Quarantine>) {
    this.#connect = connect;
  }

  async list(query?: QuarantineQuery): Promise<QuarantinePage> {
    return (await this.#connect()).list(query);
  }

  async get(id: string): Promise<QuarantinedContent | undefined> {
    return (await this.#connect()).get(id);
  }

  async requeue(id: string): Promise<boolean> {
    return (await this.#connect()).requeue(id);
  }

  async drop(id: string): Promise<boolean> {
    return (await this.#connect()).drop(id);
  }
}
