import { assertKind } from "../core/option-names.ts";

/** What comes page by page: iterated item by item, or by {@link byPage}. Each iteration asks anew. */
export class Paged<T> implements AsyncIterable<T> {
  readonly #read: (continuationToken: string | undefined) => Promise<Page<T>>;

  constructor(read: (continuationToken: string | undefined) => Promise<Page<T>>) {
    this.#read = read;
  }

  /** Item by item; the next page is read when it is needed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { items } of this.byPage()) yield* items;
  }

  /**
   * Page by page.
   *
   * @param continuationToken of an earlier page: goes on behind it
   */
  async *byPage(continuationToken?: string): AsyncGenerator<Page<T>, void, undefined> {
    assertKind(continuationToken, "text", "the continuation token of byPage", true);
    let token = continuationToken;
    do {
      const page = await this.#read(token);
      yield page;
      token = page.continuationToken;
    } while (token !== undefined);
  }

  /** Another name of {@link byPage}. */
  asPages(continuationToken?: string): AsyncGenerator<Page<T>, void, undefined> {
    return this.byPage(continuationToken);
  }

  /** All items of all pages. */
  async toArray(): Promise<T[]> {
    const items: T[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}

/** One page of a list. */
export interface Page<T> {
  /** The items of the page. */
  readonly items: readonly T[];
  /** Absent on the last page. A page may be short or empty and still have one. */
  readonly continuationToken: string | undefined;
}
