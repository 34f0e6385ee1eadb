/**
 * Keeps texts that are too large for a message; the message carries a token in their place. All who read the messages of
 * a task hub need the same store.
 */
export interface PayloadStore {
  /** Texts from so many bytes of UTF-8 on are kept here. @defaultValue 262 144 */
  readonly thresholdBytes?: number | undefined;
  /** The largest text that can be kept, in bytes of UTF-8. @defaultValue 10 MiB */
  readonly maxBytes?: number | undefined;

  /** Resolves to the token, once the text is durable. @param instanceId whose text it is, where that is known */
  upload(text: string, instanceId?: string): Promise<string>;
  /** @throws DurableError `CorruptData` for a token that leads nowhere, or elsewhere than into this store */
  download(token: string): Promise<string>;
  /** `true` for a text that has the form of a token, also of one of another store. */
  isToken(text: string): boolean;
}
