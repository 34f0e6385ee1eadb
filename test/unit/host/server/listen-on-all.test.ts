import { EventEmitter } from "node:events";
import type { Server } from "node:net";
import { expect, it } from "vitest";
import { listenAddresses, listenOnAll } from "../../../../src/host/server/listen-address.ts";

/** A machine on which listening fails as told; free ports are counted up. */
class Machine {
  readonly listening = new Set<string>();
  #nextPort = 5000;
  readonly #fails: (address: string, port: number) => string | undefined;

  constructor(fails: (address: string, port: number) => string | undefined) {
    this.#fails = fails;
  }

  readonly createServer = (): Server => {
    const machine = this;
    let at: { address: string; port: number } | undefined;
    const server = Object.assign(new EventEmitter(), {
      listen(port: number, address: string, done: () => void) {
        const number = port === 0 ? machine.#nextPort++ : port;
        const code = machine.#fails(address, number);
        if (code !== undefined) return server.emit("error", Object.assign(new Error(`listen ${code}`), { code }));
        at = { address, port: number };
        machine.listening.add(`${address} ${number}`);
        return done();
      },
      close: () => machine.listening.delete(`${at?.address} ${at?.port}`),
      address: () => at,
    });
    return server as unknown as Server;
  };

  listen(port: number, address = "localhost"): Promise<readonly Server[]> {
    return listenOnAll(listenAddresses(address), port, this.createServer);
  }
}

it("is on both addresses of localhost, and on no other than the one that was asked for", async () => {
  const machine = new Machine(() => undefined);
  await machine.listen(7071, "LocalHost");
  await machine.listen(80, "10.0.0.4");
  expect([...machine.listening]).toEqual(["127.0.0.1 7071", "::1 7071", "10.0.0.4 80"]);
});

it.each(["EADDRNOTAVAIL", "EAFNOSUPPORT"])("does without an address that the machine lacks (%s)", async (code) => {
  const old = new Machine((address) => (address === "::1" ? code : undefined));
  await old.listen(0);
  expect([...old.listening]).toEqual(["127.0.0.1 5000"]);

  const modern = new Machine((address) => (address === "::1" ? undefined : code));
  await modern.listen(7071);
  expect([...modern.listening]).toEqual(["::1 7071"]);

  const neither = new Machine(() => code);
  await expect(neither.listen(7071)).rejects.toThrow(`Cannot listen on 127.0.0.1:7071: listen ${code}`);
});

it("takes a free port that is free on both, and gives up in the end", async () => {
  const machine = new Machine((address, port) => (address === "::1" && port < 5003 ? "EADDRINUSE" : undefined));
  await machine.listen(0);
  expect([...machine.listening]).toEqual(["127.0.0.1 5003", "::1 5003"]);

  const full = new Machine((address) => (address === "::1" ? "EADDRINUSE" : undefined));
  await expect(full.listen(0)).rejects.toThrow(/^Port \d+ is unavailable on \[::1\]\. Close the process/);
  expect(full.listening.size).toBe(0);
});

it("holds nothing when one of the addresses is taken", async () => {
  const machine = new Machine((address) => (address === "::1" ? "EADDRINUSE" : undefined));
  await expect(machine.listen(7071)).rejects.toThrow("Port 7071 is unavailable on [::1].");
  expect(machine.listening.size).toBe(0);
});

it("names what forbids a port that no process has", async () => {
  const machine = new Machine(() => "EACCES");
  await expect(machine.listen(80)).rejects.toThrow(
    /^Port 80 is unavailable: it may be reserved or privileged.*Specify another port using --port \[-p\]\.$/,
  );
});
