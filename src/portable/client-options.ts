import type { OptionKinds } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";

/**
 * What clients of every place take.
 *
 * @typeParam Converter the type of {@link ClientOptions.dataConverter}: what is read is typed as it brings it back
 */
export interface ClientOptions<Converter extends DataConverter | undefined = DataConverter | undefined> {
  /** Turns values into the JSON text that is stored, and back. @defaultValue plain JSON */
  readonly dataConverter?: Converter | undefined;
  /** Of instances that are started without one. @defaultValue none */
  readonly defaultVersion?: string | undefined;
}

export const clientOptionKinds: OptionKinds<ClientOptions> = { dataConverter: "converter", defaultVersion: "text" };

/** Names of the options of every place. */
export const clientOptionNames: readonly (keyof ClientOptions)[] = ["dataConverter", "defaultVersion"];
