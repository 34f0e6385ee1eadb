import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AccessCredential, AccessToken } from "../../src/core/access-credential.ts";
import type { Azurite } from "./azurite.ts";

/** A certificate of this machine that nobody has signed. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  remove(): Promise<void>;
}

/** Needs the program `openssl`. */
export async function createCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "certificate-"));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  await promisify(execFile)("openssl", ["req", "-x509", ...key, "-out", certFile, "-days", "2", ...subject]);
  return { certFile, keyFile, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * A token as the emulator takes it: it looks at issuer, audience and times, and at no signature.
 *
 * @param livesMs from now; what is over has ended
 */
export function createToken(livesMs: number): AccessToken {
  const now = Math.floor(Date.now() / 1000);
  const expiresOnTimestamp = Date.now() + livesMs;
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = {
    aud: "https://storage.azure.com",
    iss: "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
    iat: now - 600,
    nbf: now - 600,
    exp: Math.ceil(expiresOnTimestamp / 1000),
  };
  const token = [encode({ alg: "RS256", typ: "JWT" }), encode(claims), "c2lnbmF0dXJl"].join(".");
  return { token, expiresOnTimestamp };
}

/** A credential whose tokens live for an hour, unless it is told otherwise. */
export class TestCredential implements AccessCredential {
  /** How often a token was asked for. */
  askedCount = 0;
  /** Makes the next tokens; what it throws, they fail with. */
  create: () => AccessToken | null = () => createToken(3_600_000);

  async getToken(): Promise<AccessToken | null> {
    this.askedCount++;
    return this.create();
  }
}

/** Where the services of an emulator are, for those who open it by an identity. */
export function servicesOf({ ports }: Azurite): {
  readonly blobServiceUri: string;
  readonly queueServiceUri: string;
  readonly tableServiceUri: string;
} {
  const at = (port: number) => `https://127.0.0.1:${port}/devstoreaccount1`;
  return { blobServiceUri: at(ports.blob), queueServiceUri: at(ports.queue), tableServiceUri: at(ports.table) };
}

/** The place where a Function App in Azure asks for tokens of its managed identity. */
export interface IdentityEndpoint {
  /** The variables by which an app finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** The queries of all calls that had the right header. */
  readonly queries: readonly string[];
  stop(): Promise<void>;
}

export async function startIdentityEndpoint(): Promise<IdentityEndpoint> {
  const header = "header-of-the-identity-endpoint";
  const queries: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers["x-identity-header"] !== header) return response.writeHead(401).end();
    const url = new URL(request.url ?? "", "http://localhost");
    queries.push(url.searchParams.toString());
    const { token, expiresOnTimestamp } = createToken(3_600_000);
    const body = {
      access_token: token,
      expires_on: String(Math.floor(expiresOnTimestamp / 1000)),
      resource: url.searchParams.get("resource"),
      token_type: "Bearer",
      client_id: url.searchParams.get("client_id"),
    };
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: header },
    queries,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
