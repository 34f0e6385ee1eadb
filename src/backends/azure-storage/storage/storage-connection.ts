import type { AccessCredential } from "../../../core/access-credential.ts";

export type StorageService = "blob" | "queue" | "table";

/** Where the three services of a storage account are, and what opens them. */
export interface StorageConnection {
  /** Without a trailing slash. */
  readonly queueEndpoint: string;
  readonly tableEndpoint: string;
  readonly blobEndpoint: string;
  readonly credential: StorageCredential;
}

export type StorageCredential =
  | { readonly kind: "accountKey"; readonly accountName: string; readonly accountKey: string }
  /** Texts without a leading question mark: one signature for all services, or one for each. */
  | { readonly kind: "sharedAccessSignature"; readonly queries: Readonly<Record<StorageService, string>> }
  /** Of an identity that Microsoft Entra knows. */
  | { readonly kind: "token"; readonly tokens: AccessCredential };

/** The classes for keys and signatures that the SDK for queues and the one for blobs have, each its own. */
export interface CredentialClasses<Key, Signature> {
  readonly StorageSharedKeyCredential: new (accountName: string, accountKey: string) => Key;
  readonly AnonymousCredential: new () => Signature;
}

/** What a pipeline of an SDK is given. A signature is a part of the address, not of the pipeline. */
export function pipelineCredential<Key, Signature>(
  credential: StorageCredential,
  { StorageSharedKeyCredential, AnonymousCredential }: CredentialClasses<Key, Signature>,
): Key | Signature | AccessCredential {
  switch (credential.kind) {
    case "accountKey":
      return new StorageSharedKeyCredential(credential.accountName, credential.accountKey);
    case "sharedAccessSignature":
      return new AnonymousCredential();
    case "token":
      return credential.tokens;
  }
}

/** The emulator's account, which is public knowledge and the same everywhere. */
export const emulator: {
  readonly accountName: string;
  readonly accountKey: string;
  readonly ports: Readonly<Record<StorageService, number>>;
} = {
  accountName: "devstoreaccount1",
  accountKey: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  ports: { blob: 10000, queue: 10001, table: 10002 },
};

/** The account as people may see it: no keys, no signatures. */
export function describeConnection(connection: StorageConnection): string {
  const { host, pathname } = new URL(connection.queueEndpoint);
  if (host === `127.0.0.1:${emulator.ports.queue}`) return "Azurite on its default ports";
  return `${host}${pathname === "/" ? "" : pathname}`;
}
