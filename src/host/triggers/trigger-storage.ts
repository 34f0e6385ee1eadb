/** A message that this host has received, and nobody else sees for a while. */
export interface TriggerMessage {
  readonly messageId: string;
  /** Of the last receipt or renewal. */
  readonly popReceipt: string;
  /** As it is in the queue. */
  readonly text: string;
  /** How often it was received, this time included. */
  readonly dequeueCount: number;
  readonly insertedOn: Date;
  readonly nextVisibleOn: Date;
  readonly expiresOn: Date | undefined;
}

/** A queue of a storage account. What it cannot do for want of storage it throws, as DurableErrors. */
export interface TriggerQueue {
  readonly name: string;
  create(): Promise<void>;
  /** Resolves to `undefined` when there is no such queue. */
  receive(maxMessages: number, visibilityTimeoutMs: number): Promise<readonly TriggerMessage[] | undefined>;
  /** Makes the queue where there is none. */
  send(text: string): Promise<void>;
  /** Hides a message for so long from now. Resolves to its new receipt, or `undefined` when somebody else has it or it is gone. */
  hide(message: TriggerMessage, visibilityTimeoutMs: number): Promise<string | undefined>;
  /** Resolves to `false` when somebody else has it or it is gone. */
  delete(message: TriggerMessage): Promise<boolean>;
}

/** A small blob with a lease. */
export interface TriggerBlob {
  /** Resolves to `undefined` when there is none. */
  read(): Promise<string | undefined>;
  /** Makes the container where there is none. */
  write(text: string): Promise<void>;
  /** Makes the blob where there is none. Resolves to `false` when somebody else holds the lease. */
  acquireLease(leaseId: string, seconds: number): Promise<boolean>;
  /** Resolves to `false` when it is lost. */
  renewLease(leaseId: string): Promise<boolean>;
  releaseLease(leaseId: string): Promise<void>;
}

export interface TriggerStorage {
  /** This process has started it, and nobody else uses it. */
  readonly isOwn: boolean;
  queue(name: string): TriggerQueue;
  blob(container: string, name: string): TriggerBlob;
}

/** The storage accounts of an app's triggers. */
export interface TriggerStorages {
  /** Resolves, with what to say to the user, when the local store is gone for good. */
  readonly failed: Promise<string>;
  /**
   * @param connectionName of the setting that names the account, or below which its identity stands
   * @throws DurableError when no setting names an account, or the local store cannot start
   */
  open(connectionName: string): Promise<TriggerStorage>;
  /** Never rejects. */
  close(): Promise<void>;
}
