/** A module that the ts blocks of a page make. */
export interface PageModule {
  /** What the blocks call it by `title="..."`; `page.ts` for those that say nothing. */
  readonly name: string;
  /** Each line has the number that it has on the page. */
  readonly source: string;
  /** Why it is compiled only. */
  readonly noRun?: string;
  /** Where it is, once it has been written. */
  readonly path?: string;
}

/** README.md and the pages under docs/. */
export declare function listPages(): readonly string[];
/** The modules of a page, in its order. */
export declare function readModules(page: string): readonly PageModule[];
/** The same for a text. */
export declare function modulesOf(text: string): readonly PageModule[];
/** Writes the modules of a page into a folder of its own in `folder`. */
export declare function writeModules(page: string, folder: string): readonly (PageModule & { readonly path: string })[];
