import { shareAcrossCopies } from "../../core/shared-class.ts";

/** The answer to a durable HTTP call. */
export class DurableHttpResponse {
  static {
    shareAcrossCopies(DurableHttpResponse, "DurableHttpResponse");
  }

  /** HTTP status. */
  readonly statusCode: number;
  /** Names in lower case; repeated headers are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; in Base64 where {@link contentEncoding} says so. */
  readonly content: string;
  /** `base64` for a body that is no text in the charset that it came with, such as an image. @defaultValue text */
  readonly contentEncoding?: "base64";

  constructor(
    statusCode: number,
    content = "",
    headers: Readonly<Record<string, string>> = {},
    contentEncoding?: "base64" | undefined,
  ) {
    this.statusCode = statusCode;
    this.content = content;
    this.headers = headers;
    if (contentEncoding !== undefined) this.contentEncoding = contentEncoding;
  }

  /** The bytes of the body; those of a text in UTF-8. */
  bytes(): Uint8Array {
    return Buffer.from(this.content, this.contentEncoding ?? "utf8");
  }

  /** The header of that name, whatever its case. */
  getHeader(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return Object.entries(this.headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
  }
}
