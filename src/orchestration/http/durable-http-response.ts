import { shareAcrossCopies } from "../../core/shared-class.ts";
/** The answer to a durable HTTP call. */
export class DurableHttpResponse {
  static {
    shareAcrossCopies(DurableHttpResponse, "DurableHttpResponse");
  }

  readonly statusCode: number;
  /** Names in lower case; repeated headers are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;

  constructor(statusCode: number, content = "", headers: Readonly<Record<string, string>> = {}) {
    this.statusCode = statusCode;
    this.content = content;
    this.headers = headers;
  }

  /** The header of that name, whatever its case. */
  getHeader(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return Object.entries(this.headers).find(([key]) => key.toLowerCase() === wanted)?.[1];
  }
}
