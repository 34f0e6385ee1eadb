import { describeStatus, type HttpAnswer, type HttpHeaders, unpack } from "./http-sender.ts";
import { parseXml, textOf } from "./xml.ts";

/** An answer that is not what was asked for, in the shape that `storage-failure.ts` reads. It knows of no request. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly statusCode: number;
  readonly code: string;
  readonly response: { readonly headers: { get(name: string): string | undefined } };

  constructor(statusCode: number, code: string, message: string, headers: HttpHeaders) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
    const get = (name: string) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    this.response = { headers: { get } };
  }
}

/** What a successful status came with cannot be read: something on the way has answered in place of the service. */
export function malformedAnswer({ status, headers }: Omit<HttpAnswer, "body">, problem: string): ServiceError {
  return new ServiceError(status, "MalformedAnswer", `the answer is not one of Azure Storage: ${problem}`, headers);
}

/** Reads what the service says of its refusal; `status` of a part of the answer, where it has parts. */
export async function readServiceError(answer: HttpAnswer, status: number = answer.status): Promise<ServiceError> {
  const { headers } = answer;
  const told = readTold((await unpack(answer).catch(() => Buffer.alloc(0))).toString("utf8"));
  return toServiceError(status, headers, told);
}

export function toServiceError(status: number, headers: HttpHeaders, { code, message }: ToldError): ServiceError {
  const { "x-ms-error-code": header, location } = headers;
  const named = code ?? (Array.isArray(header) ? header[0] : header);
  const statusText = describeStatus(status);
  const toElsewhere = location !== undefined && status >= 300 && status < 400 ? `, to ${hostOf(location)}` : "";
  const text = message ?? `${status} ${statusText}${toElsewhere}, and nothing that Azure Storage would say`;
  return new ServiceError(status, named ?? statusText.replace(/[^A-Za-z]/g, ""), text, headers);
}

export interface ToldError {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

/** Tables speak JSON, the other services XML, and proxies what they like. */
export function readTold(text: string): ToldError {
  const start = text.trimStart();
  if (start.startsWith("{")) return readJson(start);
  if (!start.startsWith("<") && !start.startsWith("\ufeff<")) return {};
  try {
    const error = parseXml(text);
    if (error.name !== "Error" && error.name !== "error") return {};
    const code = textOf(error, "Code") ?? textOf(error, "code");
    return { code, message: textOf(error, "Message") ?? textOf(error, "message") };
  } catch {
    return {};
  }
}

function readJson(text: string): ToldError {
  try {
    const { "odata.error": odata, error } = JSON.parse(text) as Record<string, { code?: unknown; message?: unknown }>;
    const { code, message } = odata ?? error ?? {};
    const told = (message as { value?: unknown } | undefined)?.value ?? message;
    return {
      code: typeof code === "string" && code !== "" ? code : undefined,
      message: typeof told === "string" && told !== "" ? told : undefined,
    };
  } catch {
    return {};
  }
}

function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : "another address";
}
