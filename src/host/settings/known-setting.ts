/** What a value of host.json must be. Lengths of time are in milliseconds. */
export type SettingRule =
  | { readonly type: "integer"; readonly least: number; readonly most?: number; readonly fallback: number | string }
  | { readonly type: "boolean"; readonly fallback: boolean }
  | {
      readonly type: "timeSpan";
      readonly leastMs: number;
      readonly mostMs: number;
      readonly fallback: number | string;
    }
  | { readonly type: "choice"; readonly choices: readonly string[]; readonly fallback: string }
  | { readonly type: "text"; readonly fallback: string }
  /** A list of texts, or one text with commas between them. */
  | { readonly type: "list"; readonly fallback: string }
  /** An object, whose members are checked where their defaults are known. */
  | { readonly type: "object"; readonly fallback: string }
  /** An object or a list of anything: nothing here looks into it. */
  | { readonly type: "any"; readonly fallback: string };

/** A setting below `extensions.durableTask` of host.json that the official extension knows, or this package. */
export interface KnownSetting {
  /** With dots: `storageProvider.partitionCount`. Names ignore case. */
  readonly name: string;
  /** A text as `fallback` says of what the default is made. */
  readonly rule: SettingRule;
  /** One sentence, for the page on host.json. */
  readonly meaning: string;
  /** Nothing here goes by it, and why. Absent for settings that are honoured. */
  readonly ignored?: string;
  /** Of an ignored setting: values that ask for nothing that is not so anyway. @defaultValue all */
  readonly harmless?: readonly unknown[];
}
